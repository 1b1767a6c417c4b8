"""httpx's suite: uvicorn in a thread becomes uvicorn outside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from blockon_suite import outside
from blockon_suite.stand_ins import certificates, module


class Config:
    def __init__(
        self,
        app: object,
        lifespan: str,
        loop: str,
        host: str = "127.0.0.1",
        port: int = 8000,
        ssl_certfile: str | None = None,
        ssl_keyfile: str | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self.ssl_certfile = ssl_certfile
        self.ssl_keyfile = ssl_keyfile
        self.is_ssl = ssl_certfile is not None


class Server:
    def __init__(self, config: Config) -> None:
        self.config = config


def serve_in_thread(server: Server) -> Iterator[Server]:
    config = server.config
    texts = [name and Path(name).read_text() for name in (config.ssl_certfile, config.ssl_keyfile)]
    with outside.server("httpx", host=config.host, certificate=texts[0], key=texts[1]) as known:
        config.port = known["port"]
        yield server


def install() -> None:
    certificates.install()
    module("uvicorn.config", Config=Config)
    module("uvicorn.server", Server=Server)


def fixtures() -> object:
    return object()


def mend_conftest(conftest: Any) -> None:
    conftest.serve_in_thread = serve_in_thread
