"""Code that runs in the middle of a switch, and switches itself: trace functions, what gives `run`, finalizers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import greenlet
import pytest
from greenlet import getcurrent
from greenlet import greenlet as Greenlet  # noqa: N812


@pytest.fixture(autouse=True)
def no_trace() -> Iterator[None]:
    yield
    greenlet.settrace(None)


def test_a_trace_function_that_switches() -> None:
    """What a greenlet was sent is its own, whoever is sent something before it has it."""
    main, got = getcurrent(), []
    switched = []

    def trace(*event: object) -> None:
        if not switched:
            switched.append(event)
            got.append(("trace", second.switch("from the trace function")))

    def body(name: str, value: Any) -> str:
        got.append((name, value))
        got.append((name, main.switch(f"from {name}")))
        return f"{name} ends"

    first = Greenlet(lambda value: body("first", value))
    second = Greenlet(lambda value: body("second", value))
    greenlet.settrace(trace)
    assert first.switch("one") == "from second"
    assert second.switch("two") == "second ends"
    assert first.switch("three") == "from first"
    assert first.switch("four") == "first ends"
    assert got == [
        ("second", "from the trace function"),
        ("second", "two"),
        ("trace", "three"),
        ("first", "one"),
        ("first", "four"),
    ]


def test_one_that_is_started_by_what_gives_its_run() -> None:
    class Child(Greenlet):
        asked = 0

        def __getattribute__(self, name: str) -> Any:
            if name == "run":
                self.asked += 1
                if self.asked == 1:
                    got.append(self.switch("inner"))
            return super().__getattribute__(name)

        def run(self, value: str) -> str:
            got.append(value)
            got.append(main.switch("from the child"))
            return "end"

    main, got = getcurrent(), []
    child = Child()
    assert child.switch("outer") == "end"
    assert got == ["inner", "from the child", "outer"]


def test_a_parent_whose_start_switches_away() -> None:
    """The greenlet that has ended is not at its end before its parent goes on."""

    class Parent(Greenlet):
        def __getattribute__(self, name: str) -> Any:
            if name == "run":
                got.append(main.switch("in the start"))
            return super().__getattribute__(name)

    main, got = getcurrent(), []
    parent = Parent(lambda value: ("parent", value))
    child = Greenlet(lambda: "result", parent)
    assert child.switch() == "in the start"
    assert not child.dead
    assert child.switch("go on") == ("parent", "result")
    assert got == ["go on"]
    assert child.dead
    assert parent.dead


def test_a_run_that_is_replaced_and_switches_at_its_end() -> None:
    class Run:
        def __del__(self) -> None:
            got.append(main.switch("deleted"))

    class Child(Greenlet):
        def __getattribute__(self, name: str) -> Any:
            return (lambda: "ran") if name == "run" else super().__getattribute__(name)

    main, got = getcurrent(), []
    child = Child(Run())
    assert child.switch() == "deleted"
    assert child.switch("back") == "ran"
    assert got == ["back"]


def test_an_argument_whose_finalizer_switches() -> None:
    class Argument:
        def __del__(self) -> None:
            other.switch()

    got: list[str] = []
    other = Greenlet(lambda: got.append("other"))
    child = Greenlet(lambda argument: "ran")
    assert child.switch(Argument()) == "ran"
    assert got == ["other"]


def test_an_exception_in_a_run_getter_leaves_it_unstarted() -> None:
    class Child(Greenlet):
        fails = True

        def __getattribute__(self, name: str) -> Any:
            if name == "run" and self.fails:
                raise KeyError(name)
            return super().__getattribute__(name)

    child = Child(lambda: "ran")
    with pytest.raises(KeyError):
        child.switch()
    assert not child.dead
    child.fails = False
    assert child.switch() == "ran"
