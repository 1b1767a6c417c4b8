"""What the scenarios have in common: what they report to, and how they begin fibers and wait for them."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import sys
from collections.abc import Callable, Iterator
from typing import Any

from js import call
from pyodide.ffi import JsException, run_sync

#: Exceptions that were reported to a hook, because they had nowhere else to go.
unseen: list[BaseException] = []
#: What waits for a callback of the event loop's, which may have failed.
waiting: list[asyncio.Future[Any]] = []


def report(error: BaseException | None) -> None:
    """A callback failed: who waits for it gets its exception, as it would in a program that cares."""
    if error is None:
        return
    unseen.append(error)
    for future in waiting:
        if not future.done():
            future.set_exception(error)


def result_of(promise: Any) -> object:
    """What a fiber of `call` returned, or the exception that it raised."""
    try:
        return run_sync(promise)
    except JsException as error:
        # A Python exception that goes through JavaScript keeps its text only.
        if "MemoryError" not in str(error):
            raise
    raise MemoryError


def together(*functions: Callable[[], object]) -> list[object]:
    """Each on a fiber of its own; raises what one of them raised, once all have ended."""
    promises: list[Any] = []
    results: list[object] = []
    errors: list[BaseException] = []
    try:
        promises.extend(map(call, functions))
    except BaseException as error:
        errors.append(error)
    for promise in promises:
        try:
            results.append(result_of(promise))
        except BaseException as error:
            errors.append(error)
    if errors:
        raise errors[0]
    return results


def surely(function: Callable[..., object], *arguments: object) -> None:
    """For what others wait for: one thing fails in a run, so it is done the second time."""
    try:
        function(*arguments)
    except MemoryError:
        function(*arguments)


@contextlib.contextmanager
def memory_errors_of_ctypes() -> Iterator[None]:
    """ctypes has one exception for all that goes wrong with an argument."""
    try:
        yield
    except ctypes.ArgumentError as error:
        raise (MemoryError if "MemoryError" in str(error) else error) from error


def prepare() -> None:
    unseen.clear()
    waiting.clear()


def install() -> None:
    sys.unraisablehook = lambda unraisable: report(unraisable.exc_value)
    asyncio.get_event_loop().set_exception_handler(lambda _loop, context: report(context.get("exception")))
