"""Futures of promises that were rejected with what is no exception.

JavaScript may reject with anything. Pyodide 314 hands it to ``Future.set_exception`` as it is, which raises TypeError
where nobody sees it: the future stays pending and whoever waits for it hangs.
"""

from __future__ import annotations

import importlib
from asyncio import Future
from typing import Any

from . import _bridge

__all__ = ["install"]


def _set_exception(future: Future[Any], reason: Any) -> None:
    if not future.done():
        future.set_exception(reason if isinstance(reason, BaseException) else _bridge.error_of(reason))


def install() -> None:
    """Replace the function that settles such a future. What is an exception stays as it is."""
    helper: Any = importlib.import_module("_pyodide._future_helper")
    helper.set_exception = _set_exception
