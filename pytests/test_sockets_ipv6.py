"""Sockets of AF_INET6, which CPython was built without here: its methods, lookups, and clients over them."""

from __future__ import annotations

import asyncio
import errno
import http.client
import select
import socket
import urllib.request
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import requests
import urllib3
from fibers import synchronously, together
from pyodide.ffi import run_sync
from streams import read_all, request

# Nobody listens there: the port is reserved.
REFUSED = ("::1", 1)
ADDRESS = bytes.fromhex("20010db8000000000000000000c0ffee")


@pytest.fixture
def address(server: str) -> tuple[str, int, int, int]:
    """Where server.mjs listens on IPv6."""
    with urllib.request.urlopen(f"{server}/ipv6-port", timeout=5) as response:
        answer = response.read().decode()
    if not answer.isdecimal():
        pytest.skip(f"this machine has no IPv6: {answer}")
    return "::1", int(answer), 0, 0


@pytest.fixture
def url(address: tuple[str, int, int, int]) -> str:
    return f"http://[::1]:{address[1]}/status?code=200"


def test_it_is_there() -> None:
    assert socket.has_ipv6
    with socket.socket(socket.AF_INET6) as unconnected:
        assert unconnected.family is socket.AF_INET6
        assert unconnected.getsockname() == ("::", 0, 0, 0)
        assert "family=10" in repr(unconnected) or "AF_INET6" in repr(unconnected)
        with pytest.raises(OSError, match="not connected"):
            unconnected.getpeername()


def test_a_stream_is_read_to_its_end(address: tuple[str, int, int, int]) -> None:
    with socket.create_connection(address[:2]) as connected:
        assert connected.getpeername() == address
        host, port, flow, scope = connected.getsockname()
        assert (host, flow, scope) == ("::1", 0, 0)
        assert port > 0
        connected.sendall(request("/status?code=204"))
        assert read_all(connected).startswith(b"HTTP/1.1 204 ")


@pytest.mark.parametrize("timeout", [None, 5])
@pytest.mark.parametrize("size", [2, 3, 4])
def test_connect_takes_two_to_four_numbers(
    address: tuple[str, int, int, int], size: int, timeout: float | None
) -> None:
    with socket.socket(socket.AF_INET6) as connecting:
        connecting.settimeout(timeout)
        connecting.connect(address[:size])
        assert connecting.getpeername() == address


def test_an_ipv4_address_in_an_ipv6_one(server: str) -> None:
    port = int(server.rpartition(":")[2])
    with socket.socket(socket.AF_INET6) as connecting:
        connecting.connect(("::ffff:127.0.0.1", port))
        assert connecting.getpeername() == ("::ffff:127.0.0.1", port, 0, 0)


def test_connect_in_steps(address: tuple[str, int, int, int]) -> None:
    with socket.socket(socket.AF_INET6) as connecting:
        connecting.setblocking(False)
        assert connecting.connect_ex(address) in (0, errno.EINPROGRESS)
        assert select.select([], [connecting], [], 5)[1] == [connecting]
        assert connecting.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
        assert connecting.connect_ex(address) in (0, errno.EISCONN)


@pytest.mark.parametrize("timeout", [None, 5])
def test_a_refused_connection(timeout: float | None) -> None:
    with pytest.raises(ConnectionRefusedError) as caught:
        socket.create_connection(REFUSED, timeout)
    assert caught.value.errno == errno.ECONNREFUSED
    with socket.socket(socket.AF_INET6) as unconnected:
        unconnected.settimeout(timeout)
        assert unconnected.connect_ex(REFUSED) == errno.ECONNREFUSED


