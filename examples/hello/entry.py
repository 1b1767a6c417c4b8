"""The form of Cloudflare's first Python Workers: a function, and JavaScript's own Response.

curl http://127.0.0.1:8787/
"""

from js import Response


def on_fetch(request, env):
    return Response.new("Hello from Python")
