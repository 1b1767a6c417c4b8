"""The standard library's sockets: CPython's own modules over the system's sockets."""

from __future__ import annotations

import asyncio
import errno
import http.client
import os
import select
import selectors
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import blockon
import pytest
from blockon import _sockets
from fibers import synchronously, together
from pyodide.ffi import run_sync

# Nobody listens there: the port is reserved.
REFUSED = ("127.0.0.1", 1)


@pytest.fixture
def address(server: str) -> tuple[str, int]:
    url = urlsplit(server)
    assert url.hostname
    assert url.port
    return url.hostname, url.port


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def request(path: str) -> bytes:
    return f"GET {path} HTTP/1.0\r\n\r\n".encode()


def read_all(connected: socket.socket) -> bytes:
    parts = []
    while part := connected.recv(65536):
        parts.append(part)
    return b"".join(parts)


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


@pytest.mark.parametrize("timeout", [0.05, 0.2])
def test_a_read_ends_in_time(pair: tuple[socket.socket, socket.socket], timeout: float) -> None:
    one, other = pair
    one.settimeout(timeout)
    began = time.monotonic()
    with pytest.raises(TimeoutError, match=r"^timed out$"):
        one.recv(1)
    assert time.monotonic() - began >= timeout
    other.sendall(b"x")
    assert one.recv(1) == b"x"


