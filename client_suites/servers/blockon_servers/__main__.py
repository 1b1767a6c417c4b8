"""Starts and stops servers as asked: python -m blockon_servers OPTIONS SUITES.

Listens on a port of loopback, which is its first and only line on stdout, and ends when its stdin does. A request is a
POST to /NAME with the arguments of one function of CALLS as JSON; the answer is its result as JSON, or 500 and a text.
OPTIONS is a file that the tests ask for, SUITES the folder with the suites as they are published.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from blockon_servers import certificates, dummyserver_, httpbin_, httpx_, no_san

# Each is a context manager in which the server listens; it gives what the tests have to know of it.
KINDS: dict[str, Callable[..., AbstractContextManager[dict[str, Any]]]] = {
    "dummyserver": dummyserver_.serve,
    "httpbin": httpbin_.serve,
    "httpx": httpx_.serve,
    "no_san": no_san.serve,
}


class Servers:
    """Those that run now, by number."""

    def __init__(self) -> None:
        self._running: dict[int, contextlib.ExitStack] = {}
        self._numbers = itertools.count(1)

    def start(self, kind: str, **arguments: Any) -> dict[str, Any]:
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="blockon-servers-")))
            known = stack.enter_context(KINDS[kind](folder, **arguments))
            number = next(self._numbers)
            self._running[number] = stack.pop_all()
        return {**known, "number": number}

    def stop(self, number: int) -> None:
        self._running.pop(number).close()


def serve(options: Path) -> HTTPServer:
    servers = Servers()
    calls: dict[str, Callable[..., Any]] = {
        "options": lambda: json.loads(options.read_text()),
        "start": servers.start,
        "stop": servers.stop,
        **certificates.CALLS,
    }

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            arguments = json.loads(self.rfile.read(int(self.headers["content-length"])))
            try:
                status, answer = 200, json.dumps(calls[self.path[1:]](**arguments))
            except Exception:  # noqa: BLE001 - whoever asked is told
                status, answer = 500, traceback.format_exc()
            self.send_response(status)
            self.send_header("content-length", str(len(answer.encode())))
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
            pass

    return HTTPServer(("127.0.0.1", 0), Handler)


def main() -> None:
    options, suites = map(Path, sys.argv[1:])
    os.environ["BLOCKON_SUITES"] = str(suites)
    with serve(options) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_address[1], flush=True)
        sys.stdin.read()
    # Servers that still run have threads that wait: what asked for them is gone, and so are they.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
