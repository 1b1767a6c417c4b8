"""threading's primitives and queues between fibers: a fiber that waits parks, and nothing else does."""

from __future__ import annotations

import asyncio
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
from pyodide.ffi import run_sync

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


class TestOwnership:
    def test_an_rlock_belongs_to_a_fiber(self) -> None:
        lock: Any = threading.RLock()

        def holds() -> list[bool]:
            with lock, lock:
                time.sleep(0.002)
                return [lock._is_owned(), lock._recursion_count() == 2]

        def tries() -> list[bool]:
            seen = [lock._is_owned(), lock.acquire(blocking=False), lock.locked()]
            with pytest.raises(RuntimeError, match="un-acquired"):
                lock.release()
            return seen

        assert together(holds, tries) == [[True, True], [False, False, True]]

    def test_recursion(self) -> None:
        lock = threading.RLock()

        def enters(depth: int) -> None:
            with lock:
                if depth:
                    time.sleep(0)
                    enters(depth - 1)

        together(*(partial(enters, 5) for _ in range(5)))
        assert lock.acquire(blocking=False)
        lock.release()

    def test_fibers_are_one_thread(self) -> None:
        seen = together(*(lambda: (threading.get_ident(), threading.current_thread()) for _ in range(2)))
        assert set(seen) == {(threading.get_ident(), threading.main_thread())}

    def test_what_a_fiber_held_at_its_end_is_anyones(self) -> None:
        lock: Any = threading.RLock()
        together(lock.acquire)
        assert lock.locked()
        lock.release()
        assert not lock.locked()

    def test_held_over_an_await(self) -> None:
        """The task goes on in another turn, on another fiber."""
        lock: Any = threading.RLock()
        inside: list[int] = []

        async def holds(number: int) -> None:
            with lock:
                await asyncio.sleep(0.001)
                with lock:
                    assert lock._recursion_count() == 2
                    inside.append(number)
                    assert len(inside) == 1
                    await asyncio.sleep(0.001)
                    assert inside.pop() == number

        async def both() -> None:
            await asyncio.gather(holds(1), holds(2))

        run_sync(holds(0))
        run_sync(both())
        assert lock.acquire(blocking=False)
        lock.release()

    def test_condition_of_an_rlock(self) -> None:
        condition = threading.Condition()

        def waits() -> bool:
            with condition, condition:
                return condition.wait(timeout=10)

        def notifies() -> None:
            with pytest.raises(RuntimeError, match="un-acquired"):
                condition.notify()
            with condition:
                condition.notify_all()

        assert together(waits, waits, notifies)[:2] == [True, True]


