"""Ends a request that is over a limit: where its code runs, when the host's watchdog asks, or where it waits.

The watchdog (jspi/guest/limits.h) asks which request the code that runs is for, and says which is to end. It knows
requests by numbers, which come with them.
"""

from __future__ import annotations

import asyncio
import traceback
from types import CodeType

import _blockon

from . import _request_threads
from ._fibers import cancel, fibers
from ._limit_exceeded import LimitExceeded
from ._thread_loops import main_loop

__all__ = ["end", "install"]


def _asked(over: int) -> int:
    request = _request_threads.current()
    if request is None or not request.number:
        return 0
    if request.number == over and not request.is_told:
        request.is_told = True
        raise LimitExceeded("the request is over its limit of processor time, or of time")
    return request.number


def end(handling: tuple[CodeType, ...], number: int, text: str) -> None:
    """Raise LimitExceeded where a request waits, or soon where it runs: a call of a ``handling`` with that number."""
    for fiber in fibers():
        for frame, _ in traceback.walk_stack(fiber.frame):
            if any(frame.f_code is each for each in handling) and frame.f_locals.get("number") == number:
                cancel(fiber.id, LimitExceeded(text))
                return
    # Where nothing can block, a handler is a task.
    for task in asyncio.all_tasks(main_loop()):
        request = task.get_context().get(_request_threads.variable)
        if request is not None and request.number == number:
            task.cancel(text)


def install() -> None:
    """Answer the host's watchdog from now on."""
    _blockon.watch_requests(_asked)
