"""Greenlets beside tasks, and their context variables."""

from __future__ import annotations

import asyncio
import contextvars
import time
from typing import Any

import greenlet
import pytest
from fibers import synchronously, together
from greenlet import GreenletExit, getcurrent
from greenlets import Greenlet, suspended, to_parent
from pyodide.ffi import run_sync

VARIABLE: contextvars.ContextVar[Any] = contextvars.ContextVar("variable", default=None)


class TestTasks:
    def test_a_greenlet_goes_on_in_another_task(self) -> None:
        """As SQLAlchemy's do: each step of a coroutine may be on another fiber."""
        main = getcurrent()

        def body() -> int:
            assert getcurrent().parent is main
            return sum(main.switch(number) for number in range(4))

        async def run() -> int:
            child = Greenlet(body)
            result = child.switch()
            while not child.dead:
                await asyncio.sleep(0)
                result = child.switch(result * 10)
            return int(result)

        async def all_of_them() -> list[int]:
            return await asyncio.gather(*(run() for _ in range(10)))

        assert run_sync(all_of_them()) == [60] * 10

    def test_one_that_runs_in_a_task_is_out_of_reach(self) -> None:
        child = Greenlet(lambda: time.sleep(0.003))

        def other() -> None:
            with pytest.raises(greenlet.error, match="running in another task"):
                child.switch()
            with pytest.raises(ValueError, match="running in a different thread"):
                _ = child.gr_context

        together(child.switch, other)

    def test_all_tasks_have_one_main_greenlet(self) -> None:
        main = getcurrent()
        assert together(getcurrent, getcurrent) == [main, main]
        assert synchronously(getcurrent) is main

    def test_where_nothing_can_be_suspended(self) -> None:
        child = suspended()

        def refused() -> None:
            for target in (child, Greenlet(to_parent)):
                with pytest.raises(greenlet.error, match=r"cannot switch.*called Python synchronously.*callPromising"):
                    target.switch()
            assert getcurrent().switch("itself") == "itself"

        assert synchronously(refused) is None
        child.switch()

    def test_one_that_nobody_refers_to_ends_later_where_nothing_can_be_suspended(self) -> None:
        seen = []

        def body() -> None:
            try:
                to_parent()
            except GreenletExit:
                seen.append("exit")
                raise

        for soon in (getcurrent, lambda: time.sleep(0.001)):
            seen.clear()
            children = [suspended(body)]
            synchronously(children.clear)
            assert seen == []
            soon()
            assert seen == ["exit"]


class TestContext:
    def test_begins_empty(self) -> None:
        VARIABLE.set("outer")
        child = Greenlet(lambda: (VARIABLE.get(), VARIABLE.set("inner"), to_parent(), VARIABLE.get())[-1])
        assert child.gr_context is None
        child.switch()
        assert VARIABLE.get() == "outer"
        assert child.gr_context[VARIABLE] == "inner"
        assert child.switch() == "inner"
        assert child.gr_context[VARIABLE] == "inner"
        VARIABLE.set(None)

    def test_is_settable(self) -> None:
        VARIABLE.set("outer")
        child = Greenlet(lambda: (VARIABLE.get(), to_parent(VARIABLE.get()), VARIABLE.get()))
        child.gr_context = contextvars.copy_context()
        assert child.switch() == "outer"
        child.gr_context = None
        assert child.switch() == ("outer", (), None)
        with pytest.raises(TypeError, match=r"contextvars\.Context or None"):
            child.gr_context = 1
        with pytest.raises(AttributeError):
            del child.gr_context
        VARIABLE.set(None)

    def test_of_the_running_one(self) -> None:
        def body() -> None:
            current = getcurrent()
            assert current.gr_context is None
            VARIABLE.set(1)
            assert current.gr_context[VARIABLE] == 1
            current.gr_context = None
            assert VARIABLE.get() is None

        Greenlet(body).switch()

    def test_of_the_main_one(self) -> None:
        VARIABLE.set("main")
        main = getcurrent()
        assert main.gr_context[VARIABLE] == "main"
        assert Greenlet(lambda: main.gr_context[VARIABLE]).switch() == "main"
        VARIABLE.set(None)
