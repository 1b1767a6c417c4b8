from js import Response


def on_fetch(request, env):
    return Response.new("Hello from Python")
