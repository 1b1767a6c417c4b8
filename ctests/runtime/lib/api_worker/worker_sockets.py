"""WebSockets that are served and opened, by path."""

import asyncio
import threading

from blockon import Response, WebSocketClosedError, WebSocketError, connect, connect_async
from worker_routes import at, seen, told


@at("/socket")
def socket(request, env, ctx):
    websocket = request.websocket
    if websocket is None:
        return Response("asked for without a WebSocket", 426)
    serve(websocket)
    return None


def serve(websocket):
    chosen = "b" if "b" in websocket.offered else None
    early = told(websocket.send, "early")
    websocket.accept(chosen, headers={"x-mine": "yes"})
    websocket.send(str([websocket.offered, websocket.subprotocol, early, told(websocket.accept)]))
    seen.clear()
    try:
        for message in websocket:
            if message == "close":
                websocket.close(4001, "as asked")
                break
            if message == "raise":
                raise ValueError("on purpose")
            if message == "end":
                return
            websocket.send(message)
    finally:
        seen.append(repr(websocket))
    seen.extend([told(websocket.send, "late"), told(websocket.receive)])


@at("/async-socket")
async def async_socket(request, env, ctx):
    async with request.websocket.aio as websocket:
        await websocket.aio.accept()

        async def tick():
            for number in range(3):
                await websocket.aio.send(f"tick {number}")

        await asyncio.gather(tick(), tick())
        async for message in websocket.aio:
            await websocket.aio.send(message[::-1])
        return "this is logged, and not sent"


@at("/socket-mistakes")
def socket_mistakes(request, env, ctx):
    websocket = request.websocket
    wrong = [told(websocket.accept, "c"), told(websocket.accept, headers={"sec-websocket-protocol": "a"})]
    wrong.append(told(websocket.close))
    websocket.accept("a")
    wrong += [
        told(websocket.send, 1),
        told(websocket.send, b"a" * (32 * 1024 * 1024 + 1)),
        told(websocket.close, 1006),
        told(websocket.close, 1000, "a" * 124),
    ]
    reading = []

    def read():
        reading.append(websocket.receive())

    thread = threading.Thread(target=read)
    thread.start()
    while not websocket._is_reading:
        threading.Event().wait(0.001)
    wrong.append(told(websocket.receive))
    websocket.send(str(wrong))
    thread.join()
    websocket.send(str(reading))


@at("/refuse-socket")
def refuse(request, env, ctx):
    return Response("not you", 403, {"x-why": "closed"})


@at("/raise-socket")
def raises_before(request, env, ctx):
    raise ValueError("before it was accepted")


@at("/dial")
def dial(request, env, ctx):
    url = request.query_params["url"]
    with connect(url, subprotocols=["a", "b"], headers={"x-mine": "yes"}) as websocket:
        websocket.send("grün")
        got = [websocket.receive() for _ in range(2)]
        websocket.send(bytearray(b"\xff"))
        got.append(websocket.receive().hex())
        chosen = websocket.subprotocol
        ended = told(websocket.receive)
    return [chosen, got, ended, told(websocket.send, "late"), websocket.closed, repr(websocket)]


@at("/dial-async")
async def dial_async(request, env, ctx):
    websockets = await asyncio.gather(*(connect_async(request.query_params["url"]) for _ in range(3)))
    for number, websocket in enumerate(websockets):
        await websocket.aio.send(str(number))
    got = [[await websocket.aio.receive() for _ in range(2)] for websocket in websockets]
    try:
        await asyncio.wait_for(websockets[0].aio.receive(), 0.01)
    except TimeoutError:
        got.append("nothing came")
    await websockets[0].aio.send("after the wait that ended")
    got.append(await websockets[0].aio.receive())
    for websocket in websockets:
        await websocket.aio.close(3000, "enough")
    return got


@at("/dial-wrong")
def dial_wrong(request, env, ctx):
    def error_of(url):
        try:
            connect(url)
        except WebSocketError as error:
            return [type(error).__name__, error.status_code, isinstance(error, WebSocketClosedError)]

    return [
        error_of(request.query_params["url"]),
        error_of("ws://127.0.0.1:2/"),
        told(connect, "ftp://any/"),
        told(connect, "ws://any/", subprotocols="a"),
    ]
