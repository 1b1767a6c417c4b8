"""What programs do with threads: queues, conditions, timers, daemons, and run_sync in them."""

from __future__ import annotations

import asyncio
import queue
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import js
import pytest
from pyodide.ffi import run_sync
from threads import run


class TestUse:
    def test_queue(self) -> None:
        work: queue.Queue[int | None] = queue.Queue(maxsize=2)
        seen = []

        def consumes() -> None:
            while (item := work.get()) is not None:
                seen.append(item)
                work.task_done()

        thread = threading.Thread(target=consumes)
        thread.start()
        for number in range(20):
            work.put(number)
        work.join()
        assert seen == list(range(20))
        work.put(None)
        thread.join()

    def test_condition(self) -> None:
        condition, ready, woken = threading.Condition(), [False], []

        def waits(number: int) -> None:
            with condition:
                condition.wait_for(lambda: ready[0])
                woken.append(number)

        threads = [threading.Thread(target=waits, args=(number,)) for number in range(5)]
        for thread in threads:
            thread.start()
        with condition:
            ready[0] = True
            condition.notify_all()
        for thread in threads:
            thread.join()
        assert sorted(woken) == list(range(5))

    def test_timer(self) -> None:
        fired = threading.Event()
        timer = threading.Timer(0.001, fired.set)
        timer.start()
        assert fired.wait(10)
        timer.join()
        never = threading.Timer(1000, fired.set)
        never.start()
        never.cancel()
        never.join()

    def test_run_sync(self) -> None:
        async def coroutine(waits: Callable[[], Awaitable[Any]]) -> tuple[bool, bool]:
            before = threading.get_ident()
            await waits()
            return before == threading.get_ident() == main, asyncio.get_running_loop() is loop

        async def together() -> list[int]:
            return await asyncio.gather(asyncio.sleep(0, 1), asyncio.sleep(0.001, 2))

        main, loop = threading.get_ident(), asyncio.get_event_loop()

        def body() -> list[Any]:
            return [
                run_sync(js.Promise.resolve(7)),
                run_sync(coroutine(lambda: asyncio.sleep(0))),
                run_sync(coroutine(lambda: asyncio.sleep(0.001))),
                run_sync(coroutine(lambda: js.Promise.resolve(1))),
                run_sync(together()),
            ]

        assert run(body) == [7, (True, True), (True, True), (True, True), [1, 2]]

    def test_daemon(self) -> None:
        gate = threading.Event()
        thread = threading.Thread(target=gate.wait, daemon=True)
        thread.start()
        assert thread.daemon
        assert run(lambda: threading.current_thread().daemon) is False
        gate.set()
        thread.join()

    def test_sub_interpreters(self) -> None:
        """C code puts another thread state in the place of the one that called it, and waits with that."""
        testcapi = pytest.importorskip("_testcapi")
        before = threading.get_ident()
        code = """
import threading, time

def body():
    time.sleep(0.001)

thread = threading.Thread(target=body)
thread.start()
time.sleep(0.001)
thread.join()
assert threading.enumerate() == [threading.main_thread()]
"""
        others = threading.Thread(target=time.sleep, args=(0.001,))
        others.start()
        assert testcapi.run_in_subinterp(code) == 0
        assert threading.get_ident() == before
        others.join()

    def test_the_platform_says_that_there_are_threads(self) -> None:
        assert sys._emscripten_info.pthreads is True  # type: ignore[attr-defined]
