"""`blockon ps` asks for fibers, of which there are none to list."""

from __future__ import annotations

from typing import Never

from ._older import unavailable

__all__ = ["report"]


def report(_stacks: bool) -> Never:
    """Raises RuntimeError, whose text `blockon ps` shows."""
    raise RuntimeError(unavailable("the list of fibers"))