@pytest.mark.parametrize(
    ("wrong", "error", "text"),
    [
        ("::1", TypeError, r"connect\(\): AF_INET6 address must be tuple, not str"),
        (("::1",), TypeError, r"AF_INET6 address must be a tuple \(host, port\[, flowinfo\[, scopeid\]\]\)"),
        (("::1", 1, 0, 0, 0), TypeError, "must be a tuple"),
        ((1, 1), TypeError, None),
        (("::1", "1"), TypeError, None),
        (("::1", -1), OverflowError, "port must be 0-65535"),
        (("::1", 1 << 40), OverflowError, "port must be 0-65535"),
        (("::1", 1, 1 << 20), OverflowError, "flowinfo must be 0-1048575"),
        (("::1\0", 1), TypeError, "must not contain null character"),
        (("no-such-host.invalid", 1), socket.gaierror, None),
        (("127.0.0.1", 1), socket.gaierror, None),
    ],
)
def test_what_is_no_address(wrong: Any, error: type[Exception], text: str | None) -> None:
    with socket.socket(socket.AF_INET6) as unconnected:
        with pytest.raises(error, match=text):
            unconnected.connect(wrong)
        with pytest.raises(error):
            unconnected.connect_ex(wrong)
        with pytest.raises(error):
            unconnected.bind(wrong)


def test_bind_takes_no_port_of_the_host() -> None:
    with socket.socket(socket.AF_INET6) as bound:
        bound.bind(("", 0))
        assert bound.getsockname()[1] > 0
    with socket.socket(socket.AF_INET6) as unbound, pytest.raises(PermissionError):
        unbound.bind(("::1", 8080))


def test_a_stream_tells_no_sender(address: tuple[str, int, int, int]) -> None:
    with socket.create_connection(address[:2]) as connected:
        data = request("/status?code=200")
        assert connected.sendto(data[:4], address) == 4
        assert connected.sendmsg([data[4:6], data[6:9]], [], 0, address) == 5
        assert connected.sendmsg([data[9:]]) == len(data) - 9
        with pytest.raises(TypeError, match="AF_INET6 address must be tuple"):
            connected.sendto(data, "::1")
        buffer = bytearray(4)
        assert connected.recvfrom(2) == (b"HT", None)
        assert connected.recvfrom_into(buffer, 2) == (2, None)
        assert connected.recvmsg(3) == (b"/1.", [], 0, None)
        parts = [bytearray(1), bytearray(0), bytearray(4)]
        assert connected.recvmsg_into(parts) == (5, [], 0, None)
        assert bytes(buffer[:2]) + b"".join(parts) == b"TP1 200"
        rest = [bytearray(1 << 16), bytearray(1)]
        count = connected.recvmsg_into(rest)[0]
        assert 0 < count < 1 << 16


def test_pairs_and_copies() -> None:
    one, other = socket.socketpair(socket.AF_INET6)
    with one, other, one.dup() as copy:
        assert copy.family is socket.AF_INET6
        copy.sendall(b"x")
        assert other.recvfrom(1) == (b"x", None)
        assert other.getpeername() == ""


def test_getaddrinfo() -> None:
    assert socket.getaddrinfo("::1", 80, type=socket.SOCK_STREAM) == [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 80, 0, 0))
    ]
    both = socket.getaddrinfo(None, "80", proto=socket.IPPROTO_TCP, flags=socket.AI_NUMERICSERV)
    assert sorted(entry[4] for entry in both) == [("127.0.0.1", 80), ("::1", 80, 0, 0)]
    four = socket.getaddrinfo(None, 80, socket.AF_INET, socket.SOCK_STREAM)
    assert [entry[4] for entry in four] == [("127.0.0.1", 80)]
    named = socket.getaddrinfo(b"::1", b"1", 0, socket.SOCK_STREAM, 0, socket.AI_CANONNAME | socket.AI_NUMERICHOST)
    assert named == [(socket.AF_INET6, socket.SOCK_STREAM, 6, "::1", ("::1", 1, 0, 0))]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((1, 1), TypeError),
        (("::1", 1.5), OSError),
        (("::1\0", 1), TypeError),
        (("a" * 70, 1), UnicodeError),
        (("127.0.0.1", 1, socket.AF_INET6), socket.gaierror),
        (("::1", 1, socket.AF_INET), socket.gaierror),
        ((None, None), socket.gaierror),
    ],
)
def test_what_cannot_be_looked_up(arguments: tuple[Any, ...], error: type[Exception]) -> None:
    with pytest.raises(error):
        socket.getaddrinfo(*arguments)


