"""The lock of warnings, under which CPython calls Python code: a fiber can wait there, and others warn meanwhile."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import _blockon
import pytest
from fibers import synchronously, together
from places import waits


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What was shown; a message that begins with "slow" is waited under."""
    messages: list[str] = []

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        messages.append(f"begins {message}")
        if str(message).startswith("slow"):
            while not str(messages[-1]).startswith("go on"):
                waits()
        messages.append(f"ends {message}")

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        monkeypatch.setattr(warnings, "showwarning", show)
        yield messages


def warn(message: str) -> Callable[[], None]:
    return lambda: warnings.warn(message, stacklevel=1)


def test_a_synchronous_call_warns_within_the_warning_of_a_fiber_that_waits(shown: list[str]) -> None:
    def calls() -> None:
        assert synchronously(lambda: (warn("sync")(), synchronously(warn("inner")))) == (None, None)
        parked = _blockon.stats()["parked_fibers"]
        assert parked == 1  # the third one: the lock is still of the first
        shown.append("go on")

    def calls_when_the_third_waits() -> None:
        while _blockon.stats()["parked_fibers"] == 0:
            waits()
        calls()

    together(warn("slow"), calls_when_the_third_waits, warn("third"))
    within = ["begins sync", "ends sync", "begins inner", "ends inner", "go on"]
    assert shown == ["begins slow", *within, "ends slow", "begins third", "ends third"]


def test_filters_are_changed_within_the_warning_of_a_fiber_that_waits(shown: list[str]) -> None:
    """By Python's half of the module, which takes the same lock."""

    def filters() -> list[str]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warn("ignored")()
        warn("heard")()
        return shown[-2:]

    def calls() -> None:
        assert synchronously(filters) == ["begins heard", "ends heard"]
        shown.append("go on")

    together(warn("slow"), calls)
    assert shown == ["begins slow", "begins heard", "ends heard", "go on", "ends slow"]


def test_a_synchronous_call_that_shows_nothing_for_itself_raises_through_the_lock(shown: list[str]) -> None:
    def raises() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warn("raised")()

    def calls() -> None:
        assert isinstance(synchronously(raises), UserWarning)
        shown.append("go on")

    together(warn("slow"), calls, warn("third"))
    assert shown == ["begins slow", "go on", "ends slow", "begins third", "ends third"]
