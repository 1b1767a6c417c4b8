"""What tests of sockets say and hear over them."""

from __future__ import annotations

import socket

# Nobody listens there: the port is reserved.
REFUSED = ("127.0.0.1", 1)


def request(path: str) -> bytes:
    return f"GET {path} HTTP/1.0\r\n\r\n".encode()


def read_all(connected: socket.socket) -> bytes:
    parts = []
    while part := connected.recv(65536):
        parts.append(part)
    return b"".join(parts)
