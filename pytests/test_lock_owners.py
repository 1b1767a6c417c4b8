"""Who holds a lock: RLocks belong to a fiber or a task, and circles of owners are found."""

from __future__ import annotations

import asyncio
import threading
import time
from functools import partial
from typing import Any

import pytest
from fibers import together
from pyodide.ffi import run_sync


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
        assert "test_lock_owners.py:" in message
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
