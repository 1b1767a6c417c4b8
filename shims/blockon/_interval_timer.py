"""signal.alarm and setitimer, which CPython lacks where its C library does. The timer: jspi/guest/interval_timer.h."""

from __future__ import annotations

import errno
import math
import os
import signal
from typing import Any

import _blockon

__all__ = ["install"]

_SIGALRM = 14
_REAL, _VIRTUAL, _PROF = 0, 1, 2


class ItimerError(OSError):
    """An interval timer that is not there, or a time that is none."""


ItimerError.__module__ = "signal"
ItimerError.__qualname__ = "itimer_error"


def _seconds(number: Any) -> float:
    if isinstance(number, str | bytes):
        raise TypeError(f"must be real number, not {type(number).__name__}")
    seconds = float(number)
    if not 0 <= seconds < math.inf:
        raise ItimerError(errno.EINVAL, os.strerror(errno.EINVAL))
    return seconds


def _is_real(which: int) -> None:
    if which in (_VIRTUAL, _PROF):
        raise ItimerError(
            errno.EINVAL, "only ITIMER_REAL is there: nothing counts the processor's time of this interpreter"
        )
    if which != _REAL:
        raise ItimerError(errno.EINVAL, os.strerror(errno.EINVAL))


def setitimer(which: int, seconds: float, interval: float = 0.0, /) -> tuple[float, float]:
    """Have SIGALRM raised after so many seconds, and again after each interval that is not 0; 0 seconds for never.

    The signal is that of the task that sets it: its handler is called where that waits or computes. One that is not
    handled is ignored. Returns what was left and the interval of the timer before. Raises ``signal.ItimerError``.
    """
    _is_real(which)
    return _blockon.set_interval_timer(_seconds(seconds), _seconds(interval))


def getitimer(which: int, /) -> tuple[float, float]:
    """Return the seconds that are left, 0.0 when the timer is not set, and its interval."""
    _is_real(which)
    return _blockon.get_interval_timer()


def alarm(seconds: int, /) -> int:
    """Have SIGALRM raised after so many seconds; 0 for never. Returns what was left, in whole seconds, at least 1."""
    if isinstance(seconds, float):
        raise TypeError("'float' object cannot be interpreted as an integer")
    left, _ = _blockon.set_interval_timer(_seconds(seconds), 0.0)
    return math.ceil(left)


def install() -> None:
    """Add to the module signal what it has where there are interval timers."""
    module: Any = signal
    if hasattr(module, "setitimer"):
        return
    module.ITIMER_REAL, module.ITIMER_VIRTUAL, module.ITIMER_PROF = _REAL, _VIRTUAL, _PROF
    module.ItimerError = ItimerError
    for function in (alarm, getitimer, setitimer):
        function.__module__ = "signal"
        setattr(module, function.__name__, function)
