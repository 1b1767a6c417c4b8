"""What Cloudflare's first Python Workers were written with: functions, and JavaScript's own classes by `js`.

curl http://127.0.0.1:8787/
curl http://127.0.0.1:8787/json       # iterates over what a server's JSON holds
curl -i http://127.0.0.1:8787/headers # Headers.new and Request.new
curl http://127.0.0.1:8787/sync       # waits for JavaScript's fetch in a function that is not async
curl http://127.0.0.1:8787/kv         # env's own JavaScript objects
"""

from urllib.parse import urlsplit

from js import Headers, Request, Response, fetch
from pyodide.ffi import run_sync


async def json(request, env):
    response = await fetch(f"{env.DEV_UPSTREAM}list")
    data = await response.json()
    return Response.new("".join(f"{item.name}: {item.price}\n" for item in data.items))


async def headers(request, env):
    sent = Headers.new({"x-hello": "world"}.items())
    sent.append("x-many", "1")
    sent.append("x-many", "2")
    answer = await fetch(Request.new(f"{env.DEV_UPSTREAM}echo", method="POST", body="text", headers=sent))
    return Response.new(await answer.text(), headers=sent)


def sync(request, env):
    def read(name):
        return run_sync(run_sync(fetch(f"{env.DEV_UPSTREAM}{name}")).text())

    return Response.new("".join(map(read, ["a", "b"])))


async def kv(request, env):
    await env.FOO.put("bar", "baz")
    return Response.new(f"{await env.FOO.get('bar')}\n")


PAGES = {"/json": json, "/headers": headers, "/sync": sync, "/kv": kv}


async def on_fetch(request, env):
    page = PAGES.get(urlsplit(request.url).path)
    if page is None:
        return Response.new("Hello world!\n")
    answer = page(request, env)
    return answer if page is sync else await answer
