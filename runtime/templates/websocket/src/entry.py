from blockon import HTMLResponse

PAGE = """<!doctype html>
<title>Echo</title>
<input autofocus onchange="socket.send(value)"><pre></pre>
<script>
  const socket = new WebSocket(location.href.replace("http", "ws"));
  socket.onmessage = ({ data }) => document.querySelector("pre").append(data + "\\n");
</script>
"""


def fetch(request):
    websocket = request.websocket
    if websocket is None:
        return HTMLResponse(PAGE)
    websocket.accept()
    # Other requests, and other WebSockets, go on while this one waits.
    for message in websocket:
        websocket.send(f"You said: {message}")
    return None
