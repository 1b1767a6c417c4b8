"""Threads: what `_thread` starts is a fiber. Here: how they begin and end, what they raise."""

from __future__ import annotations

import _thread
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import blockon
import pytest
from fibers import synchronously
from threads import run


@pytest.fixture
def unhandled(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[threading.ExceptHookArgs]]:
    """What came to threading.excepthook."""
    seen: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", seen.append)
    yield seen
    seen.clear()


def repr_of_nested() -> type[BaseException] | None:
    """Recursion that ends at the C stack's limit: what that raises."""
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


class TestStart:
    def test_runs_while_the_starter_waits(self) -> None:
        order, begun, goes_on = [], threading.Event(), threading.Event()

        def body() -> None:
            order.append("begins")
            begun.set()
            goes_on.wait()
            order.append("ends")

        thread = threading.Thread(target=body)
        thread.start()
        begun.wait()
        order.append("started")
        goes_on.set()
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

    def test_recursion_ends_in_an_exception(self) -> None:
        assert run(repr_of_nested) is RecursionError


class TestStackSize:
    @pytest.fixture(autouse=True)
    def _as_it_was(self) -> Iterator[None]:
        assert threading.stack_size() == 0
        yield
        threading.stack_size(0)

    @pytest.mark.parametrize("size", [32 * 1024, 256 * 1024, 64 * 1024 * 1024])
    def test_is_told_and_no_other_stack(self, size: int) -> None:
        assert threading.stack_size(size) == 0
        assert run(repr_of_nested) is RecursionError
        assert threading.stack_size(size) == size
        assert threading.stack_size() == size  # and asks for 0, as on CPython
        assert threading.stack_size() == 0

    @pytest.mark.parametrize(
        ("size", "says"),
        [
            (-1, "size must be 0 or a positive value"),
            (1, "size not valid: 1 bytes"),
            (4096, "size not valid: 4096 bytes"),
        ],
    )
    def test_that_cannot_be(self, size: int, says: str) -> None:
        with pytest.raises(ValueError, match=says):
            threading.stack_size(size)
        assert threading.stack_size() == 0

    def test_of_another_type(self) -> None:
        not_a_size: Any = "large"
        with pytest.raises(TypeError):
            threading.stack_size(not_a_size)


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

    def test_stop_by_an_asynchronous_exception(self, unhandled: list[threading.ExceptHookArgs]) -> None:
        import ctypes

        # What is raised before its function has begun is no exception of that.
        begun, stop = threading.Event(), threading.Event()

        def body() -> None:
            begun.set()
            while not stop.is_set():
                time.sleep(0)

        thread = threading.Thread(target=body)
        thread.start()
        assert begun.wait(10)
        assert thread.ident is not None
        assert ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(KeyError)) == 1
        thread.join()
        assert [given.exc_type for given in unhandled] == [KeyError]
