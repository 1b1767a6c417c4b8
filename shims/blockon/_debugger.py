"""The debugger of ``breakpoint()``, imported when a Worker stops there first.

One has the terminal at a time; who stops meanwhile waits for its turn.
"""

from __future__ import annotations

import pdb  # noqa: T100
import sys
import threading
from typing import Any

__all__ = ["Debugger"]

_terminal = threading.Lock()


class Debugger(pdb.Pdb):
    """Of one stop: it traces the fiber that called ``breakpoint()`` alone."""

    def __init__(self) -> None:
        """Read from and write to what ``sys`` has now."""
        # Given both, it reads lines from the one and writes its prompt to the other.
        super().__init__(stdin=sys.stdin, stdout=sys.stdout, nosigint=True)

    def interaction(self, *args: Any, **kwargs: Any) -> None:
        """Read commands, when the terminal is free."""
        with _terminal:
            super().interaction(*args, **kwargs)
