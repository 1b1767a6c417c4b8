"""Applications that go on when their answer has begun, and who is told of them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from blockon import _asgi_tasks
from pyodide.ffi import run_sync


class Told:
    """Who is told, as the realm is."""

    def __init__(self) -> None:
        self.lasting: list[asyncio.Task[None]] = []

    def __call__(self, coroutine: Coroutine[Any, Any, None]) -> None:
        self.lasting.append(asyncio.ensure_future(coroutine))

    @property
    def goes_on(self) -> bool:
        return any(not each.done() for each in self.lasting)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    told = Told()
    monkeypatch.setattr(_asgi_tasks, "_tell", told)
    monkeypatch.setattr(_asgi_tasks, "_over", None)
    return told


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_one_that_has_ended_is_told_to_nobody(told: Told) -> None:
    async def ends() -> None:
        pass

    async def main() -> None:
        assert _asgi_tasks.start(ends(), "ends").done()

    run_sync(main())
    assert told.lasting == []


def test_it_lasts_until_the_last_has_ended(told: Told) -> None:
    async def fails(event: asyncio.Event) -> None:
        await event.wait()
        raise ValueError("why")

    async def main() -> None:
        events = [asyncio.Event() for _ in range(4)]
        waits = [_asgi_tasks.start(each.wait(), "waits") for each in events[:2]]  # type: ignore[arg-type]
        waits += [_asgi_tasks.start(fails(each), "fails") for each in events[2:]]
        await _settle()
        assert (len(told.lasting), told.goes_on) == (1, True)
        events[0].set()
        events[2].set()
        waits[1].cancel()
        await _settle()
        assert told.goes_on
        events[3].set()
        await _settle()
        assert not told.goes_on
        # And anew.
        event = asyncio.Event()
        _asgi_tasks.start(event.wait(), "waits")  # type: ignore[arg-type]
        await _settle()
        assert (len(told.lasting), told.goes_on) == (2, True)
        event.set()
        await _settle()
        assert not told.goes_on

    run_sync(main())


def test_those_of_another_loop_are_told_by_themselves(told: Told) -> None:
    async def main() -> None:
        event = asyncio.Event()
        _asgi_tasks.start(event.wait(), "waits")  # type: ignore[arg-type]

        async def on_thread() -> None:
            await asyncio.gather(_asgi_tasks.start(asyncio.sleep(0.001), "sleeps"))
            await _settle()

        await asyncio.to_thread(asyncio.run, on_thread())
        assert (len(told.lasting), told.goes_on) == (2, True)
        event.set()
        await _settle()
        assert not told.goes_on

    run_sync(main())
