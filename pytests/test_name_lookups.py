"""Names to addresses and back, by the system's resolver."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

import pytest
from fibers import synchronously, together
from pyodide.ffi import run_sync


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


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_getnameinfo_with_numbers(host: str) -> None:
    numeric = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
    assert socket.getnameinfo((host, 80), numeric) == (host, "80")
    assert socket.getnameinfo((host, 80), socket.NI_NUMERICHOST)[0] == host


def test_getnameinfo_asks_the_system() -> None:
    # The name of loopback is the machine's own affair; that there is one, or the number in its place, is not.
    host, service = socket.getnameinfo(("127.0.0.1", 80), socket.NI_NUMERICSERV)
    assert host
    assert service == "80"
    assert run_sync(asyncio.get_running_loop().getnameinfo(("127.0.0.1", 80), socket.NI_NUMERICSERV)) == (host, "80")
    assert synchronously(lambda: socket.getnameinfo(("127.0.0.1", 80), socket.NI_NUMERICSERV)) == (host, "80")


def test_services() -> None:
    service = socket.getnameinfo(("127.0.0.1", 80), socket.NI_NUMERICHOST)[1]
    assert service in ("http", "80")
    if service == "80":
        with pytest.raises(OSError, match="port/proto not found"):
            socket.getservbyport(80)
    else:
        assert socket.getservbyport(80) == service


def test_what_has_no_name() -> None:
    with pytest.raises(socket.gaierror):
        socket.getnameinfo(("192.0.2.1", 80), socket.NI_NAMEREQD)
    with pytest.raises(TypeError):
        socket.getnameinfo("127.0.0.1", 0)
    with pytest.raises(socket.gaierror):
        socket.getnameinfo(("localhost", 80), 0)


def test_gethostbyname() -> None:
    assert socket.gethostbyname("127.0.0.1") == "127.0.0.1"
    assert socket.gethostbyname("localhost") == "127.0.0.1"
    assert socket.gethostbyname_ex("127.0.0.1") == ("127.0.0.1", [], ["127.0.0.1"])
    name, _aliases, addresses = socket.gethostbyname_ex("localhost")
    assert name.startswith("localhost")
    assert addresses == ["127.0.0.1"]
    with pytest.raises(socket.gaierror):
        socket.gethostbyname_ex("no-such-host.invalid")


def test_gethostbyaddr() -> None:
    try:
        expected = socket.getnameinfo(("127.0.0.1", 0), socket.NI_NAMEREQD)[0]
    except socket.gaierror:
        with pytest.raises(socket.herror):
            socket.gethostbyaddr("127.0.0.1")
    else:
        assert socket.gethostbyaddr("127.0.0.1") == (expected, [], ["127.0.0.1"])
    with pytest.raises(socket.herror) as caught:
        socket.gethostbyaddr("192.0.2.1")
    assert caught.value.args[0] in (1, 2, 3)
    assert caught.value.args[1]
    with pytest.raises(socket.gaierror):
        socket.gethostbyaddr("no-such-host.invalid")


def test_a_lookup_lets_others_run() -> None:
    order: list[str] = []

    def look() -> None:
        for _ in range(3):
            with suppress(OSError):
                socket.gethostbyname("no-such-host.invalid")
        order.append("found")

    together(look, lambda: order.append("other"))
    assert order == ["other", "found"]
