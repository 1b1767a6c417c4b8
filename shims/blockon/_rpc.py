"""Calls from other Workers: a public method of a WorkerEntrypoint, with what the SDK makes of JavaScript's values."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

from ._bridge import is_proxy

__all__ = ["call", "call_function", "to_js"]

# What JavaScript asks of any object, and Workers' calls do not have.
_RESERVED = frozenset({"constructor", "dup", "then", "toJSON"})


def _is_public(entrypoint: type, name: str) -> bool:
    """Whether it is the Worker's own: neither object's nor WorkerEntrypoint's, nor hidden by its name."""
    if name.startswith("_") or name in _RESERVED:
        return False
    workers = importlib.import_module("workers")
    own = [base for base in entrypoint.__mro__ if base not in (object, workers.WorkerEntrypoint)]
    return any(name in vars(base) for base in own)


def call(entrypoint: type, name: str, arguments: Any, env: Any, ctx: Any) -> Any:
    """The result of the method, or the attribute's value where arguments are None.

    Raises TypeError, with the text that JavaScript Workers raise, where there is none.
    """
    if not _is_public(entrypoint, name):
        raise TypeError(f'The RPC receiver does not implement the method "{name}".')
    workers = importlib.import_module("workers")
    found = getattr(entrypoint(ctx, env), name)
    if arguments is None:
        if inspect.ismethod(found) or inspect.isfunction(found):
            raise TypeError(f"{entrypoint.__name__}.{name} is a method: call it")
        return found
    if not callable(found):
        raise TypeError(f"{entrypoint.__name__}.{name} is no method but {type(found).__name__}")
    return found(*[workers.python_from_rpc(each) for each in arguments])


def call_function(function: Any, arguments: Any) -> Any:
    """The result of a function that another Worker was given; one of JavaScript's gets what is JavaScript's."""
    if is_proxy(function):
        return function(*arguments)
    workers = importlib.import_module("workers")
    return function(*[workers.python_from_rpc(each) for each in arguments])


def to_js(value: Any) -> Any:
    """JavaScript's value. Raises TypeError for what cannot be sent."""
    return importlib.import_module("workers").python_to_rpc(value)
