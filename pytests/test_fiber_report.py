"""What `blockon ps` is told of the fibers of an interpreter."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import _blockon
import js
import pytest
from blockon import current_fiber
from blockon._fiber_report import report
from fibers import synchronously, together
from pyodide.ffi import run_sync


def listed(stacks: bool = False) -> dict[str, Any]:
    """The report as it is made outside of any fiber, where the event loop asks for it."""
    text = synchronously(lambda: report(stacks))
    assert isinstance(text, str)
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def reported_while(wait: Callable[[Any], Any], count: int = 1, stacks: bool = False) -> dict[str, Any]:
    """The report while so many fibers wait for a promise by `wait`."""
    gate = js.Promise.withResolvers()
    reports: list[dict[str, Any]] = []

    def report_and_release() -> None:
        reports.append(listed(stacks))
        gate.resolve()

    together(*[lambda: wait(gate.promise)] * count, report_and_release)
    return reports[0]


def waits_here(promise: Any) -> None:
    run_sync(promise)


def waits_deeply(promise: Any, depth: int = 50) -> None:
    if depth:
        waits_deeply(promise, depth - 1)
    else:
        run_sync(promise)


def of_function(name: str, found: dict[str, Any]) -> list[dict[str, Any]]:
    return [fiber for fiber in found["fibers"] if fiber["frames"] and fiber["frames"][-1]["function"] == name]


def test_says_where_a_fiber_waits_and_for_what() -> None:
    found = reported_while(waits_here)
    (fiber,) = of_function("waits_here", found)
    assert (fiber["state"], fiber["waitsFor"]) == ("suspended", "a promise")
    assert fiber["age"] >= 0
    assert fiber["omittedFrames"] == 0
    (frame,) = fiber["frames"]
    assert frame["file"] == __file__
    assert frame["line"] == waits_here.__code__.co_firstlineno + 1
    assert frame["text"] == "run_sync(promise)"
    assert found["live"] == len(found["fibers"]) > listed()["live"]


def test_has_the_fiber_of_this_test() -> None:
    ids = [fiber["id"] for fiber in listed()["fibers"]]
    assert current_fiber() in ids
    assert len(set(ids)) == len(ids)


def test_lists_the_oldest_first() -> None:
    ages = [fiber["age"] for fiber in reported_while(waits_here, 5)["fibers"] if fiber["state"] == "suspended"]
    assert ages == sorted(ages, reverse=True)


def test_stacks_have_the_outermost_call_first() -> None:
    (fiber,) = of_function("waits_here", reported_while(lambda promise: waits_here(promise), stacks=True))
    names = [frame["function"] for frame in fiber["frames"]]
    assert names[-2].endswith("<lambda>")
    assert fiber["omittedFrames"] == 0


def test_leaves_out_the_outermost_calls_of_a_deep_stack() -> None:
    (fiber,) = of_function("waits_deeply", reported_while(waits_deeply, stacks=True))
    assert len(fiber["frames"]) == 30
    assert fiber["omittedFrames"] >= 21
    assert {frame["function"] for frame in fiber["frames"]} == {"waits_deeply"}


def test_lists_a_thousand_at_most() -> None:
    found = reported_while(waits_here, 1010)
    assert len(found["fibers"]) == 1000
    assert found["live"] >= 1011


def test_cuts_long_text() -> None:
    scope: dict[str, Any] = {"run_sync": run_sync}
    name = "n" * 1000
    exec(compile(f"def {name}(promise): run_sync(promise)", "f" * 1000, "exec"), scope)
    found = reported_while(scope[name])
    (frame,) = (fiber["frames"][-1] for fiber in found["fibers"] if fiber["frames"][-1]["file"].startswith("fff"))
    assert frame["file"] == "f" * 197 + "..."
    assert frame["function"] == "n" * 197 + "..."


@pytest.mark.parametrize("stacks", [False, True])
def test_takes_what_is_no_utf_16(stacks: bool) -> None:
    scope: dict[str, Any] = {"run_sync": run_sync}
    exec(compile("def waits(promise): run_sync(promise)", "half \ud83d\x1b[2J", "exec"), scope)
    files = [fiber["frames"][-1]["file"] for fiber in reported_while(scope["waits"], stacks=stacks)["fibers"]]
    assert "half \ud83d\x1b[2J" in files


def test_the_limit_of_fibers_is_known() -> None:
    assert _blockon.stats()["fiber_limit"] == 20_000


def test_is_no_longer_than_its_reader_takes() -> None:
    scope: dict[str, Any] = {"run_sync": run_sync}
    name = "\u20ac" * 190
    source = (
        f"def {'é' * 190}(promise, depth):\n  if depth: {'é' * 190}(promise, depth - 1)\n  else: run_sync(promise)\n"
    )
    exec(compile(source, name, "exec"), scope)
    deep = scope["é" * 190]
    gate = js.Promise.withResolvers()
    texts: list[Any] = []

    def report_and_release() -> None:
        texts.append(synchronously(lambda: report(True)))
        gate.resolve()

    together(*[lambda: deep(gate.promise, 40)] * 900, report_and_release)
    assert len(texts[0]) < 16 * 1024 * 1024
    found = json.loads(texts[0])
    assert found["live"] >= 900
    assert len(found["fibers"]) > 100
