"""Events that a browser's EventSource follows: each goes out when it happens.

curl -N 'http://127.0.0.1:8787/events'       waits for what is published
curl 'http://127.0.0.1:8787/publish' -d hello
"""

import asyncio

from starlette.applications import Starlette
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route
from workers import asgi

listeners = set()


async def events(request):
    queue = asyncio.Queue()

    async def stream():
        listeners.add(queue)
        try:
            yield ": welcome\n\n"
            while True:
                yield f"data: {await queue.get()}\n\n"
        finally:  # the client has gone
            listeners.discard(queue)

    return StreamingResponse(stream(), media_type="text/event-stream", headers={"cache-control": "no-store"})


async def publish(request):
    message = (await request.body()).decode()
    for queue in listeners:
        queue.put_nowait(message)
    return JSONResponse({"listeners": len(listeners)})


app = Starlette(routes=[Route("/events", events), Route("/publish", publish, methods=["POST"])])
Default = asgi.entrypoint(app)
