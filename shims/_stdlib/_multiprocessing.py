"""What multiprocessing takes of CPython's C module, for one process: its locks and queues work among threads."""

from __future__ import annotations

import threading
from typing import Any

from blockon._processes import no_process

flags: dict[str, int] = {}

_RECURSIVE_MUTEX = 0


class SemLock:
    """A semaphore, or a lock that its owner may take again. Named ones, which processes would share, are none."""

    SEM_VALUE_MAX = 2**31 - 1

    def __init__(self, kind: int, value: int, maxvalue: int, name: str, unlink: bool) -> None:
        if not 0 <= value <= maxvalue <= self.SEM_VALUE_MAX or kind not in (0, 1):
            raise ValueError("invalid value")
        self.kind = kind
        self.maxvalue = maxvalue
        # Without one it is not told to the process that tidies up after others.
        self.name = None
        self._value = value
        self._depth = 0
        self._owner: int | None = None
        self._changed = threading.Condition(threading.Lock())

    @property
    def handle(self) -> int:
        return id(self)

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        if self.kind == _RECURSIVE_MUTEX and self._is_mine():
            self._depth += 1
            return True
        if not block:
            timeout = 0
        with self._changed:
            if not self._changed.wait_for(lambda: self._value > 0, None if timeout is None else max(0.0, timeout)):
                return False
            self._value -= 1
            self._owner = threading.get_ident()
            self._depth += 1
        return True

    def release(self) -> None:
        if self.kind == _RECURSIVE_MUTEX:
            if not self._is_mine():
                raise AssertionError("attempt to release recursive lock not owned by thread")
            if self._depth > 1:
                self._depth -= 1
                return
        with self._changed:
            if self._value >= self.maxvalue:
                raise ValueError("semaphore or lock released too many times")
            self._value += 1
            self._depth -= 1
            self._changed.notify()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def _count(self) -> int:
        return self._depth

    def _is_mine(self) -> bool:
        return self._depth > 0 and self._owner == threading.get_ident()

    def _get_value(self) -> int:
        return self._value

    def _is_zero(self) -> bool:
        return self._value == 0

    def _after_fork(self) -> None:
        self._depth = 0

    @classmethod
    def _rebuild(cls, *_: Any) -> Any:
        no_process("multiprocessing cannot give a lock to another process")


def sem_unlink(name: str, /) -> None:
    """Remove a semaphore by its name: none has one."""
    raise FileNotFoundError(2, "No such file or directory", name)
