"""Which request the code that runs is for, and its threads: cancelled a while after it has ended, which the log tells.

A thread is a request's when that request's own code started it, or a task or another thread of the request. Daemon
threads are nobody's: they say themselves that nobody waits for them, and are what libraries keep for the Worker's life.
So are the threads of executors and of anyio, which serve one request after another, and those that the Worker's top
level started.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from ._bridge import js
from ._fibers import cancel, fibers
from ._thread_loops import main_loop

__all__ = ["call_depth", "call_number", "current", "install", "leave", "request", "variable"]

_grace = 0.0
_start: Any = threading.Thread.start


class _Request:
    __slots__ = ("_describe", "_ended", "_name", "_threads", "_token", "_watched", "depth", "is_told", "number")

    def __init__(self, number: int, describe: Callable[[], str], depth: int) -> None:
        self.number = number
        #: It was told that it is over a limit, where it runs.
        self.is_told = False
        self.depth = depth
        self._describe: Callable[[], str] | None = (
            describe  # asks JavaScript's object, which is gone when the request has ended
        )
        self._name = ""
        # Most requests start none.
        self._threads: WeakSet[threading.Thread] | None = None
        self._ended = False
        self._watched = False
        self._token: Token[_Request | None] | None = None

    def __enter__(self) -> None:
        self._token = variable.set(self)

    def __exit__(self, *_: object) -> None:
        if self._token is not None:
            variable.reset(self._token)
            self._token = None
        self._ended = True
        self._describe = None
        if self._threads is not None:
            self._watch()

    def start(self, thread: threading.Thread) -> None:
        if not self._name and self._describe is not None:
            self._name = self._describe()
        if self._threads is None:
            self._threads = WeakSet()
        self._threads.add(thread)
        _requests[thread] = self
        _start(thread)
        if self._ended:
            self._watch()

    def _left(self) -> list[threading.Thread]:
        return [thread for thread in self._threads or () if thread.is_alive() and not thread.daemon]

    def _watch(self) -> None:
        if _grace and not self._watched and self._left():
            self._watched = True
            main_loop().call_later(_grace, self._expire)

    def _expire(self) -> None:
        self._watched = False
        by_thread = {fiber.thread: fiber.id for fiber in fibers()}
        for thread in self._left():
            fiber = by_thread.get(thread.ident)
            if fiber is not None and cancel(fiber):
                js.console.warn(
                    f"the thread {thread.name} of {self._name} is cancelled: that request ended more than {_grace:g} s "
                    "ago. Join it before the answer, make it a daemon if it is the Worker's, or raise "
                    "thread_grace_seconds in [blockon] of wrangler.toml"
                )
        self._watch()


variable: ContextVar[_Request | None] = ContextVar("blockon_request", default=None)
_requests: WeakKeyDictionary[threading.Thread, _Request] = WeakKeyDictionary()


def _is_executors(thread: Any) -> bool:
    executors: Any = sys.modules.get("concurrent.futures.thread")
    if executors is not None and thread._target is executors._worker:
        return True
    anyio: Any = sys.modules.get("anyio._backends._asyncio")
    return anyio is not None and isinstance(thread, anyio.WorkerThread)


def _start_of_request(self: threading.Thread) -> None:
    active: Any = threading._active  # type: ignore[attr-defined]
    starter = active.get(threading.get_ident())
    request = variable.get() or _requests.get(starter)
    # One that runs already is for start() to refuse.
    if request is None or _is_executors(self) or self.ident is not None:
        _start(self)
    else:
        request.start(self)


def leave() -> None:
    """What is started in this context from now on is the Worker's."""
    variable.set(None)


def current() -> _Request | None:
    """The request that the code which runs is for, if there is one."""
    request = variable.get()
    if request is None and _requests:
        active: Any = threading._active  # type: ignore[attr-defined]
        thread = active.get(threading.get_ident())
        # One that begins or ends is not there.
        request = None if thread is None else _requests.get(thread)
    return request


def request(number: int, describe: Callable[[], str], depth: int = 0) -> _Request:
    """The block under it is a request's: the host knows it by ``number``, ``describe`` names it while that runs.

    ``depth``: see ``call_depth``.
    """
    return _Request(number, describe, depth)


def call_depth() -> int:
    """How many calls between Workers led to what runs now, each made for the one before: 0 for a client's request."""
    present = current()
    return 0 if present is None else present.depth


def call_number() -> int:
    """By which number the host knows what runs now, 0 if it does not."""
    present = current()
    return 0 if present is None else present.number


def install(grace: float) -> None:
    """Know the threads of requests, from now on; ``grace`` is 0 for threads that go on as long as they like."""
    global _grace
    _grace = grace
    thread: Any = threading.Thread
    thread.start = _start_of_request
