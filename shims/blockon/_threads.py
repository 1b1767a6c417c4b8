"""Threads are fibers (jspi/guest/threads.h). Left for Python are the executors of asyncio, which Pyodide lacks."""

from __future__ import annotations

import sys
from asyncio import BaseEventLoop, Future, wrap_future
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

import _blockon
from pyodide.webloop import WebLoop

from . import _bridge

__all__ = ["change_sqlite", "install", "tell_platform"]

_run_at_once: Any = WebLoop.run_in_executor


def _run_in_executor(self: Any, executor: Executor | None, func: Callable[..., Any], *args: Any) -> Future[Any]:
    """As asyncio's own; where no thread can be started the default executor is Pyodide's, which runs func at once."""
    if executor is None:
        if not _bridge.can_block():
            done: Future[Any] = _run_at_once(self, None, func, *args)
            return done
        if self._executor_shutdown_called:
            raise RuntimeError("Executor shutdown has been called")
        if self._default_executor is None:
            self._default_executor = ThreadPoolExecutor(thread_name_prefix="asyncio")
        executor = self._default_executor
    return wrap_future(executor.submit(func, *args), loop=self)


async def _shutdown_default_executor(self: Any, timeout: float | None = None) -> None:  # noqa: ASYNC109
    """As asyncio's own. This loop is never closed, and gets another executor when it is asked for one."""
    try:
        await BaseEventLoop.shutdown_default_executor(self, timeout)
    finally:
        self._default_executor = None
        self._executor_shutdown_called = False


def tell_platform() -> None:
    """Have ``sys`` say whether threads can be started, by which programs choose their way."""
    _blockon.tell_platform(sys._emscripten_info)  # type: ignore[attr-defined]


def change_sqlite(module: Any) -> None:
    """Say that threads may share connections: the guest holds them, where this build of SQLite does not."""
    module.threadsafety = 3


def install() -> None:
    """Give the methods to Pyodide's event loops, with what asyncio's own keep for them."""
    loop: Any = WebLoop
    loop._default_executor = None
    loop._executor_shutdown_called = False
    loop._do_shutdown = BaseEventLoop._do_shutdown  # type: ignore[attr-defined]
    loop.run_in_executor = _run_in_executor
    loop.set_default_executor = BaseEventLoop.set_default_executor
    loop.shutdown_default_executor = _shutdown_default_executor
