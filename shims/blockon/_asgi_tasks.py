"""The tasks in which applications run. Each begins at once, and is kept until it ends, whoever waits for it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any

__all__ = ["start", "tell"]

_tell: Callable[[Coroutine[Any, Any, None]], object] | None = None
_going_on: set[asyncio.Task[None]] = set()
# Done when none of them goes on any more: one for all, since who is told has more to do for each than an application.
_over: asyncio.Future[None] | None = None


def start(run: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
    """Run an application; it may have ended already."""
    if sys.version_info >= (3, 12):
        task = asyncio.Task(run, loop=asyncio.get_running_loop(), name=name, eager_start=True)
    else:  # CPython, beside which the runtime's tests run
        task = asyncio.Task(run, loop=asyncio.get_running_loop(), name=name)
    if not task.done():
        _going_on.add(task)
        task.add_done_callback(_ended)
        if _tell is not None:
            _tell_of(task, _tell)
    return task


def _tell_of(task: asyncio.Task[None], tell: Callable[[Coroutine[Any, Any, None]], object]) -> None:
    global _over
    loop = task.get_loop()
    if _over is None or _over.done():
        _over = loop.create_future()
        # Of no request: it may be the end of another's that it waits for.
        Context().run(tell, _until(_over))
    elif _over.get_loop() is not loop:
        tell(_end_of(task))


def tell(told: Callable[[Coroutine[Any, Any, None]], object]) -> None:
    """Have this called when some go on, with a coroutine that lasts as long. An interpreter ends after it."""
    global _tell
    _tell = told


async def _until(over: asyncio.Future[None]) -> None:
    await over


async def _end_of(task: asyncio.Task[None]) -> None:
    await asyncio.wait((task,))


def _ended(task: asyncio.Task[None]) -> None:
    _going_on.discard(task)
    if not _going_on and _over is not None and not _over.done():
        _over.set_result(None)
    if not task.cancelled():
        task.exception()  # is raised to whoever waits for the answer, or logged
