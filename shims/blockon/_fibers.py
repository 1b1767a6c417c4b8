"""Fibers as programs see them: time limits, cancellation, the list of those that are alive."""

from __future__ import annotations

import _queue
import _thread
import asyncio
import sys
import traceback
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self

import _blockon

__all__ = ["Fiber", "Watch", "cancel", "current_fiber", "fibers", "may_wait_for_ever", "timeout"]

_LOCKS = (_thread.LockType, _thread.RLock, _queue.SimpleQueue)


class timeout:  # noqa: N801  (a function to its callers, as asyncio.timeout is)
    """Limit the time that a block of code may take, blocking or not.

    ``with blockon.timeout(5): ...`` raises TimeoutError when the block has not ended after 5 seconds. Inside, the code
    sees ``asyncio.CancelledError`` where it waits, or soon where it computes, so that its ``finally`` clauses run; like
    any cancellation it can be caught, and is then not repeated. None is no limit. Blocks may be nested.

    Raises RuntimeError at the start of the block where JavaScript called Python synchronously, outside of any fiber.
    """

    def __init__(self, seconds: float | None) -> None:
        if seconds is not None and not isinstance(seconds, int | float):
            raise TypeError(f"a timeout is a number of seconds or None, not {type(seconds).__name__}")
        self._seconds = seconds
        self._error: BaseException | None = None
        self._expired = False

    def expired(self) -> bool:
        """Whether the time had passed when the block ended."""
        return self._expired

    def __enter__(self) -> Self:
        if self._error is not None:
            raise RuntimeError("this timeout is in use already: make a new one for each block")
        if self._seconds is None:
            return self
        self._error = asyncio.CancelledError(f"the block took more than {self._seconds} s")
        try:
            _blockon.set_deadline(self._seconds, self._error)
        except BaseException as error:
            # Its own is raised here where the time is over before the block begins.
            self._expired = _blockon.end_deadline(self._error)
            self._ended(error)
            raise
        return self

    if TYPE_CHECKING:

        def __exit__(
            self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
        ) -> None: ...

    def _ended(self, error: BaseException | None) -> None:
        own, self._error = self._error, None
        if self._expired and error is not None and error is own:
            raise TimeoutError(f"the block took more than {self._seconds} s") from error


timeout.__exit__ = _blockon.new_timeout_exit(timeout)  # type: ignore[method-assign]


@dataclass(frozen=True)
class Fiber:
    """A live fiber: one stack of Python calls.

    ``age`` is the seconds since it first waited, ``waits_for`` what it waits for; that is None unless it is suspended.
    ``awaited`` is that as an object: a lock, a queue or a future, the address of another thing in memory, or None.
    ``held_by`` is the id of the fiber that holds such a lock, if that is known; for one without an owner it is the
    fiber that took it last, which is a hint. ``thread`` is the ident of the thread that it is, or a part of, as a
    greenlet is; None for a task, which is a part of the main thread, and for that one's greenlets.
    """

    id: int
    kind: str
    state: str
    age: float
    waits_for: str | None
    frame: FrameType | None
    awaited: Any = None
    held_by: int | None = None
    thread: int | None = None

    @property
    def name(self) -> str | None:
        """The name of the thread that it is or is a part of, if ``threading`` knows it."""
        return getattr(_thread_object(self.thread), "name", None)

    def stack(self) -> traceback.StackSummary:
        """Where it is, the outermost call first."""
        return traceback.StackSummary.extract(reversed(list(traceback.walk_stack(self.frame))) if self.frame else [])


def _thread_object(ident: int | None) -> object:
    """What ``threading`` has of a thread; None if it has nothing, or was never imported."""
    threading: Any = sys.modules.get("threading")
    return None if ident is None or threading is None else threading._active.get(ident)


def may_wait_for_ever(fiber: Fiber) -> bool:
    """Whether it is nobody's loss that a fiber waits when all is done: a daemon thread, an idle one of a pool."""
    if fiber.thread is None:
        return False
    thread: Any = _thread_object(fiber.thread)
    anyio: Any = sys.modules.get("anyio._backends._asyncio")
    if anyio is not None and isinstance(thread, anyio.WorkerThread) and thread in thread.idle_workers:
        return True
    executors: Any = sys.modules.get("concurrent.futures.thread")
    is_idle = executors is not None and fiber.frame is not None and fiber.frame.f_code is executors._worker.__code__
    return is_idle or bool(getattr(thread, "daemon", False))


def fibers() -> list[Fiber]:
    """All live fibers, the youngest first."""
    return [Fiber(*entry) for entry in _blockon.fibers(_LOCKS)]


def current_fiber() -> int:
    """The id of the fiber that runs this code; 0 where JavaScript called Python synchronously, outside of any."""
    number: int = _blockon.stats()["fiber_id"]
    return number


class Watch:
    """What cancel() gives to the fiber that made it, from then to end()."""

    _all: ClassVar[dict[int, list[Watch]]] = {}

    def __init__(self) -> None:
        self._fiber = current_fiber()
        self._given: list[BaseException] = []
        self._all.setdefault(self._fiber, []).append(self)

    def end(self) -> list[BaseException]:
        """What was given, in this order."""
        watches = self._all[self._fiber]
        watches.remove(self)
        if not watches:
            del self._all[self._fiber]
        return self._given

    @classmethod
    def note(cls, fiber_id: int, error: BaseException) -> None:
        """Tell those of a fiber."""
        for watch in cls._all.get(fiber_id, []):
            watch._given.append(error)


def cancel(fiber_id: int, error: BaseException | None = None) -> bool:
    """Raise ``error`` (asyncio.CancelledError if not given) where a fiber waits, or soon where it runs.

    Returns False when another exception is to be raised there already. Raises LookupError when there is no such fiber.
    """
    given = asyncio.CancelledError() if error is None else error
    done: bool = _blockon.cancel(fiber_id, given)
    if done:
        Watch.note(fiber_id, given)
    return done
