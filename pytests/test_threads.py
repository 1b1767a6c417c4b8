"""Threads: what `_thread` starts is a fiber, with the ident, the names and the state of a thread."""

from __future__ import annotations

import _thread
import asyncio
import contextvars
import queue
import sys
import threading
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import blockon
import js
import pytest
from fibers import synchronously, together
from pyodide.ffi import run_sync


def run(function: Callable[[], Any], **options: Any) -> Any:
    """What the function returns in a thread of its own."""
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(function()), **options)
    thread.start()
    thread.join()
    return results[0]


@pytest.fixture
def unhandled(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[threading.ExceptHookArgs]]:
    """What came to threading.excepthook."""
    seen: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", seen.append)
    yield seen
    seen.clear()


class TestStart:
    def test_runs_while_the_starter_waits(self) -> None:
        order = []

        def body() -> None:
            order.append("begins")
            time.sleep(0.001)
            order.append("ends")

        thread = threading.Thread(target=body)
        thread.start()
        order.append("started")
        thread.join()
        assert order == ["begins", "started", "ends"]
        assert not thread.is_alive()

    def test_a_low_level_thread_begins_when_the_starter_waits(self) -> None:
        order: list[Any] = []
        done = _thread.allocate_lock()
        done.acquire()

        def body(*arguments: Any, **keywords: Any) -> None:
            order.append((arguments, keywords))
            done.release()

        _thread.start_new_thread(body, (1, 2), {"three": 3})
        assert order == []
        done.acquire()
        assert order == [((1, 2), {"three": 3})]

    def test_a_thread_is_started_once(self) -> None:
        thread = threading.Thread(target=time.sleep, args=(0,))
        thread.start()
        with pytest.raises(RuntimeError, match="threads can only be started once"):
            thread.start()
        thread.join()

    def test_threads_start_threads(self) -> None:
        def depth(left: int) -> int:
            return 0 if left == 0 else 1 + int(run(lambda: depth(left - 1)))

        assert depth(20) == 20

    def test_many_wait_side_by_side(self) -> None:
        count, barrier, seen = 300, threading.Barrier(301), []

        def body(number: int) -> None:
            barrier.wait()
            time.sleep(0.001)
            seen.append((number, threading.get_ident()))

        threads = [threading.Thread(target=body, args=(number,)) for number in range(count)]
        for thread in threads:
            thread.start()
        assert threading.active_count() == count + 1
        barrier.wait()
        for thread in threads:
            thread.join()
        assert sorted(number for number, _ in seen) == list(range(count))
        assert len({ident for _, ident in seen}) == count
        assert threading.active_count() == 1

    def test_where_nothing_can_be_suspended(self) -> None:
        ran = []
        error = synchronously(threading.Thread(target=ran.append, args=(1,)).start)
        assert isinstance(error, RuntimeError)
        assert str(error).startswith("can't start new thread: JavaScript called Python synchronously")
        time.sleep(0.001)
        assert ran == []
        assert threading.enumerate() == [threading.main_thread()]

    def test_stack_size(self) -> None:
        assert threading.stack_size() == 0

    def test_recursion_ends_in_an_exception(self) -> None:
        def repr_of_nested() -> type[BaseException] | None:
            nested: list[Any] = []
            for _ in range(100_000):
                nested = [nested]
            try:
                repr(nested)
            except RecursionError as error:
                return type(error)
            finally:
                while nested:
                    nested = nested.pop()
            return None

        assert run(repr_of_nested) is RecursionError


class TestJoin:
    def test_with_a_timeout(self) -> None:
        gate = threading.Event()
        thread = threading.Thread(target=gate.wait)
        thread.start()
        thread.join(0.001)
        assert thread.is_alive()
        thread.join(0)
        assert thread.is_alive()
        gate.set()
        thread.join(10)
        assert not thread.is_alive()

    def test_itself(self) -> None:
        def body() -> str:
            with pytest.raises(RuntimeError) as info:
                threading.current_thread().join()
            return str(info.value)

        assert run(body) == "cannot join current thread"

    def test_by_many(self) -> None:
        gate, ended = threading.Event(), []
        thread = threading.Thread(target=gate.wait)
        thread.start()

        def joins(number: int) -> None:
            thread.join()
            ended.append(number)

        joiners = [threading.Thread(target=joins, args=(number,)) for number in range(5)]
        for joiner in joiners:
            joiner.start()
        assert ended == []
        gate.set()
        for joiner in joiners:
            joiner.join()
        assert sorted(ended) == list(range(5))

    def test_is_cancelled(self) -> None:
        gate = threading.Event()
        thread = threading.Thread(target=gate.wait)
        thread.start()
        with pytest.raises(TimeoutError), blockon.timeout(0.001):
            thread.join()
        assert thread.is_alive()
        gate.set()
        thread.join()

    def test_where_nothing_can_be_suspended(self) -> None:
        gate = threading.Event()
        thread = threading.Thread(target=gate.wait)
        thread.start()
        error = synchronously(thread.join)
        assert isinstance(error, RuntimeError)
        assert "JavaScript called Python synchronously" in str(error)
        gate.set()
        thread.join()
        assert synchronously(thread.join) is None


