"""The Python half of jspi/guest/promise_future.h: futures for the promises that JavaScript's functions return."""

from __future__ import annotations

from asyncio import Future
from typing import Any

import _blockon
from pyodide.webloop import PyodideFuture, WebLoop

from ._bridge import JsException, js, to_js
from ._tasks import RunSyncTask
from ._thread_loops import main_loop

__all__ = ["install"]


def _register(future: Future[Any]) -> None:
    """Have the loop count a future, as its create_future() does."""
    loop: Any = future.get_loop()
    loop._in_progress += 1
    future.add_done_callback(loop._decrement_in_progress)


def _error_of(reason: object) -> JsException:
    """The exception for a promise that was rejected with what is no error; ``cause`` is the value itself."""
    text = reason if isinstance(reason, str) else f"a promise was rejected with {reason!r}, which is no error"
    error: JsException = js.Error.new(text, to_js({"cause": reason}, dict_converter=js.Object.fromEntries))
    return error


def install() -> None:
    """Tell the guest how such futures are made."""
    _blockon.set_promise_futures(
        WebLoop, WebLoop.create_future, PyodideFuture, _register, _error_of, RunSyncTask, main_loop
    )
