"""A Python older than the guest: the error for what is not there names this Python, and how to choose another.

The newest guest is not merged into Pyodide's wasm. So there are no sockets and no greenlets. Where ``run_sync`` blocks
there are threads and locks over it.
"""

from __future__ import annotations

import _thread
import contextvars
import importlib
import socket
import threading
from typing import Any, Never

__all__ = ["install", "unavailable"]

_name = ""
_choose = ""


def unavailable(what: str) -> str:
    """The text of the error for something that only a newer Python has."""
    return f"{what} is not there on {_name}: {_choose}"


def _refuse_threads() -> None:
    def start(*_arguments: object, **_keywords: object) -> Never:
        raise RuntimeError(f"can't start new thread: {unavailable('a thread')}")

    for name in ("start_new_thread", "start_joinable_thread"):
        if hasattr(_thread, name):
            setattr(_thread, name, start)
            setattr(threading, f"_{name}", start)
    if hasattr(_thread, "start_new"):
        _thread.start_new = start


def _refuse_sockets() -> None:
    def connect(_self: socket.socket, _address: object) -> Never:
        raise OSError(unavailable("a connection by a socket"))

    of_sockets: Any = socket.socket
    of_sockets.connect = of_sockets.connect_ex = of_sockets.bind = connect


def _refuse_run_sync(why: str) -> None:
    def run_sync(_awaitable: object) -> Never:
        raise RuntimeError(why)

    for name in ("pyodide.ffi", "pyodide.webloop", "_pyodide_core"):
        module: Any = importlib.import_module(name)
        module.run_sync = run_sync


def _take_any_rejection() -> None:
    """Have a promise that is rejected with no error raise, too: a future takes exceptions alone, and never ends."""
    helper: Any = importlib.import_module("_pyodide._future_helper")

    def set_exception(future: Any, reason: Any) -> None:
        if not future.done():
            is_error = isinstance(reason, BaseException)
            future.set_exception(reason if is_error else RuntimeError(f"a promise was rejected with {reason!r}"))

    helper.set_exception = set_exception


def _enter_contexts() -> None:
    """Give each event a copy of the context in which the Worker was loaded: each thread state has one of its own."""
    entry: Any = importlib.import_module("blockon._entry")
    loaded = contextvars.Context()

    def load_in_context(*arguments: Any) -> Any:
        nonlocal loaded
        try:
            return load(*arguments)
        finally:
            loaded = contextvars.copy_context()

    def in_context(function: Any) -> Any:
        return lambda *arguments: loaded.copy().run(function, *arguments)

    load = entry.load
    entry.load = load_in_context
    for name in ("fetch", "scheduled", "queue", "call", "call_function", "stop"):
        setattr(entry, name, in_context(getattr(entry, name)))


def install(name: str, choose: str, why_no_run_sync: str | None) -> None:
    """Put the errors in place, before anything else of this package is imported.

    ``name`` is this Python's, ``choose`` how to choose one that has all. ``why_no_run_sync`` is None where run_sync
    blocks.
    """
    global _name, _choose
    _name, _choose = name, choose
    _refuse_sockets()
    importlib.import_module("blockon._locks").install(why_no_run_sync is None)
    importlib.import_module("blockon._limits").begin()
    _take_any_rejection()
    importlib.import_module("blockon._client_imports").install(why_no_run_sync)
    # Their key is made with the first one, and shared from then on (patches/0.28.3/0010-fibers.toml).
    threading.local().first = True
    if why_no_run_sync is None:
        importlib.import_module("blockon._threads").install()
        importlib.import_module("blockon._run_sync").install()
        importlib.import_module("blockon._slices").install()
        _enter_contexts()
    else:
        _refuse_threads()
        _refuse_run_sync(why_no_run_sync)
