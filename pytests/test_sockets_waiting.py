"""How a task waits for sockets, what ends its wait, and that others run meanwhile."""

from __future__ import annotations

import asyncio
import errno
import http.client
import os
import select
import selectors
import socket
import time
from functools import partial

import blockon
import pytest
from fibers import synchronously, together
from pyodide.ffi import run_sync


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


def receive_an_error(one: socket.socket, errors: list[int | None]) -> None:
    try:
        one.recv(1)
    except OSError as error:
        errors.append(error.errno)


def test_a_socket_closed_by_another_task_ends_its_wait(pair: tuple[socket.socket, socket.socket]) -> None:
    one, _ = pair
    errors: list[int | None] = []
    wait = partial(receive_an_error, one, errors)

    def close() -> None:
        time.sleep(0.02)
        one.close()

    together(wait, close)
    assert errors == [errno.EBADF]


def test_a_number_that_comes_to_name_another_socket_ends_a_wait(pair: tuple[socket.socket, socket.socket]) -> None:
    one, _ = pair
    number = one.fileno()
    errors: list[int | None] = []
    wait = partial(receive_an_error, one, errors)

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
