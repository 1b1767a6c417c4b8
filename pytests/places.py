"""What the tests of places where Python can stand wait for."""

from __future__ import annotations

from typing import Any

import js
from pyodide.ffi import create_once_callable, run_sync


def later(value: Any, ms: int = 1) -> Any:
    """A JavaScript promise of a value, pending."""
    resolvers = js.Promise.withResolvers()
    js.setTimeout(create_once_callable(lambda: resolvers.resolve(value)), ms)
    return resolvers.promise


def waits(value: Any = None, ms: int = 1) -> Any:
    """The value, after a wait."""
    box = [value]
    assert run_sync(later(0, ms)) == 0
    return box[0]