def test_getnameinfo() -> None:
    numeric = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
    assert socket.getnameinfo(("2001:db8::1", 80, 5, 0), numeric) == ("2001:db8::1", "80")
    assert socket.getnameinfo(("fe80::1", 80, 0, 1), numeric)[0].startswith("fe80::1%")
    with pytest.raises(OverflowError, match="flowinfo must be 0-1048575"):
        socket.getnameinfo(("::1", 80, 1 << 20), numeric)
    with pytest.raises(socket.gaierror):
        socket.getnameinfo(("localhost", 80, 0), numeric)


def test_addresses_as_text() -> None:
    assert socket.inet_pton(socket.AF_INET6, "2001:db8::c0:ffee") == ADDRESS
    assert socket.inet_ntop(socket.AF_INET6, ADDRESS) == "2001:db8::c0:ffee"
    assert socket.inet_ntop(socket.AF_INET6, bytes(16)) == "::"
    assert socket.inet_pton(socket.AF_INET, "1.2.3.4") == b"\1\2\3\4"
    assert socket.inet_ntop(socket.AF_INET, b"\1\2\3\4") == "1.2.3.4"
    with pytest.raises(OSError, match="illegal IP address string"):
        socket.inet_pton(socket.AF_INET6, "1.2.3.4")
    with pytest.raises(ValueError, match="invalid length"):
        socket.inet_ntop(socket.AF_INET6, bytes(15))
    with pytest.raises(OSError, match="not supported"):
        socket.inet_pton(99, "::1")


def over_http_client(url: str) -> int:
    host, _, rest = url.removeprefix("http://").partition("]:")
    port, _, path = rest.partition("/")
    connection = http.client.HTTPConnection(f"{host}]", int(port), timeout=5)
    connection.request("GET", f"/{path}")
    with connection.getresponse() as response:
        return response.status


def over_urllib(url: str) -> int:
    with urllib.request.urlopen(url, timeout=5) as response:
        return int(response.status)


CLIENTS = {
    "http.client": over_http_client,
    "urllib": over_urllib,
    "urllib3": lambda url: urllib3.request("GET", url, timeout=5).status,
    "requests": lambda url: requests.get(url, timeout=5).status_code,
    "httpx": lambda url: httpx.get(url, timeout=5).status_code,
}


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
def test_clients(url: str, client: Callable[[str], int]) -> None:
    assert client(url) == 200


def test_where_nothing_can_be_suspended_the_thread_waits(url: str) -> None:
    assert synchronously(lambda: over_http_client(url.replace("status?code=200", "slow-head?ms=50"))) == 200


def test_many_at_once(url: str) -> None:
    assert set(together(*[lambda: over_http_client(url)] * 20)) == {200}


def test_asyncio(address: tuple[str, int, int, int]) -> None:
    async def main() -> bytes:
        reader, writer = await asyncio.open_connection("::1", address[1])
        assert writer.get_extra_info("peername") == address
        writer.write(request("/status?code=404"))
        data = await reader.read()
        writer.close()
        await writer.wait_closed()
        return data

    assert run_sync(main()).startswith(b"HTTP/1.1 404 ")


def test_asyncio_connects_a_socket(address: tuple[str, int, int, int]) -> None:
    async def main() -> Any:
        with socket.socket(socket.AF_INET6) as connecting:
            connecting.setblocking(False)
            await asyncio.get_running_loop().sock_connect(connecting, address[:2])
            return connecting.getpeername()

    assert run_sync(main()) == address


def test_a_refused_asyncio_connection() -> None:
    with pytest.raises(ConnectionRefusedError):
        run_sync(asyncio.open_connection(*REFUSED))
