"""What is made of locks, between fibers: conditions, events, semaphores, barriers, queues."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from fibers import synchronously, together


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
