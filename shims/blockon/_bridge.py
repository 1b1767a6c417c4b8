"""Blocking, for the rest of this package: the one module that knows of ``pyodide.ffi.run_sync``."""

from __future__ import annotations

from collections.abc import Awaitable

from pyodide.ffi import can_run_sync, run_sync

__all__ = ["block_on", "can_block"]


def can_block() -> bool:
    """Whether a call made here may block on a JavaScript promise."""
    return can_run_sync()


def block_on[T](awaitable: Awaitable[T]) -> T:
    """Wait for an awaitable, others running meanwhile.

    Raises RuntimeError where blocking is impossible: it names the compatibility flag, or the synchronous entry.
    """
    return run_sync(awaitable)
