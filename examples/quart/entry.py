"""Quart, Flask's API with `async` and `await`: JSON, a stream, and a WebSocket that says everything back.

curl 'http://127.0.0.1:8787/sum' -H 'content-type: application/json' -d '[1, 2, 3]'
curl -N 'http://127.0.0.1:8787/count/5'
"""

import asyncio

from quart import Quart, jsonify, request, websocket
from workers import asgi

app = Quart(__name__)


@app.before_serving
async def begin():
    app.config["GREETING"] = "hello"


@app.post("/sum")
async def add():
    return jsonify(total=sum(await request.get_json()))


@app.get("/count/<int:last>")
async def count(last):
    async def lines():
        for number in range(1, last + 1):
            yield f"{number}\n"
            await asyncio.sleep(0.1)

    return lines(), {"content-type": "text/plain"}


@app.websocket("/echo")
async def echo():
    await websocket.send(app.config["GREETING"])
    while True:
        await websocket.send(await websocket.receive())


Default = asgi.entrypoint(app)
