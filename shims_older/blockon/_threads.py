"""Threads on an older Python that can block: calls of the glue's, each with an ident and thread-locals of its own.

One begins when its starter waits or ends. One that computes gives way (_slices.py).
"""

from __future__ import annotations

import _thread
import asyncio
import contextvars
import importlib
import sys
import threading
import traceback
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from . import _locks, _request_threads, _waits
from ._older import unavailable

__all__ = ["install"]

_main_ident = _thread.get_ident()
# Odd, as addresses are not, and not used again.
_last_ident = 1
# Each thread has its own attributes, all other calls those of the main thread.
_here = threading.local()
_ffi: Any = importlib.import_module("pyodide.ffi")
# asyncio remembers by thread state which loop runs, and not by the dict that a thread has for itself.
_set_running_loop: Any = asyncio._set_running_loop
_common_loop = asyncio.get_event_loop()


def _get_ident() -> int:
    return getattr(_here, "ident", _main_ident)


class ThreadHandle:
    """What _thread knows of a thread: when it has ended."""

    __slots__ = ("__weakref__", "_ended", "ident")

    def __init__(self) -> None:
        self.ident = 0
        self._ended: _locks.Lock | None = None

    def is_done(self) -> bool:
        return self._ended is not None and not self._ended.locked()

    def _begin(self, ident: int) -> None:
        if self._ended is not None:
            raise RuntimeError("thread already started")
        self.ident = ident
        self._ended = _locks.Lock()
        self._ended.acquire()

    def _set_done(self) -> None:
        if self._ended is None:
            raise RuntimeError("thread not started")
        if self._ended.locked():
            self._ended.release()

    def join(self, timeout: float | None = None) -> None:
        if self._ended is None:
            raise RuntimeError("thread not started")
        if self.ident == _get_ident() and not self.is_done():
            raise RuntimeError("Cannot join current thread")
        if self._ended.acquire(timeout=-1 if timeout is None or timeout < 0 else timeout):
            self._ended.release()


def _context_of(function: Any, daemon: bool) -> contextvars.Context:
    """An empty one, but for the request that starts the thread for itself."""
    context = contextvars.Context()
    executors: Any = sys.modules.get("concurrent.futures.thread")
    target = getattr(getattr(function, "__self__", None), "_target", None)
    if not daemon and (executors is None or target is not executors._worker):
        context.run(_request_threads.enter, _request_threads.current())
    return context


def _tell(error: BaseException, target: object) -> None:
    """As CPython tells what ``target`` has raised on a thread of its own."""
    text = "Exception ignored in thread started by"
    if sys.unraisablehook is sys.__unraisablehook__:  # which takes nothing but what CPython makes
        print(f"{text} {target!r}:", file=sys.stderr)
        traceback.print_exception(error)
        return
    what: Any = SimpleNamespace(
        exc_type=type(error), exc_value=error, exc_traceback=error.__traceback__, err_msg=text, object=target
    )
    sys.unraisablehook(what)


def _let_starter_go_on(function: object) -> None:
    """Whoever has called start() waits until the thread says that it has begun, which it may have failed before."""
    thread = getattr(function, "__self__", None)
    if isinstance(thread, threading.Thread) and not thread.is_alive() and not thread._started.is_set():  # type: ignore[attr-defined]
        thread._started.set()  # type: ignore[attr-defined]


def _start(function: Callable[[], object], handle: ThreadHandle, daemon: bool, target: object) -> None:
    global _last_ident
    _waits.require_wait("can't start new thread", "a thread")
    context = _context_of(function, daemon)
    _last_ident += 2
    ident = _last_ident
    handle._begin(ident)

    def body() -> None:
        _waits.glue.enterThread()
        try:
            _set_running_loop(None)
            _here.ident = ident
            context.run(function)
        except SystemExit:
            pass
        except BaseException as error:  # noqa: BLE001 - nobody else is there to be told
            _tell(error, target)
        finally:
            handle._set_done()
            _let_starter_go_on(function)
            _waits.glue.leaveThread()
            _set_running_loop(_common_loop)
            proxy.destroy()

    proxy = _ffi.create_proxy(body)
    try:
        _waits.glue.thread(proxy)
    except _ffi.JsException as error:
        proxy.destroy()
        handle._set_done()
        raise RuntimeError(f"can't start new thread: {error}") from None


def _start_joinable_thread(
    function: Callable[[], object], handle: ThreadHandle | None = None, daemon: bool = True
) -> ThreadHandle:
    if not callable(function):
        raise TypeError("thread function must be callable")
    if handle is None:
        handle = ThreadHandle()
    _start(function, handle, daemon, function)
    return handle


def _start_new_thread(
    function: Callable[..., object], args: tuple[Any, ...], kwargs: dict[str, Any] | None = None
) -> int:
    if not callable(function):
        raise TypeError("first arg must be callable")
    if not isinstance(args, tuple):
        raise TypeError("2nd arg must be a tuple")
    handle = ThreadHandle()
    _start(lambda: function(*args, **(kwargs or {})), handle, True, function)
    return handle.ident


def _run_in_executor(self: Any, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
    """As asyncio's own; where nothing can wait the default executor runs ``func`` at once, as Pyodide's does."""
    if executor is None:
        if not _waits.can_wait():
            return _run_at_once(self, None, func, *args)
        if self._default_executor is None:
            from concurrent.futures import ThreadPoolExecutor

            self._default_executor = ThreadPoolExecutor(thread_name_prefix="asyncio")
        executor = self._default_executor
    return asyncio.wrap_future(executor.submit(func, *args), loop=self)


def _set_default_executor(self: Any, executor: Any) -> None:
    self._default_executor = executor


def _run(main: Any, *, debug: bool | None = None, loop_factory: Any = None) -> Any:
    """asyncio.run: on a thread, too, it is the loop of all that runs it, while the thread waits."""
    if loop_factory is None and asyncio._get_running_loop() is None and _waits.can_wait():
        return _common_loop.run_until_complete(main)
    return _run_where_a_loop_runs(main, debug=debug, loop_factory=loop_factory)


def _begin_runner(self: Any) -> None:
    """asyncio.Runner makes a loop, which would be that of all."""
    if asyncio._get_running_loop() is None:
        raise RuntimeError(f"asyncio.Runner on a thread: {unavailable('a loop of its own')}. asyncio.run() is there")
    _runner_begins(self)


_runner_begins: Any = asyncio.Runner._lazy_init  # type: ignore[attr-defined]
_run_where_a_loop_runs: Any = asyncio.run
_web_loop: Any = importlib.import_module("pyodide.webloop").WebLoop
_run_at_once: Any = _web_loop.run_in_executor


def install() -> None:
    """Have ``_thread``, ``threading`` and asyncio's executors start them."""
    of_threads: Any = threading
    for name, value in {
        "start_joinable_thread": _start_joinable_thread,
        "start_new_thread": _start_new_thread,
        "start_new": _start_new_thread,
        "get_ident": _get_ident,
        "_ThreadHandle": ThreadHandle,
    }.items():
        setattr(_thread, name, value)
    of_threads._start_joinable_thread = _start_joinable_thread
    of_threads.get_ident = _get_ident
    of_threads._ThreadHandle = ThreadHandle
    asyncio.run = _run
    asyncio.Runner._lazy_init = _begin_runner  # type: ignore[attr-defined]
    _web_loop._default_executor = None
    _web_loop.run_in_executor = _run_in_executor
    _web_loop.set_default_executor = _set_default_executor
