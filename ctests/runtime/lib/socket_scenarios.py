"""Waits for sockets and lookups."""

from __future__ import annotations

import socket
import time
from typing import Any

from js import call
from scenario_helpers import result_of, surely


def of_socket() -> bool:
    one, other = socket.socketpair()
    reader: Any = None
    with one, other:
        try:
            reader = call(lambda: one.recv(1) == b"x")
            time.sleep(0)
        finally:
            surely(other.send, b"x")
            read = reader and result_of(reader)
    return read is True


def of_socket_that_is_always_ready() -> bool:
    one, other = socket.socketpair()
    with one, other:
        for _ in range(60):  # more than there is between two turns of the event loop
            one.send(b"x")
            if other.recv(1) != b"x":
                return False
    return True


def of_lookup() -> bool:
    return "127.0.0.1" in socket.gethostbyname_ex("localhost")[2]
