"""Rooms in which all hear what one says, over WebSockets: ws://127.0.0.1:8787/rooms/ROOM?name=NAME

curl http://127.0.0.1:8787/     gives a page that opens one; see it in two windows of a browser
"""

from collections import defaultdict

from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocketDisconnect
from workers import asgi

PAGE = """<!doctype html>
<title>Chat</title>
<input autofocus onchange="socket.send(value); value = ''"><pre></pre>
<script>
  const name = encodeURIComponent(prompt("Your name?") || "somebody");
  const socket = new WebSocket(`ws://${location.host}/rooms/hall?name=${name}`);
  socket.onmessage = ({ data }) => document.querySelector("pre").append(data + "\\n");
</script>
"""

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


async def page(request):
    return HTMLResponse(PAGE)


app = Starlette(routes=[Route("/", page), WebSocketRoute("/rooms/{room}", chat)])
Default = asgi.entrypoint(app)
