"""What is a thread's own: its ident, its names, its state and its locks."""

from __future__ import annotations

import contextvars
import sys
import threading
import time
import traceback

import blockon
import pytest
from fibers import together
from threads import run


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
        while "wait" not in [each.name for each in traceback.extract_stack(sys._current_frames()[thread.ident])]:
            time.sleep(0)
        fiber = next(fiber for fiber in blockon.fibers() if fiber.kind == "thread")
        assert (fiber.thread, fiber.name, fiber.state) == (thread.ident, "waits at the gate", "suspended")
        gate.set()
        thread.join()
