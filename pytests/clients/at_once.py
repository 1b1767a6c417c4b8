"""Calling functions side by side: each on a fiber of its own in the runtime, in a thread of its own on CPython."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def at_once(*functions: Callable[[], Any]) -> list[Any]:
    """What they return, or the exceptions that they raise, in this order."""
    if sys.platform == "emscripten":
        from fibers import together

        return together(*functions, raising=False)
    with ThreadPoolExecutor(len(functions)) as threads:
        futures = [threads.submit(function) for function in functions]
        return [future.exception() or future.result() for future in futures]
