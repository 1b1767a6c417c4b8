"""Locks that are never waited for in vain: what is held here stays held for as long as somebody looks at it.

CPython would look at such a lock again and again, with the whole Worker.
"""

from __future__ import annotations

import _thread
import queue
import threading
from typing import Any

from ._older import unavailable

__all__ = ["install"]

_new_lock = _thread.allocate_lock


class Lock:
    """threading.Lock, whose ``acquire`` raises where it would wait."""

    __slots__ = ("__weakref__", "_lock")

    def __init__(self) -> None:
        self._lock = _new_lock()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        if not blocking:
            return self._lock.acquire(False, timeout)
        if self._lock.acquire(False):
            return True
        raise RuntimeError(f"cannot wait for a lock that is held: {unavailable('a wait for a lock')}")

    def release(self) -> None:
        self._lock.release()

    def locked(self) -> bool:
        return self._lock.locked()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def __repr__(self) -> str:
        return f"<{'locked' if self.locked() else 'unlocked'} blockon.Lock at {id(self):#x}>"

    def _at_fork_reinit(self) -> None:
        self._lock = _new_lock()


def install() -> None:
    """Have them in place of CPython's, also below conditions, events and queues."""
    _of_threads: Any = threading
    _of_threads.Lock = _of_threads._allocate_lock = _thread.allocate_lock = Lock
    _of_queues: Any = queue
    _of_queues.SimpleQueue = _of_queues._PySimpleQueue
