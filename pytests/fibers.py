"""Running functions on fibers of their own, side by side: each is an asyncio task that blocks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import js
from pyodide.ffi import create_proxy, run_sync


def together(*functions: Callable[[], Any], raising: bool = True) -> list[Any]:
    """Call each on a fiber of its own, in this order; return what they return, or raise, once all have ended."""

    async def call(function: Callable[[], Any]) -> Any:
        return function()

    async def run() -> list[Any]:
        return await asyncio.gather(*(call(function) for function in functions), return_exceptions=True)

    results = run_sync(run())
    for result in results:
        if raising and isinstance(result, BaseException):
            raise result
    return results


def synchronously(function: Callable[[], Any]) -> Any:
    """Call it with a JavaScript frame below, where nothing can be suspended; return what it returns or raises."""
    results: list[Any] = []

    def callback(*_: Any) -> None:
        try:
            results.append(function())
        except Exception as error:
            results.append(error)

    proxy = create_proxy(callback)
    js.Array.new(1).fill(0).forEach(proxy)
    proxy.destroy()
    return results[0]
