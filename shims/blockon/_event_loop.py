"""asyncio's event loop on the queue of the guest (jspi/guest/event_loop.h), in place of Pyodide's.

Pyodide's WebLoop gives each callback a turn of the host's event loop and a task of its own. Here all that is ready runs
in one turn, on one fiber, and a callback that blocks leaves the rest to another turn. What else WebLoop does is left.
"""

from __future__ import annotations

import math
import os
import sys
from asyncio import Handle, Task, TimerHandle
from asyncio.format_helpers import _format_callback_source
from collections.abc import Callable
from contextvars import Context
from types import BuiltinFunctionType
from typing import Any

import _blockon
from pyodide import webloop
from pyodide.webloop import WebLoop

__all__ = ["install"]

_schedule_callback: Any = webloop.scheduleCallback
_webloop_call_later: Any = WebLoop.call_later


def _call_at(
    self: WebLoop, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
) -> TimerHandle:
    handle: Any = TimerHandle(when, callback, args, self, context)
    if when != math.inf:
        # asyncio keeps a flag here; the number of the timer is true in the same cases.
        handle._scheduled = _blockon.call_at(when, handle)
    return handle


def _call_later(
    self: WebLoop, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
) -> Handle:
    if webloop.scheduleCallback is not _schedule_callback:
        # Somebody put a clock of his own in place of Pyodide's function: he is to be asked.
        return _webloop_call_later(self, delay, callback, *args, context=context)
    if delay < 0:
        raise ValueError("Can't schedule in the past")
    if delay == 0:
        return self.call_soon(callback, *args, context=context)
    return _call_at(self, self.time() + delay, callback, *args, context=context)


def _timer_handle_cancelled(_self: WebLoop, handle: Any) -> None:
    _blockon.unschedule(handle._scheduled, handle)


def _prepare(loop: Any) -> None:
    """Make a loop the running one of this thread state."""
    loop._install_running_loop()
    loop._install_asyncgen_hooks()


def _is_step(callback: Any) -> bool:
    """Whether it is a step of a task, which has its exception: whoever waits for the task gets it."""
    return type(callback).__name__ == "TaskStepMethWrapper" or isinstance(getattr(callback, "__self__", None), Task)


def _step_again(handle: Any) -> None:
    """Go on with a task whose step found no memory to note what it awaits; the task yields that again."""
    loop, callback = handle._loop, handle._callback
    arguments: tuple[Any, ...] = ()
    if isinstance(callback, BuiltinFunctionType):
        # It takes the future that the step before awaited, and must not be given its exception once more.
        nothing = loop.create_future()
        nothing.set_result(None)
        arguments = (nothing,)
    loop.call_later(0.001, callback, *arguments, context=handle._context)


def _failed(handle: Any, error: BaseException) -> None:
    """Do with an exception of a callback what Handle._run() and WebLoop do with it."""
    loop = handle._loop
    if isinstance(error, SystemExit):
        if not loop._system_exit_handler:
            raise error
        loop._system_exit_handler(error.code)
    elif isinstance(error, KeyboardInterrupt):
        if loop._keyboard_interrupt_handler:
            loop._keyboard_interrupt_handler()
        elif not _is_step(handle._callback):
            raise error
    elif isinstance(error, MemoryError) and _is_step(handle._callback) and not handle._callback.__self__.done():
        _step_again(handle)
    else:
        source = _format_callback_source(handle._callback, handle._args)
        context = {"message": f"Exception in callback {source}", "exception": error, "handle": handle}
        if handle._source_traceback:
            context["source_traceback"] = handle._source_traceback
        loop.call_exception_handler(context)


_handle_init: Any = Handle.__init__


def _traced_handle_init(
    self: Any,
    callback: Callable[..., Any],
    args: tuple[Any, ...],
    loop: Any,
    context: Context | None = None,
) -> None:
    """Handle.__init__ in debug mode. It looks at its caller's frame, and the guest has none when it makes a handle."""
    _handle_init(self, callback, args, loop, context)
    if self._source_traceback:
        del self._source_traceback[-1]  # this function


def _trace_handles() -> None:
    handle: Any = Handle
    handle.__init__ = _traced_handle_init


def _set_debug(self: WebLoop, enabled: bool) -> None:
    if enabled:
        _trace_handles()
    self._debug = enabled


def install() -> None:
    """Replace how WebLoop schedules. Loops that exist already take it on."""
    _blockon.set_handles(Handle, TimerHandle, WebLoop, _prepare, _failed)
    loop: Any = WebLoop
    loop.call_soon = _blockon.new_call_soon(WebLoop)
    loop.call_at = _call_at
    loop.call_later = _call_later
    loop.set_debug = _set_debug
    loop._timer_handle_cancelled = _timer_handle_cancelled
    # As Pyodide's loop does when it is made.
    if sys.flags.dev_mode or (not sys.flags.ignore_environment and os.environ.get("PYTHONASYNCIODEBUG")):
        _trace_handles()
