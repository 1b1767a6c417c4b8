"""``breakpoint()`` and ``input()`` over the terminal of ``blockon dev``: who asks waits for a line, others go on."""

from __future__ import annotations

import sys
from typing import Any

from . import _bridge, _host_input

__all__ = ["install"]


def _stop(*_args: Any, **_kwargs: Any) -> None:
    if not _bridge.can_block():
        raise RuntimeError("breakpoint() waits for the terminal, and nothing can wait here: see pyodide.ffi.run_sync")
    from ._debugger import Debugger

    Debugger().set_trace(sys._getframe(1))


def install(lines: Any) -> None:
    """Have ``input()`` and debuggers read from an asynchronous iterator of JavaScript's."""
    _host_input.read_from(lines)
    sys.breakpointhook = _stop
