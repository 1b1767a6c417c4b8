"""CPython with the same: python cpython.py hello|app prints where it listens, and answers."""

import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

if sys.argv[1] == "app":
    import fastapi  # noqa: F401
    import httpx  # noqa: F401
    import pydantic  # noqa: F401
    import requests  # noqa: F401


class Handler(BaseHTTPRequestHandler):
    """Answers without a word in a log."""

    def do_GET(self) -> None:
        """Answer what the Workers answer."""
        self.send_response(200)
        self.send_header("Content-Length", "13")
        self.end_headers()
        self.wfile.write(b"hello, world\n")

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


server = HTTPServer(("127.0.0.1", 0), Handler)
print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
