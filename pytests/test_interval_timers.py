"""signal.alarm and setitimer, which wasm has none of: who set it is told, whether it waits or computes."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

import pytest
from fibers import synchronously

REAL = signal.ITIMER_REAL


class TimeIsUpError(Exception):
    """What a handler raises."""


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    before = signal.getsignal(signal.SIGALRM)
    yield
    signal.setitimer(REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def rings() -> list[int]:
    """The signals that came; the handler counts them."""
    came: list[int] = []
    signal.signal(signal.SIGALRM, lambda number, _frame: came.append(number))
    return came


def raise_it(_number: int, _frame: FrameType | None) -> None:
    raise TimeIsUpError


def compute() -> None:
    while True:
        pass


def receive() -> None:
    import socket

    one, other = socket.socketpair()
    with one, other:
        one.recv(1)


WAITS: dict[str, Callable[[], object]] = {
    "sleep": lambda: time.sleep(60),
    "lock": lambda: [lock.acquire() for lock in [threading.Lock()] * 2],
    "event": lambda: threading.Event().wait(60),
    "recv": receive,
    "computes": compute,
}


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS)
def test_a_handler_that_raises_ends_the_wait(wait: Callable[[], object]) -> None:
    signal.signal(signal.SIGALRM, raise_it)
    signal.setitimer(REAL, 0.01)
    with pytest.raises(TimeIsUpError):
        wait()


def test_a_wait_goes_on_behind_a_handler(rings: list[int]) -> None:
    signal.setitimer(REAL, 0.01)
    begin = time.monotonic()
    time.sleep(0.05)
    assert time.monotonic() - begin >= 0.05
    assert rings == [signal.SIGALRM]


def test_a_deadline_is_not_lost_to_a_signal_of_the_same_moment(rings: list[int]) -> None:
    signal.setitimer(REAL, 0.01, 0.01)
    for _ in range(20):
        assert not threading.Event().wait(0.01)
    assert rings


def test_an_interval_rings_until_it_is_taken_back(rings: list[int]) -> None:
    signal.setitimer(REAL, 0.002, 0.003)
    while len(rings) < 5:
        time.sleep(0.001)
    left, interval = signal.setitimer(REAL, 0)
    assert 0 < left <= 0.003
    assert interval == 0.003
    count = len(rings)
    time.sleep(0.02)
    assert len(rings) == count


def test_what_is_left() -> None:
    assert signal.getitimer(REAL) == (0.0, 0.0)
    assert signal.setitimer(REAL, 100, 7) == (0.0, 0.0)
    left, interval = signal.getitimer(REAL)
    assert 99 < left <= 100
    assert interval == 7
    assert signal.alarm(50) == 100
    assert signal.getitimer(REAL)[1] == 0
    assert signal.alarm(0) == 50
    assert signal.alarm(0) == 0


def test_it_is_the_task_that_set_it_which_is_told() -> None:
    ended: list[str] = []

    async def with_alarm() -> None:
        signal.setitimer(REAL, 0.01)
        with pytest.raises(TimeIsUpError):
            threading.Event().wait(60)
        ended.append("with")

    async def without() -> None:
        threading.Event().wait(0.05)
        ended.append("without")

    async def both() -> None:
        signal.signal(signal.SIGALRM, raise_it)
        await asyncio.gather(with_alarm(), without())

    from pyodide.ffi import run_sync

    run_sync(both())
    assert ended == ["with", "without"]


def test_one_that_a_thread_sets_is_the_main_threads(rings: list[int]) -> None:
    handled_in: list[int] = []
    signal.signal(signal.SIGALRM, lambda *_: handled_in.append(threading.get_ident()))
    thread = threading.Thread(target=lambda: signal.setitimer(REAL, 0.005))
    thread.start()
    thread.join()
    while not handled_in:
        time.sleep(0.002)
    assert handled_in == [threading.main_thread().ident]


def test_a_synchronous_call_is_told_while_it_computes(rings: list[int]) -> None:
    def call() -> None:
        signal.setitimer(REAL, 0.005)
        end = time.monotonic() + 20
        while not rings and time.monotonic() < end:
            pass

    synchronously(call)
    assert rings == [signal.SIGALRM]


def test_one_without_a_handler_is_ignored() -> None:
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    signal.setitimer(REAL, 0.002)
    time.sleep(0.01)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(REAL, 0.002)
    time.sleep(0.01)


def test_what_is_no_time_and_no_timer() -> None:
    with pytest.raises(signal.ItimerError, match="Invalid argument"):
        signal.setitimer(REAL, -1)
    with pytest.raises(signal.ItimerError, match="Invalid argument"):
        signal.setitimer(REAL, 1, float("nan"))
    with pytest.raises(signal.ItimerError, match="only ITIMER_REAL is there"):
        signal.setitimer(signal.ITIMER_VIRTUAL, 1)
    with pytest.raises(signal.ItimerError):
        signal.getitimer(7)
    with pytest.raises(TypeError):
        signal.alarm(1.5)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        signal.setitimer(REAL, "soon")  # type: ignore[arg-type]
    assert issubclass(signal.ItimerError, OSError)
