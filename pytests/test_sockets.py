"""The standard library's sockets: CPython's own modules over the system's sockets."""

from __future__ import annotations

import errno
import http.client
import os
import select
import socket
import time
import urllib.error
import urllib.request

import pytest
from fibers import together
from streams import REFUSED, read_all, request


def test_a_stream_is_read_to_its_end(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as connected:
        connected.sendall(request("/status?code=204"))
        assert read_all(connected).startswith(b"HTTP/1.1 204 ")


def test_http_client_keeps_its_connection(address: tuple[str, int]) -> None:
    connection = http.client.HTTPConnection(*address)
    ports = set()
    for code in (200, 404, 500):
        connection.request("GET", f"/status?code={code}")
        with connection.getresponse() as response:
            assert response.status == code
            response.read()
        ports.add(connection.sock.getsockname()[1])
    connection.close()
    assert len(ports) == 1


def test_urlopen(server: str) -> None:
    with urllib.request.urlopen(f"{server}/status?code=200", timeout=5) as response:
        assert response.status == 200
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{server}/nothing")
    with pytest.raises(urllib.error.URLError, match="refused"):
        urllib.request.urlopen("http://127.0.0.1:1/")


def test_a_refused_connection() -> None:
    with pytest.raises(ConnectionRefusedError) as caught:
        socket.create_connection(REFUSED)
    assert caught.value.errno == errno.ECONNREFUSED
    with socket.socket() as unconnected:
        assert unconnected.connect_ex(REFUSED) == errno.ECONNREFUSED


def test_a_blocking_send_sends_all(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    data = os.urandom(4 << 20)
    received = bytearray()

    def read() -> None:
        while len(received) < len(data):
            received.extend(other.recv(1 << 16))

    together(lambda: one.sendall(data), read)
    assert bytes(received) == data


def test_non_blocking(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    one.setblocking(False)
    assert not one.getblocking()
    with pytest.raises(BlockingIOError) as caught:
        one.recv(1)
    assert caught.value.errno == errno.EAGAIN
    with pytest.raises(BlockingIOError):
        while True:
            one.send(bytes(1 << 16))
    other.setblocking(False)
    assert len(other.recv(1 << 16)) == 1 << 16
    assert not os.get_blocking(one.fileno())
    os.set_blocking(one.fileno(), True)
    other.sendall(b"y")
    assert one.recv(1) == b"y"


def test_connect_in_steps(address: tuple[str, int]) -> None:
    with socket.socket() as connecting:
        connecting.setblocking(False)
        assert connecting.connect_ex(address) in (0, errno.EINPROGRESS)
        assert select.select([], [connecting], [], 5)[1] == [connecting]
        assert connecting.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
        assert connecting.getpeername() == address


def test_files_over_sockets(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    with one.makefile("rw", encoding="utf-8", newline="\n") as left, other.makefile("rb") as right:
        left.write("zwei Zeilen\nüber alles\n")
        left.flush()
        assert right.readline() == b"zwei Zeilen\n"
        assert right.readline() == "über alles\n".encode()


def test_messages_of_several_parts(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    assert one.sendmsg([b"ab", b"", b"cde"]) == 5
    first, second = bytearray(2), bytearray(8)
    assert other.recvmsg_into([first, second])[0] == 5
    assert (bytes(first), bytes(second[:3])) == (b"ab", b"cde")


def test_peek_and_wait_for_all(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    one.sendall(b"abc")
    assert other.recv(2, socket.MSG_PEEK) == b"ab"

    def rest() -> None:
        time.sleep(0.02)
        one.sendall(b"def")

    got: list[bytes] = []
    together(lambda: got.append(other.recv(6, socket.MSG_WAITALL)), rest)
    assert got == [b"abcdef"]


def test_descriptors(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    copy = one.dup()
    one.close()
    copy.sendall(b"x")
    assert os.read(other.fileno(), 10) == b"x"
    os.write(other.fileno(), b"y")
    assert copy.recv(1) == b"y"
    number = copy.detach()
    with socket.socket(fileno=number) as again:
        assert again.fileno() == number
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.read(number, 1)


def test_shutdown(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    one.shutdown(socket.SHUT_WR)
    assert other.recv(1) == b""
    other.sendall(b"still")
    assert one.recv(9) == b"still"
    with pytest.raises(BrokenPipeError):
        one.sendall(b"x")


def test_options() -> None:
    with socket.socket() as unconnected:
        unconnected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        assert unconnected.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
        unconnected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        unconnected.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 77)
        assert unconnected.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert unconnected.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 77
        assert unconnected.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE) == socket.SOCK_STREAM
        with pytest.raises(OSError, match="not available"):
            unconnected.setsockopt(socket.SOL_SOCKET, 25, b"lo")  # SO_BINDTODEVICE
        unconnected.bind(("127.0.0.1", 0))
        assert unconnected.getsockname()[1] > 0
        with pytest.raises(OSError, match="not connected"):
            unconnected.getpeername()


def test_none_can_listen() -> None:
    with socket.socket() as unconnected:
        unconnected.bind(("127.0.0.1", 0))
        with pytest.raises(OSError, match="none can listen"):
            unconnected.listen()


@pytest.mark.parametrize(("family", "kind"), [(1, socket.SOCK_STREAM), (2, socket.SOCK_DGRAM), (2, 3), (17, 3)])
def test_streams_of_the_internet_alone(family: int, kind: int) -> None:
    with pytest.raises(OSError, match="not supported"):
        socket.socket(family, kind)


def test_ports_of_the_host_are_not_taken() -> None:
    with socket.socket() as unconnected, pytest.raises(PermissionError):
        unconnected.bind(("127.0.0.1", 8080))
