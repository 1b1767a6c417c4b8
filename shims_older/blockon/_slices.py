"""A thread that computes gives way: CPython looks for signals while it does, and the one that it finds leads here.

It does so when its time is over, which is sys.setswitchinterval()'s; below a millisecond it is whenever CPython looks.

Only between two instructions of the thread's own code, at a loop's end or a function's begin: elsewhere C code may have
called for signals with something half done.
"""

from __future__ import annotations

import opcode
import sys
from types import FrameType

from . import _waits

__all__ = ["give_way", "install", "look_elsewhere", "may_give_way"]

_BETWEEN = frozenset({opcode.opmap["RESUME"], opcode.opmap["JUMP_BACKWARD"]})
# What counts on running alone from one wait to the next.
_ALONE = ("blockon.", "pyodide.", "_pyodide.", "importlib.", "_frozen_importlib")
_tries = 0


def look_elsewhere() -> None:
    """CPython asks again 50 looks later, which may be at this place each time: have it look some times here."""
    global _tries
    _tries += 1
    for _ in range(_tries * 7 % 30):
        pass


def may_give_way(frame: FrameType | None) -> bool:
    """Whether the code that runs is a thread's whose slice is over, and can wait here."""
    if frame is None or _waits.glue is None or not _waits.glue.isSliceOver():
        return False
    name = str(frame.f_globals.get("__name__"))
    if name.startswith(_ALONE) or frame.f_code.co_code[frame.f_lasti] not in _BETWEEN or not _waits.can_wait():
        look_elsewhere()
        _waits.glue.tellAgain()
        return False
    return True


def _set_switch_interval(interval: float) -> None:
    _set_of_c(interval)
    _waits.glue.setSlice(sys.getswitchinterval() * 1000)


_set_of_c = sys.setswitchinterval


def install() -> None:
    """Have sys.setswitchinterval() say for how long a thread may compute."""
    sys.setswitchinterval = _set_switch_interval


def give_way() -> None:
    """Until the host's event loop has turned."""
    _waits.run_sync(_waits.glue.turn())
