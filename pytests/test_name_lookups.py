"""Names to addresses and back, by the system's resolver."""

from __future__ import annotations

import socket

import pytest


def test_a_name_that_does_not_exist() -> None:
    with pytest.raises(socket.gaierror) as caught:
        socket.create_connection(("no-such-host.invalid", 80), timeout=20)
    assert caught.value.errno in (socket.EAI_NONAME, socket.EAI_AGAIN)


def test_getaddrinfo() -> None:
    found = socket.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)
    assert found == [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80))]
    assert ("127.0.0.1", 0) in [entry[4] for entry in socket.getaddrinfo("localhost", None)]
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("localhost", None, flags=socket.AI_NUMERICHOST)
