"""What asyncio awaits, given to run_sync: a coroutine runs at once up to its first wait, and is done if it never waits.

``run_sync`` is the guest's (jspi/guest_older/run_sync.cc), which awaits promises without asyncio.
"""

from __future__ import annotations

import _asyncio
import _thread
import asyncio
import importlib
from types import CoroutineType
from typing import Any

from . import _waits

__all__ = ["install"]

_main_ident = _thread.get_ident()
_web_loop: Any = importlib.import_module("pyodide.webloop").WebLoop
_call_soon: Any = _web_loop.call_soon


class _Wake:
    """The callback of a future for which a call waits."""

    __slots__ = ("_waiter",)

    def __init__(self, waiter: Any) -> None:
        self._waiter = waiter

    def __call__(self, _future: object) -> None:
        self._waiter.wake()


def _schedule(self: Any, callback: Any, *args: Any, context: Any = None) -> Any:
    """WebLoop.call_soon. A call that waits goes on in a turn of its own, and needs no other one to be woken in."""
    if type(callback) is _Wake:
        return callback(*args)
    return _call_soon(self, callback, *args, context=context)


def _begin(awaitable: Any) -> asyncio.Future[Any]:
    if type(awaitable) is CoroutineType:
        loop: Any = _asyncio._get_running_loop()
        # A thread's coroutine runs on the main thread's loop, all of it.
        if loop is not None and loop.get_task_factory() is None and _thread.get_ident() == _main_ident:
            return asyncio.Task(awaitable, loop=loop, eager_start=True)
    return asyncio.ensure_future(awaitable)


def _await(awaitable: Any) -> Any:
    future = _begin(awaitable)
    if not future.done():
        waiter = _waits.new_waiter(-1)
        future.add_done_callback(_Wake(waiter))
        _waits.wait(waiter)
    return future.result()


def install() -> None:
    """Have run_sync give here what is Python's."""
    _web_loop.call_soon = _schedule
    guest: Any = importlib.import_module("_blockon")
    guest.set_await(_await)
    of_c: Any = _asyncio
    loop = asyncio.get_event_loop()
    guest.set_asyncio((of_c._get_running_loop, of_c._set_running_loop, of_c._swap_current_task, loop))
