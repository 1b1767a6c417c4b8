"""Ends a request that is over a limit: where its code runs, when the host's watchdog asks, or where it waits.

The watchdog asks by a signal (patches/0.28.3/0035-limits.toml) which request the code that runs is for, and says which
is to end. It knows requests by numbers, which come with them.
"""

from __future__ import annotations

import asyncio
import importlib
import signal
from types import CodeType, FrameType
from typing import Any

from . import _request_threads, _slices
from ._limit_exceeded import LimitExceeded

__all__ = ["begin", "end", "install"]

# The glue's side: question() is the number of the request that is to end, 0 for none, -1 where nobody asks.
_words: Any

_LOOP = frozenset({"asyncio.events", "blockon._run_sync", "pyodide.webloop"})
_LOCKS = frozenset({"blockon._locks", "blockon._run_sync", "blockon._threads", "blockon._waits"})
_is_answering = False


def _must_go_on(frame: FrameType | None) -> bool:
    """Whether an exception here would leave something half done.

    The event loop's own code runs for a task, which would lose its step; a lock is changing hands, or a call is woken.
    """
    if frame is not None and frame.f_globals.get("__name__") in _LOCKS:
        return True
    while frame is not None and frame.f_globals.get("__name__") in _LOOP:
        frame = frame.f_back
    return frame is None


def _be_asked_elsewhere() -> None:
    """It cannot end here."""
    _slices.look_elsewhere()
    _words.again()


def _answer(frame: FrameType | None) -> None:
    over = _words.question()
    if over < 0:
        return
    request = _request_threads.current()
    if request is not None and request.number and request.number == over and not request.is_told:
        if _must_go_on(frame):
            _be_asked_elsewhere()
            return
        request.is_told = True
        _words.answer(over)
        raise LimitExceeded("the request is over its limit of processor time, or of time")
    _words.answer(0 if request is None else request.number)


def _asked(_signal: int, frame: FrameType | None) -> None:
    global _is_answering
    if _is_answering:
        return
    _is_answering = True
    try:
        _answer(frame)
        gives_way = _slices.may_give_way(frame)
    finally:
        _is_answering = False
    if gives_way:
        _slices.give_way()


def begin() -> None:
    """Answer the host's watchdog from now on: on the event loop's own stack."""
    global _words
    _words = importlib.import_module("pyodide_js")._module.blockonLimits
    signal.signal(signal.SIGXCPU, _asked)
    _words.begin()


def end(_handling: tuple[CodeType, ...], number: int, text: str) -> None:
    """Cancel the tasks of the request of that number. A call that waits cannot be reached."""
    for task in asyncio.all_tasks(asyncio.get_event_loop()):
        request = _request_threads.current_in(task.get_context())
        if request is not None and request.number == number:
            request.is_told = True  # what it does then is to clean up
            task.cancel(text)


def install() -> None:
    """The watchdog is answered since the start."""