class TestOthers:
    def test_condition(self) -> None:
        condition, items, got = threading.Condition(), [], []

        def takes() -> None:
            with condition:
                condition.wait_for(lambda: items)
                got.append(items.pop(0))

        def puts() -> None:
            for number in range(20):
                with condition:
                    items.append(number)
                    condition.notify()
                time.sleep(0)

        together(*([takes] * 20), puts)
        assert got == list(range(20))

    def test_condition_times_out(self) -> None:
        condition = threading.Condition()
        with condition:
            assert not condition.wait(0.001)
            assert not condition.wait_for(lambda: False, timeout=0.001)

    def test_event(self) -> None:
        event, woken = threading.Event(), []

        def waits(number: int) -> None:
            assert event.wait(60)
            woken.append(number)

        together(*(partial(waits, number) for number in range(100)), event.set)
        assert woken == list(range(100))
        assert not threading.Event().wait(0.001)

    @pytest.mark.parametrize("new_semaphore", [threading.Semaphore, threading.BoundedSemaphore])
    def test_semaphore(self, new_semaphore: Callable[[int], threading.Semaphore]) -> None:
        semaphore, inside, most = new_semaphore(3), [], []

        def enters(number: int) -> None:
            with semaphore:
                inside.append(number)
                most.append(len(inside))
                time.sleep(0.001)
                inside.remove(number)

        together(*(partial(enters, number) for number in range(20)))
        assert max(most) == 3

    def test_semaphore_times_out(self) -> None:
        semaphore = threading.BoundedSemaphore(1)
        with semaphore:
            assert not semaphore.acquire(timeout=0.001)
        with pytest.raises(ValueError, match="released too many times"):
            semaphore.release()

    def test_barrier(self) -> None:
        barrier, passed = threading.Barrier(10), []

        def comes(number: int) -> None:
            for rounds in range(3):
                time.sleep(number % 3 / 1000)
                barrier.wait()
                passed.append(rounds)

        together(*(partial(comes, number) for number in range(10)))
        assert passed == [0] * 10 + [1] * 10 + [2] * 10

    def test_barrier_breaks(self) -> None:
        barrier = threading.Barrier(3)

        def comes(timeout: float) -> None:
            with pytest.raises(threading.BrokenBarrierError):
                barrier.wait(timeout)

        together(partial(comes, 0.001), partial(comes, 60))

    @pytest.mark.parametrize("new_queue", [queue.Queue, queue.LifoQueue, queue.PriorityQueue, queue.SimpleQueue])
    def test_queue(self, new_queue: Callable[[], Any]) -> None:
        items = new_queue()
        got: list[int] = []

        def takes() -> None:
            while (item := items.get(timeout=60)) >= 0:
                got.append(item)

        def puts() -> None:
            for number in range(50):
                items.put(number)
                if number % 7 == 0:
                    time.sleep(0)
            time.sleep(0.01)
            for _ in range(5):
                items.put(-1)

        together(*([takes] * 5), puts)
        assert sorted(got) == list(range(50))

    @pytest.mark.parametrize("new_queue", [queue.Queue, queue.SimpleQueue])
    def test_empty_queue(self, new_queue: Callable[[], Any]) -> None:
        items = new_queue()
        with pytest.raises(queue.Empty):
            items.get(timeout=0.001)
        with pytest.raises(queue.Empty):
            items.get_nowait()
        with pytest.raises(ValueError, match="non-negative"):
            items.get(timeout=-1)
        error = synchronously(items.get)
        assert isinstance(error, RuntimeError)
        assert "callPromising" in str(error)

    def test_bounded_queue(self) -> None:
        items: queue.Queue[int] = queue.Queue(2)
        got: list[int] = []

        def puts() -> None:
            for number in range(20):
                items.put(number)

        def takes() -> None:
            for _ in range(20):
                time.sleep(0)
                got.append(items.get())
                items.task_done()

        together(puts, takes, items.join)
        assert got == list(range(20))
        items.put(1)
        items.put(2)
        with pytest.raises(queue.Full):
            items.put(3, timeout=0.001)


class TestDeadlock:
    @pytest.mark.parametrize("size", [2, 3, 7])
    def test_circle_of_owners(self, size: int) -> None:
        locks = [threading.RLock() for _ in range(size)]
        entered: list[int] = []

        def takes(number: int) -> None:
            with locks[number]:
                time.sleep(0.001)
                with locks[(number + 1) % size]:
                    entered.append(number)

        results = together(*(partial(takes, number) for number in range(size)), raising=False)
        errors = [result for result in results if result is not None]
        assert len(errors) == 1
        assert isinstance(errors[0], RuntimeError)
        message = str(errors[0])
        assert message.startswith("deadlock: task ")
        assert message.count("waits for a lock of task") == size
        assert "test_locks.py:" in message
        assert len(entered) == size - 1

    def test_a_deadline_ends_it(self) -> None:
        one, other = threading.RLock(), threading.RLock()

        def takes(first: Any, second: Any, timeout: float) -> bool:
            with first:
                time.sleep(0.001)
                got = second.acquire(timeout=timeout)
                if got:
                    second.release()
                return got

        assert together(partial(takes, one, other, 0.005), partial(takes, other, one, -1)) == [False, True]

    def test_closed_by_a_wait_that_cannot_raise(self) -> None:
        """Condition.wait takes its lock again whatever happens: the one that holds it is told."""
        lock, condition = threading.RLock(), threading.Condition()

        def waits() -> bool:
            with lock, condition:
                return condition.wait(60)

        def notifies() -> None:
            with condition:
                condition.notify()
                with pytest.raises(RuntimeError, match="deadlock: task"):
                    lock.acquire()

        assert together(waits, notifies) == [True, None]

    def test_plain_locks_are_never_taken_for_one(self) -> None:
        one, other = threading.Lock(), threading.Lock()

        def takes(first: Any, second: Any) -> None:
            first.acquire()
            time.sleep(0.001)
            second.acquire()

        def releases() -> None:
            time.sleep(0.01)
            one.release()
            other.release()

        together(partial(takes, one, other), partial(takes, other, one), releases)


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
