"""The server of httpx's suite: uvicorn with the application of its conftest.py."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from blockon_servers import upstream


@contextlib.contextmanager
def serve(folder: Path, host: str, certificate: str | None, key: str | None) -> Iterator[dict[str, Any]]:
    upstream.use("httpx")
    from tests.conftest import app
    from uvicorn.config import Config
    from uvicorn.server import Server

    files = {}
    if certificate is not None and key is not None:
        for name, text in (("ssl_certfile", certificate), ("ssl_keyfile", key)):
            (folder / name).write_text(text)
            files[name] = str(folder / name)
    with socket.socket() as listener:
        listener.bind((host, 0))
        server = Server(Config(app=app, lifespan="off", loop="asyncio", log_level="error", **files))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        while not server.started:
            time.sleep(0.001)
        try:
            yield {"port": listener.getsockname()[1]}
        finally:
            server.should_exit = True
            thread.join()
