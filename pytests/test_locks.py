"""threading's locks between fibers: a fiber that waits parks, and nothing else does."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import _blockon
import pytest
from fibers import synchronously, together

LOCKS: list[Callable[[], Any]] = [threading.Lock, threading.RLock]


def holder(lock: Any, until_parked: int) -> Callable[[], None]:
    """What holds a lock until so many fibers wait."""

    def holds() -> None:
        with lock:
            while _blockon.stats()["parked_fibers"] < until_parked:
                time.sleep(0)

    return holds


@pytest.mark.parametrize("new_lock", LOCKS)
class TestLock:
    def test_excludes(self, new_lock: Callable[[], Any]) -> None:
        lock, inside, order = new_lock(), [], []

        def enters(number: int) -> None:
            with lock:
                inside.append(number)
                assert len(inside) == 1
                time.sleep(0.001)
                assert inside.pop() == number
                order.append(number)

        together(*(partial(enters, number) for number in range(10)))
        assert order == list(range(10))
        assert not lock.locked()

    def test_the_first_to_wait_is_the_first_to_enter(self, new_lock: Callable[[], Any]) -> None:
        lock, order = new_lock(), []

        def enters(number: int) -> None:
            for _ in range(3):
                with lock:
                    order.append(number)

        together(holder(lock, until_parked=5), *(partial(enters, number) for number in range(5)))
        assert order == list(range(5)) * 3

    @pytest.mark.parametrize("timeout", [0.005, 0.0001])
    def test_timeout_expires(self, new_lock: Callable[[], Any], timeout: float) -> None:
        lock, release = new_lock(), threading.Event()

        def holds() -> None:
            with lock:
                release.wait()

        def tries() -> float:
            before = time.monotonic()
            assert not lock.acquire(timeout=timeout)
            release.set()
            return time.monotonic() - before

        assert together(holds, tries)[1] >= timeout
        assert lock.acquire(blocking=False)
        lock.release()

    def test_timeout_that_is_not_needed(self, new_lock: Callable[[], Any]) -> None:
        lock = new_lock()

        def holds() -> None:
            with lock:
                time.sleep(0.001)

        def waits() -> bool:
            got = lock.acquire(timeout=60)
            lock.release()
            return got

        assert together(holds, waits, waits)[1:] == [True, True]

    def test_without_waiting(self, new_lock: Callable[[], Any]) -> None:
        lock = new_lock()

        def holds() -> None:
            with lock:
                time.sleep(0.001)

        def tries() -> list[bool]:
            return [lock.acquire(False), lock.acquire(blocking=False), lock.acquire(timeout=0)]

        assert together(holds, tries)[1] == [False, False, False]

    @pytest.mark.parametrize(
        ("arguments", "error"),
        [
            ((True, -2), ValueError),
            ((False, 1), ValueError),
            ((True, 1e300), OverflowError),
            ((True, float("nan")), ValueError),
            ((True, "1"), TypeError),
        ],
    )
    def test_wrong_timeouts(self, new_lock: Callable[[], Any], arguments: Any, error: type[Exception]) -> None:
        with pytest.raises(error):
            new_lock().acquire(*arguments)

    def test_release_of_what_is_not_held(self, new_lock: Callable[[], Any]) -> None:
        with pytest.raises(RuntimeError):
            new_lock().release()

    def test_a_thousand_fibers(self, new_lock: Callable[[], Any]) -> None:
        lock, order = new_lock(), []

        def enters(number: int) -> None:
            with lock:
                order.append(number)
                if number % 100 == 0:
                    time.sleep(0)

        together(*(partial(enters, number) for number in range(1000)))
        assert order == list(range(1000))

    def test_synchronous_entry(self, new_lock: Callable[[], Any]) -> None:
        lock = new_lock()

        def holds() -> None:
            with lock:
                time.sleep(0.005)

        def enters() -> list[Any]:
            calls: list[Callable[[], Any]] = [
                lock.acquire,
                lambda: lock.acquire(timeout=1),
                lambda: lock.acquire(blocking=False),
            ]
            return [synchronously(call) for call in calls]

        blocking, timed, immediate = together(holds, enters)[1]
        for error in (blocking, timed):
            assert isinstance(error, RuntimeError)
            assert "callPromising" in str(error)
        assert immediate is False
        assert not lock.locked()

    def test_synchronous_entry_of_a_free_lock(self, new_lock: Callable[[], Any]) -> None:
        lock = new_lock()
        assert synchronously(lock.acquire) is True
        lock.release()


def test_a_plain_lock_is_released_by_anyone() -> None:
    lock = threading.Lock()
    lock.acquire()
    together(lock.acquire, lock.release)
    assert lock.locked()
    synchronously(lock.release)
    assert not lock.locked()


def test_random_operations() -> None:
    """Many fibers take and give back at random; a model knows who may be inside of what."""
    choose = random.Random(7)
    locks: list[Any] = [lock() for lock in LOCKS for _ in range(3)]
    semaphore = threading.BoundedSemaphore(2)
    inside: list[int | None] = [None] * len(locks)
    counted = 0

    def works(number: int) -> None:
        nonlocal counted
        for _ in range(10):
            # In one order, so that no circle comes to be.
            mine = sorted(choose.sample(range(len(locks)), choose.randrange(1, 3)))
            held = []
            for index in mine:
                if locks[index].acquire(timeout=choose.choice([-1, -1, 0, 0.001])):
                    assert inside[index] is None
                    inside[index] = number
                    held.append(index)
                    if choose.random() < 0.5:
                        time.sleep(choose.choice([0, 0.001]))
            if choose.random() < 0.2:
                with semaphore:
                    counted += 1
                    assert counted <= 2
                    time.sleep(0)
                    counted -= 1
            for index in reversed(held):
                assert inside[index] == number
                inside[index] = None
                locks[index].release()

    together(*(partial(works, number) for number in range(100)))
    assert inside == [None] * len(locks)
    assert not any(lock.locked() for lock in locks)
    assert _blockon.stats()["parked_fibers"] == 0


@pytest.mark.gate_closed
@pytest.mark.parametrize("new_lock", LOCKS[:1])
def test_the_gate_is_closed(new_lock: Callable[[], Any]) -> None:
    lock = new_lock()
    with lock:
        assert not lock.acquire(blocking=False)
        for arguments in ({}, {"timeout": 1}):
            with pytest.raises(RuntimeError, match="python_run_sync"):
                lock.acquire(**arguments)
    with pytest.raises(RuntimeError, match="python_run_sync"):
        queue.SimpleQueue[int]().get()
