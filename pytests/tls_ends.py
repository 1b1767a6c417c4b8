"""Both ends of a TLS connection in memory, and contexts for them."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FILES = Path(__file__).parent / "tls"


AUTHORITY = FILES / "authority.pem"


def server_context(name: str = "server") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(FILES / f"{name}.pem")
    return context


def client_context() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=AUTHORITY)


class Pair:
    """A client and a server, between which `carry` moves the bytes."""

    def __init__(self, client: ssl.SSLContext, server: ssl.SSLContext, host: str = "localhost", **options: Any) -> None:
        to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = client.wrap_bio(to_client, to_server, server_hostname=host, **options)
        self.server = server.wrap_bio(to_server, to_client, server_side=True)

    def both(self, client: Callable[[], Any], server: Callable[[], Any]) -> tuple[Any, Any]:
        """Call each until it does not want to read any more."""
        results: list[Any] = [None, None]
        left = {0: client, 1: server}
        for _ in range(20):
            for end, action in list(left.items()):
                try:
                    results[end] = action()
                except ssl.SSLWantReadError:
                    continue
                del left[end]
            if not left:
                return results[0], results[1]
        raise AssertionError("no end")

    def handshake(self) -> Pair:
        self.both(self.client.do_handshake, self.server.do_handshake)
        return self


def pair(**options: Any) -> Pair:
    return Pair(client_context(), server_context(), **options).handshake()


def failure(host: str = "localhost", certificate: str = "server", client: ssl.SSLContext | None = None) -> ssl.SSLError:
    with pytest.raises(ssl.SSLError) as caught:
        Pair(client or client_context(), server_context(certificate), host).handshake()
    return caught.value


def pem_certificates(name: str) -> list[str]:
    parts = (FILES / f"{name}.pem").read_text().split(ssl.PEM_HEADER)[1:]
    return [ssl.PEM_HEADER + part.partition(ssl.PEM_FOOTER)[0] + ssl.PEM_FOOTER for part in parts]
