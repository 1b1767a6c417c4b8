"""asyncio's loop as programs look at it: the kinds of its methods, and its debug mode."""

from __future__ import annotations

import asyncio
import inspect
from asyncio.base_events import BaseEventLoop
from asyncio.selector_events import BaseSelectorEventLoop
from collections.abc import Iterator
from typing import Any

import pytest
from blockon import _sockets
from pyodide.ffi import run_sync
from pyodide.webloop import WebLoop


@pytest.fixture
def traced() -> Iterator[list[dict[str, Any]]]:
    """What the loop's exception handler is told, in debug mode."""
    told: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.set_exception_handler(lambda _loop, context: told.append(context))
    yield told
    loop.set_exception_handler(None)
    loop.set_debug(False)


@pytest.mark.parametrize("name", sorted(_sockets._originals))
def test_methods_are_coroutines_where_asyncio_has_them_so(name: str) -> None:
    """Before the first use too: aiohttp's tests make a mock of them."""
    own = getattr(BaseSelectorEventLoop, name, None) or getattr(BaseEventLoop, name)
    for method in (getattr(WebLoop, name), _sockets._late(name, _sockets._originals[name])):
        assert inspect.iscoroutinefunction(method) == inspect.iscoroutinefunction(own)


def test_debug_mode(traced: list[dict[str, Any]]) -> None:
    async def main() -> list[int]:
        loop = asyncio.get_running_loop()
        assert loop.get_debug()
        future = loop.create_future()
        loop.call_soon(future.set_result, 1)
        other: asyncio.Future[int] = loop.create_future()
        loop.call_later(0.001, other.set_result, 2)

        async def value() -> int:
            await asyncio.sleep(0)
            return 3

        return [await future, await other, *await asyncio.gather(value(), asyncio.create_task(value()))]

    assert run_sync(main()) == [1, 2, 3, 3]
    assert traced == []


@pytest.mark.parametrize("later", [False, True])
def test_where_a_callback_was_asked_for(traced: list[dict[str, Any]], later: bool) -> None:
    def fails() -> None:
        raise KeyError(5)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        if later:
            loop.call_later(0.001, fails)
        else:
            loop.call_soon(fails)
        await asyncio.sleep(0.01)

    run_sync(main())
    [context] = traced
    assert isinstance(context["exception"], KeyError)
    assert "main" in [frame.name for frame in context["source_traceback"][-3:]]
