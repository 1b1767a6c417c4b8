"""Finalizers that the garbage collector runs: they may wait for a second, and collecting goes on after them."""

from __future__ import annotations

import asyncio
import gc
import sys
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import js
import pytest
from places import waits
from pyodide.ffi import run_sync


class Node:
    """One end of a reference cycle; `finalize` is called when it is collected."""

    def __init__(self, finalize: Callable[[], None] | None = None) -> None:
        self.me = self
        self.finalize = finalize

    def __del__(self) -> None:
        if self.finalize:
            self.finalize()


@pytest.fixture(autouse=True)
def unraisable(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The exceptions of finalizers."""
    gc.collect()
    seen: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda what: seen.append(what.exc_value))
    return seen


@pytest.fixture
def often() -> Iterator[None]:
    """Collections all the time."""
    before = gc.get_threshold()
    gc.set_threshold(10, 2, 2)
    yield
    gc.set_threshold(*before)


def collects() -> bool:
    node = Node()
    watched = weakref.ref(node)
    del node
    gc.collect()
    return watched() is None


def test_a_short_wait(unraisable: list[Any]) -> None:
    steps: list[str] = []
    Node(lambda: steps.append(waits("waited", 20)))
    gc.collect()
    assert steps == ["waited"]
    assert not unraisable
    assert collects()


def test_a_long_wait_ends_in_an_error(unraisable: list[Any]) -> None:
    never = asyncio.get_event_loop().create_future()
    Node(lambda: run_sync(never))
    gc.collect()
    assert [type(error) for error in unraisable] == [TimeoutError]
    assert "within a garbage collection" in str(unraisable[0])
    assert collects()
    never.cancel()


@pytest.mark.parametrize("kind", ["coroutine", "promise"])
def test_other_long_waits(kind: str, unraisable: list[Any]) -> None:
    never = js.Promise.withResolvers().promise
    Node(lambda: run_sync(asyncio.sleep(60) if kind == "coroutine" else never))
    gc.collect()
    assert [type(error) for error in unraisable] == [TimeoutError]
    assert collects()


def test_the_second_is_for_all_waits_of_a_collection(unraisable: list[Any]) -> None:
    rounds: list[int] = []

    def finalize() -> None:
        for number in range(1000):
            waits(ms=50)
            rounds.append(number)

    nodes = [Node(finalize) for _ in range(3)]
    nodes.clear()
    gc.collect()
    assert [type(error) for error in unraisable] == [TimeoutError] * 3
    assert len(rounds) < 1000
    assert collects()


def test_every_collection_has_a_second_of_its_own(unraisable: list[Any]) -> None:
    steps: list[int] = []
    for _ in range(4):
        Node(lambda: steps.append(waits(1, 400)))
        gc.collect()
    assert len(steps) == 4
    assert not unraisable


def test_others_make_cycles_meanwhile() -> None:
    dead: list[Any] = []
    order: list[str] = []

    async def makes() -> None:
        waits(ms=5)
        order.append("makes")
        dead.extend(weakref.ref(Node()) for _ in range(100))
        assert gc.collect() == 0  # a collection is going on

    async def collector() -> None:
        Node(lambda: waits(ms=60))
        gc.collect()
        order.append("collected")

    async def both() -> None:
        await asyncio.gather(collector(), makes())

    run_sync(both())
    assert order == ["makes", "collected"]
    gc.collect()
    assert all(reference() is None for reference in dead)


def test_waits_of_others_are_not_bounded(unraisable: list[Any]) -> None:
    """While a collection waits, another task's wait is none of its business."""
    never = asyncio.get_event_loop().create_future()

    async def outside() -> str:
        waits(ms=5)
        return waits("outside", 1300)

    async def collector() -> None:
        Node(lambda: run_sync(never))
        gc.collect()

    async def both() -> list[Any]:
        return await asyncio.gather(collector(), outside())

    assert run_sync(both())[1] == "outside"
    assert [type(error) for error in unraisable] == [TimeoutError]
    never.cancel()


@pytest.mark.usefixtures("often")
def test_automatic_collections(unraisable: list[Any]) -> None:
    steps: list[int] = []

    async def works(number: int) -> int:
        total = 0
        for turn in range(10):
            Node(lambda: steps.append(waits(1, number % 3)))
            total += waits(turn, turn % 4) + sum(len([item]) for item in range(20))
        return total

    async def many() -> list[int]:
        return await asyncio.gather(*(works(number) for number in range(20)))

    assert run_sync(many()) == [245] * 20
    gc.collect()
    assert len(steps) == 200
    assert not unraisable


def test_weakref_callback_and_finalize_within_a_collection(unraisable: list[Any]) -> None:
    steps: list[str] = []
    node = Node()
    reference = weakref.ref(node, lambda _: steps.append(waits("callback")))
    weakref.finalize(node, lambda: steps.append(waits("finalize")))
    del node
    gc.collect()
    assert reference() is None
    assert sorted(steps) == ["callback", "finalize"]
    assert not unraisable
