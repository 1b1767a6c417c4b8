"""A fiber that waits for a lock, a queue or a time, and is to raise: it does, and leaves no trace where it waited."""

from __future__ import annotations

import io
import queue
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import _blockon
import pytest
from blockon import cancel
from fibers import together


class Stop(BaseException):
    """What is raised in a fiber that waits."""


def stop(fiber: int) -> None:
    assert cancel(fiber, Stop())


def until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0)


def waiter(wait: Callable[[], Any], ids: list[int]) -> None:
    ids.append(_blockon.stats()["fiber_id"])
    with pytest.raises(Stop):
        wait()


# Before the test: a thread of an executor may be idle, which Django has for as long as it is imported.
idle = 0


@pytest.fixture(autouse=True)
def count_idle() -> None:
    global idle
    idle = 0
    idle = parked()


def parked() -> int:
    count: int = _blockon.stats()["parked_fibers"]
    return count - idle


LOCKS: list[Callable[[], Any]] = [threading.Lock, threading.RLock, threading.Semaphore, threading.Condition]


@pytest.mark.parametrize("new_lock", LOCKS)
@pytest.mark.parametrize("timeout", [None, 60])
def test_lock(new_lock: Callable[[], Any], timeout: float | None) -> None:
    lock, ids, got = new_lock(), [], []

    def holds() -> None:
        with lock:
            until(lambda: parked() == 3)
            stop(ids[0])
            time.sleep(0.001)

    def goes_on() -> None:
        with lock:
            got.append(1)

    wait = lock.acquire if timeout is None else partial(lock.acquire, timeout=timeout)
    together(holds, goes_on, partial(waiter, wait, ids), goes_on)
    assert got == [1, 1]
    assert lock.acquire(blocking=False)
    lock.release()


def test_lock_that_was_handed_over_already() -> None:
    lock, ids, got = threading.Lock(), [], []

    def holds() -> None:
        lock.acquire()
        until(lambda: parked() == 2)
        lock.release()
        stop(ids[0])

    def goes_on() -> None:
        with lock:
            got.append(1)

    together(holds, partial(waiter, lock.acquire, ids), goes_on)
    assert got == [1]
    assert not lock.locked()


def test_lock_of_a_fiber_that_gives_up_is_handed_to_the_next() -> None:
    lock, ids, got = threading.Lock(), [], []

    def holds() -> None:
        lock.acquire()
        until(lambda: parked() == 2)
        stop(ids[0])
        lock.release()

    def goes_on() -> None:
        with lock:
            got.append(1)

    together(holds, partial(waiter, lock.acquire, ids), goes_on)
    assert got == [1]
    assert not lock.locked()


@pytest.mark.parametrize("timeout", [None, 60])
def test_condition_event_and_barrier(timeout: float | None) -> None:
    condition, event, barrier = threading.Condition(), threading.Event(), threading.Barrier(2)
    ids: list[int] = []

    def waits_for_condition() -> None:
        with condition:
            condition.wait(timeout)

    def stops() -> None:
        until(lambda: parked() == 3)
        for fiber in ids:
            stop(fiber)

    waits = [waits_for_condition, partial(event.wait, timeout), partial(barrier.wait, timeout)]
    together(*(partial(waiter, wait, ids) for wait in waits), stops)
    assert not condition._waiters  # type: ignore[attr-defined]
    with condition:
        condition.notify()
    event.set()
    assert barrier.n_waiting == 0


@pytest.mark.parametrize("new_queue", [queue.Queue, queue.SimpleQueue])
@pytest.mark.parametrize("timeout", [None, 60])
def test_queue(new_queue: Callable[[], Any], timeout: float | None) -> None:
    items, ids = new_queue(), []

    def stops() -> None:
        until(lambda: parked() == 2)
        stop(ids[0])
        # As on CPython, a condition's notice may go to one that is about to give up.
        until(lambda: parked() == 1)
        items.put(1)

    wait = partial(items.get, timeout=timeout)
    assert together(partial(waiter, wait, ids), wait, stops)[1] == 1
    assert items.empty()


@pytest.mark.parametrize("seconds", [0, 60])
def test_sleep(seconds: float) -> None:
    ids: list[int] = []

    def stops() -> None:
        until(lambda: bool(ids))
        stop(ids[0])

    together(partial(waiter, lambda: [time.sleep(seconds) for _ in range(100)], ids), stops)


def test_buffered_file() -> None:
    release = threading.Event()

    class Raw(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            release.wait()
            buffer[:4] = b"text"
            return 4

    reader, ids = io.BufferedReader(Raw(), 4), []

    def stops() -> None:
        until(lambda: parked() == 2)
        stop(ids[0])
        time.sleep(0.001)
        release.set()

    assert together(partial(reader.read, 4), partial(waiter, partial(reader.read, 4), ids), stops)[0] == b"text"
    assert reader.read(4) == b"text"


def test_import(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "slow_to_import.py").write_text("import time\ntime.sleep(0.005)\nvalue = 1\n")
    ids: list[int] = []

    def imports() -> int:
        import slow_to_import  # type: ignore[import-not-found]

        return slow_to_import.value

    def stops() -> None:
        until(lambda: len(ids) == 1 and parked() == 1)
        stop(ids[0])

    assert together(imports, partial(waiter, imports, ids), stops, imports)[::3] == [1, 1]
    del sys.modules["slow_to_import"]


def test_what_cannot_raise_keeps_it_for_the_next_wait() -> None:
    """Condition.wait takes its RLock again whatever happens: the exception comes with the next wait."""
    lock = threading.RLock()
    condition, ids = threading.Condition(lock), []

    def waits() -> None:
        ids.append(_blockon.stats()["fiber_id"])
        with condition:
            assert condition.wait(60)
            assert lock._is_owned()  # type: ignore[attr-defined]
            with pytest.raises(Stop):
                time.sleep(60)

    def notifies() -> None:
        with condition:
            condition.notify()
            time.sleep(0.001)
            stop(ids[0])
            time.sleep(0.001)

    together(waits, notifies)
    assert lock.acquire(blocking=False)
    lock.release()


def test_a_thousand_of_which_every_second_gives_up() -> None:
    lock, ids, got = threading.Lock(), [], []

    def goes_on(number: int) -> None:
        with lock:
            got.append(number)

    def holds() -> None:
        with lock:
            until(lambda: parked() == 1000)
            for fiber in ids:
                stop(fiber)

    functions = [
        partial(goes_on, number) if number % 2 else partial(waiter, lock.acquire, ids) for number in range(1000)
    ]
    together(holds, *functions)
    assert got == list(range(1, 1000, 2))
    assert not lock.locked()
