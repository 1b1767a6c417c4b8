"""JavaScript, for the rest of this package: the one module that imports ``js``, ``pyodide_js`` and ``pyodide.ffi``.

What is here is all that the others know of it, so that whoever has a stand-in for this module has one for JavaScript.
"""

from __future__ import annotations

import importlib
from collections.abc import Awaitable
from typing import Any

import js
import pyodide.ffi
from pyodide.ffi import JsDoubleProxy, JsException, JsProxy, can_run_sync, run_sync, to_js

__all__ = [
    "JsException",
    "JsProxy",
    "block_on",
    "can_block",
    "host",
    "is_proxy",
    "js",
    "jsnull",
    "load_option",
    "to_js",
    "unwrapped",
]

# JavaScript's null, which older Pyodides have as None.
jsnull: Any = getattr(pyodide.ffi, "jsnull", None)


# The types of JavaScript's objects that were seen; Pyodide has one for each combination of what they can do.
_proxy_types: set[type] = set()


def is_proxy(value: Any) -> bool:
    """Whether it is an object of JavaScript's: ``isinstance`` asks a metaclass in Python."""
    type_ = type(value)
    if type_ in _proxy_types:
        return True
    if not isinstance(value, JsProxy):
        return False
    _proxy_types.add(type_)
    return True


def unwrapped(value: Any) -> Any:
    """Python's own object, where JavaScript has had it by a proxy of ``create_proxy``."""
    return value.unwrap() if isinstance(value, JsDoubleProxy) else value


def can_block() -> bool:
    """Whether a call made here may block on a JavaScript promise."""
    return can_run_sync()


def block_on[T](awaitable: Awaitable[T]) -> T:
    """Wait for an awaitable, others running meanwhile.

    Raises RuntimeError where blocking is impossible: it names the compatibility flag, or the synchronous entry.
    """
    return run_sync(awaitable)


def load_option(name: str) -> Any:
    """What loadPyodide was given under this name. A Worker has no such options."""
    import pyodide_js

    return getattr(pyodide_js._api.config, name)


def host(name: str) -> Any:
    """An object of the realm's scripts (runtime/realm), which are a Worker's alone."""
    return getattr(importlib.import_module("_blockon_host"), name)