class TestIdentity:
    def test_ident_and_current_thread(self) -> None:
        main = threading.get_ident()
        seen = []

        def body() -> None:
            for _ in range(2):
                seen.append((threading.get_ident(), threading.current_thread()))
                time.sleep(0.001)

        thread = threading.Thread(target=body)
        thread.start()
        assert threading.get_ident() == main
        assert threading.current_thread() is threading.main_thread()
        assert thread.ident not in (None, main)
        assert set(threading.enumerate()) == {thread, threading.main_thread()}
        thread.join()
        assert seen == [(thread.ident, thread)] * 2

    def test_tasks_are_the_main_thread(self) -> None:
        assert set(together(*[threading.get_ident] * 3)) == {threading.main_thread().ident}

    def test_local(self) -> None:
        local = threading.local()
        local.value = "main"

        def body(number: int) -> None:
            assert not hasattr(local, "value")
            local.value = number
            time.sleep(0.001)
            seen.append(local.value == number)

        seen: list[bool] = []
        threads = [threading.Thread(target=body, args=(number,)) for number in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == [True] * 10
        assert local.value == "main"

    def test_what_a_thread_has_goes_with_it(self) -> None:
        local, ended = threading.local(), []

        class Value:
            def __del__(self) -> None:
                ended.append(threading.get_ident())

        def body() -> int:
            local.value = Value()
            return threading.get_ident()

        assert run(body) == ended[0]

    def test_context_variables(self) -> None:
        variable = contextvars.ContextVar("variable", default="default")
        variable.set("main")
        inherited = "main" if sys.flags.thread_inherit_context else "default"
        assert run(variable.get) == inherited
        given = contextvars.Context()
        given.run(variable.set, "given")
        assert run(variable.get, context=given) == "given"

    def test_an_rlock_is_its_threads(self) -> None:
        lock = threading.RLock()
        with lock:
            assert run(lambda: lock.acquire(blocking=False)) is False

            def releases() -> str:
                with pytest.raises(RuntimeError) as info:
                    lock.release()
                return str(info.value)

            assert run(releases) == "cannot release un-acquired lock"

    def test_frames(self) -> None:
        gate = threading.Event()
        thread = threading.Thread(target=gate.wait, name="waits at the gate")
        thread.start()
        assert thread.ident is not None
        frame = sys._current_frames()[thread.ident]
        assert "wait" in [entry.name for entry in traceback.extract_stack(frame)]
        fiber = next(fiber for fiber in blockon.fibers() if fiber.kind == "thread")
        assert (fiber.thread, fiber.name, fiber.state) == (thread.ident, "waits at the gate", "suspended")
        gate.set()
        thread.join()

    def test_stop_by_an_asynchronous_exception(self, unhandled: list[threading.ExceptHookArgs]) -> None:
        import ctypes

        stop = threading.Event()

        def body() -> None:
            while not stop.is_set():
                time.sleep(0)

        thread = threading.Thread(target=body)
        thread.start()
        assert thread.ident is not None
        assert ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(KeyError)) == 1
        thread.join()
        assert [given.exc_type for given in unhandled] == [KeyError]


class TestErrors:
    def test_excepthook(self, unhandled: list[threading.ExceptHookArgs]) -> None:
        def body() -> None:
            raise ValueError("in a thread")

        thread = threading.Thread(target=body)
        thread.start()
        thread.join()
        assert [(str(given.exc_value), given.thread) for given in unhandled] == [("in a thread", thread)]

    def test_without_a_hook_it_is_written(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)
        thread = threading.Thread(target=lambda: 1 // 0, name="divides")
        thread.start()
        thread.join()
        text = capsys.readouterr().err
        assert text.startswith("Exception in thread divides")
        assert "ZeroDivisionError" in text

    def test_system_exit_ends_the_thread_alone(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)
        thread = threading.Thread(target=sys.exit, args=(3,))
        thread.start()
        thread.join()
        assert capsys.readouterr().err == ""
        assert not thread.is_alive()

    def test_interrupt_main(self) -> None:
        thread = threading.Thread(target=_thread.interrupt_main)
        with pytest.raises(KeyboardInterrupt):
            thread.start()
            time.sleep(10)
        thread.join()


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

        main, loop = threading.get_ident(), asyncio.get_event_loop()

        def body() -> list[Any]:
            return [
                run_sync(js.Promise.resolve(7)),
                run_sync(coroutine(lambda: asyncio.sleep(0))),
                run_sync(coroutine(lambda: asyncio.sleep(0.001))),
                run_sync(coroutine(lambda: js.Promise.resolve(1))),
                run_sync(asyncio.gather(asyncio.sleep(0, 1), asyncio.sleep(0.001, 2))),
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