def test_a_blocking_send_sends_all(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    data = os.urandom(4 << 20)
    received = bytearray()

    def read() -> None:
        while len(received) < len(data):
            received.extend(other.recv(1 << 16))

    together(lambda: one.sendall(data), read)
    assert bytes(received) == data


def test_two_tasks_wait_for_one_socket(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    got: list[bytes] = []

    def give() -> None:
        time.sleep(0.02)
        other.sendall(b"a")
        time.sleep(0.02)
        other.sendall(b"b")

    together(lambda: got.append(one.recv(1)), lambda: got.append(one.recv(1)), give)
    assert sorted(got) == [b"a", b"b"]


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


def test_poll_select_and_selectors_agree(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    poller = select.poll()
    poller.register(one, select.POLLIN | select.POLLOUT)
    assert poller.poll(0) == [(one.fileno(), select.POLLOUT)]
    poller.modify(one, select.POLLIN)
    assert poller.poll(20) == []
    assert select.select([one], [], [], 0.02) == ([], [], [])
    other.sendall(b"x")
    assert poller.poll() == [(one.fileno(), select.POLLIN)]
    assert select.select([one, other], [other], [], None) == ([one], [other], [])
    with selectors.DefaultSelector() as selector:
        selector.register(one, selectors.EVENT_READ, "data")
        assert [(key.data, events) for key, events in selector.select(1)] == [("data", selectors.EVENT_READ)]
    other.close()
    assert one.recv(9) == b"x"
    assert one.recv(9) == b""


def test_select_sleeps() -> None:
    began = time.monotonic()
    assert select.select([], [], [], 0.05) == ([], [], [])
    assert time.monotonic() - began >= 0.05


def test_waits_let_others_run(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    order: list[str] = []

    def wait() -> None:
        select.select([one], [], [])
        order.append("woken")

    def work() -> None:
        order.append("work")
        other.sendall(b"x")

    together(wait, work)
    assert order == ["work", "woken"]


@pytest.mark.parametrize("timeout", [None, 5])
@pytest.mark.parametrize("size", [1, 1 << 16])
def test_a_socket_that_is_always_ready_lets_others_run(
    pair: tuple[socket.socket, socket.socket], size: int, timeout: float | None
) -> None:
    one, other = pair
    for end in pair:
        end.settimeout(timeout)
    is_busy = True
    turns = 0

    def busy() -> None:
        nonlocal is_busy
        for _ in range(1000):
            one.sendall(bytes(size))
            received = 0
            while received < size:
                received += len(other.recv(size))
        is_busy = False

    def others() -> None:
        nonlocal turns
        while is_busy:
            time.sleep(0)
            turns += 1

    together(busy, others)
    assert turns >= 10


def test_a_poll_that_may_not_wait_gives_no_way(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    other.sendall(b"x")
    order: list[str] = []

    def asks() -> None:
        for _ in range(1000):
            assert select.select([one], [], [], 0)[0] == [one]
        order.append("asked")

    together(asks, lambda: order.append("other"))
    assert order == ["asked", "other"]


def test_a_socket_closed_while_its_user_gave_way(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    other.setblocking(False)  # so that the write alone gives way
    errors: list[int | None] = []
    replacements: list[socket.socket] = []

    def busy() -> None:
        number = one.fileno()
        try:
            while True:
                os.write(number, b"x")
                other.recv(1)
        except OSError as error:
            errors.append(error.errno)

    def replace() -> None:
        one.close()
        replacements.extend(socket.socketpair())

    together(busy, replace)
    for new in replacements:
        new.setblocking(False)
        with pytest.raises(BlockingIOError):
            new.recv(1)
    for new in replacements:
        new.close()
    assert errors == [errno.EBADF]


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


def test_a_waiting_task_is_cancelled(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    seen: list[str] = []

    async def main() -> None:
        async def waits() -> None:
            try:
                one.recv(1)
            except asyncio.CancelledError:
                seen.append("cancelled")
                raise

        task = asyncio.ensure_future(waits())
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run_sync(main())
    assert seen == ["cancelled"]
    other.sendall(b"x")
    assert one.recv(1) == b"x"


def test_a_deadline_ends_a_wait(pair: tuple[socket.socket, socket.socket]) -> None:
    with pytest.raises(TimeoutError), blockon.timeout(0.05):
        pair[0].recv(1)


def test_a_socket_closed_by_another_task_ends_its_wait(pair: tuple[socket.socket, socket.socket]) -> None:
    one, _ = pair
    errors: list[int | None] = []

    def wait() -> None:
        try:
            one.recv(1)
        except OSError as error:
            errors.append(error.errno)

    def close() -> None:
        time.sleep(0.02)
        one.close()

    together(wait, close)
    assert errors == [errno.EBADF]


def test_a_number_that_comes_to_name_another_socket_ends_a_wait(pair: tuple[socket.socket, socket.socket]) -> None:
    one, _ = pair
    number = one.fileno()
    errors: list[int | None] = []

    def wait() -> None:
        try:
            one.recv(1)
        except OSError as error:
            errors.append(error.errno)

    def replace() -> None:
        one.close()
        new, peer = socket.socketpair()
        with new, peer:
            assert number in (new.fileno(), peer.fileno())
            new.sendall(b"x")
            peer.sendall(b"x")
            time.sleep(0.02)
            assert new.recv(1) == b"x"
            assert peer.recv(1) == b"x"

    together(wait, replace)
    assert errors == [errno.EBADF]


def test_ports_of_the_host_are_not_taken() -> None:
    with socket.socket() as unconnected, pytest.raises(PermissionError):
        unconnected.bind(("127.0.0.1", 8080))


def test_where_nothing_can_be_suspended_the_thread_waits(address: tuple[str, int]) -> None:
    def get() -> int:
        connection = http.client.HTTPConnection("localhost", address[1], timeout=5)
        try:
            connection.request("GET", "/slow-head?ms=50")
            return connection.getresponse().status
        finally:
            connection.close()

    assert synchronously(get) == 200


def test_a_time_limit_holds_there_too(pair: tuple[socket.socket, socket.socket]) -> None:
    def wait() -> str:
        pair[0].settimeout(0.05)
        try:
            pair[0].recv(1)
        except TimeoutError as error:
            return str(error)
        return "no error"

    assert synchronously(wait) == "timed out"


async def exchange(address: tuple[str, int], path: str) -> bytes:
    reader, writer = await asyncio.open_connection(*address)
    writer.write(request(path))
    await writer.drain()
    data = await reader.read()
    writer.close()
    await writer.wait_closed()
    return data


def test_asyncio_streams(address: tuple[str, int]) -> None:
    assert run_sync(exchange(address, "/status?code=404")).startswith(b"HTTP/1.1 404 ")


def test_many_asyncio_streams_at_once(address: tuple[str, int]) -> None:
    async def main() -> list[bytes]:
        return await asyncio.gather(*(exchange(address, "/slow-head?ms=100") for _ in range(50)))

    began = time.monotonic()
    assert {data[:13] for data in run_sync(main())} == {b"HTTP/1.1 200 "}
    assert time.monotonic() - began < 50 * 0.1


def test_asyncio_sock_methods(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    one.setblocking(False)
    other.setblocking(False)

    async def main() -> bytes:
        loop = asyncio.get_running_loop()
        receiving = asyncio.ensure_future(loop.sock_recv(one, 10))
        await asyncio.sleep(0.01)
        await loop.sock_sendall(other, b"hello")
        return await receiving

    assert run_sync(main()) == b"hello"


def test_readers_and_writers_of_the_loop(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    one.setblocking(False)
    got: list[bytes] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        came = asyncio.Event()

        def read() -> None:
            got.append(one.recv(1))
            came.set()

        loop.add_reader(one, read)
        for data in (b"a", b"b"):
            other.sendall(data)
            async with asyncio.timeout(5):
                await came.wait()
            came.clear()
        assert loop.remove_reader(one)
        assert not loop.remove_reader(one)
        other.sendall(b"c")
        await asyncio.sleep(0.02)
        ready = asyncio.Event()
        loop.add_writer(one, ready.set)
        await ready.wait()
        loop.remove_writer(one)
        with pytest.raises(ValueError, match="Invalid file object"):
            loop.add_reader("no file", ready.set)

    run_sync(main())
    assert got == [b"a", b"b"]


def test_a_reader_that_raises_goes_on(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    one.setblocking(False)
    errors: list[Any] = []
    got: list[bytes] = []
    came = asyncio.Event()

    class Raises:
        """In the place of a handle, which lets KeyboardInterrupt and SystemExit out alone."""

        def _run(self) -> None:
            got.append(one.recv(1))
            came.set()
            if len(got) == 1:
                raise ValueError("the first time")

        def cancel(self) -> None:
            pass

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: errors.append(context["exception"]))
        watch = _sockets._Watch(loop, one.fileno(), 1, Raises())
        try:
            for data in (b"a", b"b"):
                came.clear()
                other.sendall(data)
                async with asyncio.timeout(5):
                    await came.wait()
        finally:
            watch.end()
            loop.set_exception_handler(None)

    run_sync(main())
    assert got == [b"a", b"b"]
    assert [str(error) for error in errors] == ["the first time"]


def test_a_refused_asyncio_connection() -> None:
    with pytest.raises(ConnectionRefusedError):
        run_sync(asyncio.open_connection(*REFUSED))
