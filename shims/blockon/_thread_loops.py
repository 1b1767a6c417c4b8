"""Event loops of threads: asyncio's own, each turned by the thread that runs it, which blocks meanwhile, as on CPython.

The main thread's is Pyodide's WebLoop, which the host turns. JavaScript's promises settle there, so that the futures
which stand for them in other loops are settled from outside: such a loop wakes for whatever comes while it waits.
"""

from __future__ import annotations

import asyncio
import selectors
import threading
from asyncio import unix_events
from collections.abc import Callable, Sized
from contextvars import Context
from typing import Any

from pyodide.webloop import PyodideFuture, WebLoopPolicy

__all__ = ["SelectorEventLoop", "install", "main_loop"]

_get_main_loop: Any = WebLoopPolicy.get_event_loop
_new_main_loop: Any = WebLoopPolicy.new_event_loop
_set_main_loop: Any = WebLoopPolicy.set_event_loop


class _Selector(selectors.DefaultSelector):
    """Knows whether somebody waits in it.

    A thread may be switched away from when its loop has found nothing ready and does not wait yet. What is made ready
    then wakes nobody, so that is looked at once more.
    """

    waits = False
    ready: Sized = ()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.waits = True
        try:
            return super().select(0 if self.ready else timeout)
        finally:
            self.waits = False


class SelectorEventLoop(asyncio.SelectorEventLoop):
    """asyncio's loop, for promises too."""

    def __init__(self, selector: selectors.BaseSelector | None = None) -> None:
        own = _Selector() if selector is None else None
        super().__init__(own or selector)
        if own is not None:
            loop: Any = self
            own.ready = loop._ready

    def create_future(self) -> asyncio.Future[Any]:
        """With the methods that a promise has."""
        future: asyncio.Future[Any] = PyodideFuture(loop=self)
        return future

    def call_soon[*Ts](
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """As asyncio's own, and as ``call_soon_threadsafe`` from outside: where it waits, and where a promise settles.

        That is the main thread, which in debug mode may not call the loop of another.
        """
        loop: Any = self
        of_thread = loop._thread_id not in (None, threading.main_thread().ident)
        if getattr(loop._selector, "waits", False) or (of_thread and _is_main()):
            return self.call_soon_threadsafe(callback, *args, context=context)
        return super().call_soon(callback, *args, context=context)


class _Set(threading.local):
    """What set_event_loop() was given in a thread."""

    loop: asyncio.AbstractEventLoop | None = None


_set = _Set()
# The policy of the main thread, whatever else programs set.
_web_policy: WebLoopPolicy | None = None


def _is_main() -> bool:
    return threading.get_ident() == threading.main_thread().ident


def main_loop() -> asyncio.AbstractEventLoop:
    """The main thread's event loop, which the host turns; it is made at need."""
    policy: Any = asyncio.events._get_event_loop_policy()  # type: ignore[attr-defined]
    loop: asyncio.AbstractEventLoop = _get_main_loop(policy if isinstance(policy, WebLoopPolicy) else _web_policy)
    return loop


def _get_event_loop(self: WebLoopPolicy) -> Any:
    if _is_main():
        return _get_main_loop(self)
    if _set.loop is None:
        raise RuntimeError(f"There is no current event loop in thread {threading.current_thread().name!r}.")
    return _set.loop


def _new_event_loop(self: WebLoopPolicy) -> Any:
    return _new_main_loop(self) if _is_main() else SelectorEventLoop()


def _set_event_loop(self: WebLoopPolicy, loop: Any) -> None:
    if _is_main():
        _set_main_loop(self, loop)
    elif loop is not None and not isinstance(loop, asyncio.AbstractEventLoop):
        raise TypeError(f"loop must be an instance of AbstractEventLoop or None, not '{type(loop).__name__}'")
    else:
        _set.loop = loop


def install() -> None:
    """Have the policy tell threads apart, and asyncio's names mean this loop."""
    global _web_policy
    _web_policy = asyncio.events._get_event_loop_policy()  # type: ignore[attr-defined]
    policy: Any = WebLoopPolicy
    policy.get_event_loop = _get_event_loop
    policy.new_event_loop = _new_event_loop
    policy.set_event_loop = _set_event_loop
    for module in (asyncio, unix_events):
        names: Any = module
        names.SelectorEventLoop = names.EventLoop = SelectorEventLoop
    unix_policy: Any = unix_events._DefaultEventLoopPolicy  # type: ignore[attr-defined]
    unix_policy._loop_factory = SelectorEventLoop
