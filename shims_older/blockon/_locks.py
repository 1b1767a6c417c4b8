"""Locks that calls wait for, others running meanwhile: Lock, RLock, and those of imports.

CPython's own know threads of a system, of which there is one: it would look at a lock that is held again and again,
with the whole Worker, and let any call into an RLock. Here a lock is given to the call that has waited longest.
"""

from __future__ import annotations

import _thread
import importlib
import queue
import sys
import threading
from collections import deque
from types import SimpleNamespace
from typing import Any, Never

from . import _waits

__all__ = ["Lock", "RLock", "install"]

_new_lock = _thread.allocate_lock
_new_reentrant = _thread.RLock


class Lock:
    """threading.Lock."""

    __slots__ = ("__weakref__", "_lock", "_waiters")

    def __init_subclass__(cls) -> Never:
        raise TypeError("type 'blockon.Lock' is not an acceptable base type")

    def __init__(self) -> None:
        self._lock = _new_lock()
        self._waiters: deque[Any] | None = None

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        if not blocking:
            return self._lock.acquire(False, timeout)
        if timeout < 0 and timeout != -1:
            raise ValueError("timeout value must be a non-negative number")
        if timeout > threading.TIMEOUT_MAX:
            raise OverflowError("timeout value is too large")
        if self._lock.acquire(False):
            return True
        return timeout != 0 and self._wait(timeout)

    def _wait(self, timeout: float) -> bool:
        _waits.require_wait("cannot wait for a lock that is held", "a wait for a lock")
        if self._waiters is None:
            self._waiters = deque()
        waiter = _waits.new_waiter(timeout)
        self._waiters.append(waiter)
        try:
            # release() does not let go of it: it is this call's from then on.
            return _waits.wait(waiter)
        except BaseException:
            if waiter.woken:
                self.release()
            raise
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    def release(self) -> None:
        while self._waiters:
            if self._waiters.popleft().wake():
                return
        self._lock.release()

    def locked(self) -> bool:
        return self._lock.locked()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def __repr__(self) -> str:
        return f"<{'locked' if self.locked() else 'unlocked'} blockon.Lock object at {id(self):#x}>"

    def _at_fork_reinit(self) -> None:
        self.__init__()  # type: ignore[misc]


class RLock:
    """threading.RLock, which belongs to a task or a call."""

    __slots__ = ("__weakref__", "_block", "_count", "_owner")

    def __init__(self) -> None:
        self._block = Lock()
        self._owner: object = None
        self._count = 0

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        me = _waits.owner()
        if self._count and self._owner == me:
            self._count += 1
            return True
        if not self._block.acquire(blocking, timeout):
            return False
        self._owner = me
        self._count = 1
        return True

    def release(self) -> None:
        if not self._is_owned():
            raise RuntimeError("cannot release un-acquired lock")
        self._count -= 1
        if not self._count:
            self._owner = None
            self._block.release()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def __repr__(self) -> str:
        state = "locked" if self._block.locked() else "unlocked"
        return f"<{state} blockon.RLock object owner={self._owner!r} count={self._count} at {id(self):#x}>"

    def _at_fork_reinit(self) -> None:
        self.__init__()  # type: ignore[misc]

    # What threading.Condition asks of its lock.

    def _is_owned(self) -> bool:
        return self._count > 0 and self._owner == _waits.owner()

    def _recursion_count(self) -> int:
        return self._count if self._is_owned() else 0

    def _release_save(self) -> tuple[int, object]:
        if not self._count:
            raise RuntimeError("cannot release un-acquired lock")
        state = self._count, self._owner
        self._count, self._owner = 0, None
        self._block.release()
        return state

    def _acquire_restore(self, state: tuple[int, object]) -> None:
        self._block.acquire()
        self._count, self._owner = state


def _replace_those_made() -> None:
    """The locks of modules that were imported before: a thread may give way with one in its hands."""
    of_c: dict[type, type] = {type(_new_lock()): Lock, type(_new_reentrant()): RLock}
    for module in list(sys.modules.values()):
        for name, value in list(getattr(module, "__dict__", {}).items()):
            if type(value) in of_c:
                setattr(module, name, of_c[type(value)]())
    of_logging: Any = sys.modules.get("logging")
    for reference in [] if of_logging is None else of_logging._handlerList:
        handler = reference()
        if handler is not None:
            handler.createLock()


def install(calls_wait: bool) -> None:
    """Have them in place of CPython's, also below conditions, events and queues.

    ``calls_wait``: whether some call can. Where none can there is nobody whom an RLock would keep out.
    """
    of_threads: Any = threading
    of_threads.Lock = of_threads._allocate_lock = _thread.allocate_lock = Lock
    of_queues: Any = queue
    of_queues.SimpleQueue = of_queues._PySimpleQueue
    if not calls_wait:
        return
    of_imports: Any = importlib.import_module("importlib._bootstrap")
    # Between their own lines no call waits.
    of_imports._thread = SimpleNamespace(get_ident=_waits.glue.owner, allocate_lock=Lock, RLock=_new_reentrant)
    of_threads._CRLock = _thread.RLock = RLock  # type: ignore[misc]
    _replace_those_made()
