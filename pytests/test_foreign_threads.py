"""Threads that C code starts (PyThread_start_new_thread), which have nothing of Python's at first."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable
from typing import Any

import blockon
import pytest
from fibers import synchronously

Body = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
start_new_thread = ctypes.CFUNCTYPE(ctypes.c_ulong, Body, ctypes.c_void_p)(
    ("PyThread_start_new_thread", ctypes.pythonapi)
)
NO_THREAD = ctypes.c_ulong(-1).value


def start(function: Callable[[], Any]) -> tuple[int, threading.Event]:
    """Its ident, and what is set when the function has ended; ctypes' closure takes the GIL by PyGILState_Ensure()."""
    ended = threading.Event()

    def body(_argument: object) -> None:
        try:
            function()
        finally:
            ended.set()

    callback = Body(body)
    ended.keeps = callback  # type: ignore[attr-defined]
    return start_new_thread(callback, None), ended


def wait_for_end(ended: threading.Event) -> None:
    assert ended.wait(10)
    while any(fiber.kind == "thread" for fiber in blockon.fibers()):
        time.sleep(0)


class TestForeignThreads:
    def test_runs_and_waits(self) -> None:
        seen = []

        def body() -> None:
            seen.append(threading.get_ident())
            time.sleep(0.001)
            seen.append(threading.get_ident())

        ident, ended = start(body)
        assert ident not in (NO_THREAD, threading.get_ident())
        wait_for_end(ended)
        assert seen == [ident, ident]

    def test_side_by_side(self) -> None:
        barrier, seen = threading.Barrier(5), []

        def body() -> None:
            barrier.wait(10)
            seen.append(threading.get_ident())

        started = [start(body) for _ in range(4)]
        barrier.wait(10)
        for _, ended in started:
            wait_for_end(ended)
        assert sorted(seen) == sorted(ident for ident, _ in started)

    def test_threading_knows_it_as_a_dummy_until_it_ends(self) -> None:
        seen: list[Any] = []

        def body() -> None:
            thread = threading.current_thread()
            seen.append((type(thread).__name__, thread.daemon, thread.ident, thread in threading.enumerate()))

        ident, ended = start(body)
        wait_for_end(ended)
        assert seen == [("_DummyThread", True, ident, True)]
        assert threading.enumerate() == [threading.main_thread()]

    def test_its_local_and_context_are_its_own(self) -> None:
        local, seen = threading.local(), []
        local.value = "main"

        def body() -> None:
            seen.append(getattr(local, "value", None))
            local.value = "thread"
            time.sleep(0)
            seen.append(local.value)

        _, ended = start(body)
        wait_for_end(ended)
        assert seen == [None, "thread"]
        assert local.value == "main"

    def test_locks(self) -> None:
        lock, order = threading.RLock(), []

        def body() -> None:
            with lock:
                order.append("thread")

        with lock:
            _, ended = start(body)
            time.sleep(0.001)
            order.append("main")
        wait_for_end(ended)
        assert order == ["main", "thread"]

    def test_the_gil_is_taken_within_and_around(self) -> None:
        ensure, release = ctypes.pythonapi.PyGILState_Ensure, ctypes.pythonapi.PyGILState_Release
        check = ctypes.pythonapi.PyGILState_Check
        seen = []

        def body() -> None:
            state = ensure()
            seen.extend([state, check()])
            time.sleep(0.001)
            release(state)
            seen.append(check())

        body()
        _, ended = start(body)
        wait_for_end(ended)
        held = 0  # PyGILState_LOCKED
        assert seen == [held, 1, 1] * 2

    def test_where_nothing_can_be_suspended(self) -> None:
        assert synchronously(lambda: start(pytest.fail)[0]) == NO_THREAD


class TestGilState:
    """PyGILState_Ensure() in fibers: what it finds is the thread state of the one that asks."""

    def test_in_callbacks_of_threads_that_wait(self) -> None:
        callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)
        seen = []

        @callback
        def waits(number: int) -> int:
            before = threading.get_ident()
            time.sleep(0.001)
            assert threading.get_ident() == before
            return 2 * number

        def body(number: int) -> None:
            seen.append(waits(number))

        threads = [threading.Thread(target=body, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(seen) == [0, 2, 4, 6]
