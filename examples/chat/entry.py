"""Rooms in which all hear what one says, over WebSockets: ws://127.0.0.1:8787/rooms/ROOM?name=NAME"""

from collections import defaultdict

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocketDisconnect
from workers import asgi

rooms = defaultdict(set)


async def say(room, message):
    for member in list(rooms[room]):
        try:
            await member.send_json(message)
        except (WebSocketDisconnect, OSError):
            rooms[room].discard(member)


async def chat(socket):
    room, name = socket.path_params["room"], socket.query_params.get("name", "")
    if not name:
        await socket.close(4000, "give a name")
        return
    await socket.accept()
    rooms[room].add(socket)
    await say(room, {"joined": name})
    try:
        while True:
            await say(room, {"from": name, "text": await socket.receive_text()})
    except WebSocketDisconnect:
        rooms[room].discard(socket)
        await say(room, {"left": name})


app = Starlette(routes=[WebSocketRoute("/rooms/{room}", chat)])
Default = asgi.entrypoint(app)
