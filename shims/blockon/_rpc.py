"""Calls from other Workers, of methods and functions, with what the SDK makes of JavaScript's values."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

from ._bridge import is_proxy, unwrapped
from ._rpc_target import RpcTarget

__all__ = ["call", "call_function", "to_js"]

# What JavaScript asks of any object, and Workers' calls do not have.
_RESERVED = frozenset({"constructor", "dup", "then", "toJSON"})


def _is_public(cls: type, name: str, root: type) -> bool:
    """Whether it is the Worker's own: neither object's nor the root's, nor hidden by its name."""
    if name.startswith("_") or name in _RESERVED:
        return False
    own = [base for base in cls.__mro__ if base not in (object, root)]
    return any(name in vars(base) for base in own)


def _not_there(name: str) -> TypeError:
    return TypeError(f'The RPC receiver does not implement the method "{name}".')


def call(entrypoint: type, name: str, arguments: Any, env: Any, ctx: Any) -> Any:
    """The result of the method, or the attribute's value where arguments are None.

    Raises TypeError, with the text that JavaScript Workers raise, where there is none.
    """
    workers = importlib.import_module("workers")
    if not _is_public(entrypoint, name, workers.WorkerEntrypoint):
        raise _not_there(name)
    found = getattr(entrypoint(ctx, env), name)
    if arguments is None:
        if inspect.ismethod(found) or inspect.isfunction(found):
            raise TypeError(f"{entrypoint.__name__}.{name} is a method: call it")
        return found
    if not callable(found):
        raise TypeError(f"{entrypoint.__name__}.{name} is no method but {type(found).__name__}")
    return found(*[workers.python_from_rpc(each) for each in arguments])


def call_function(function: Any, method: str, arguments: Any) -> Any:
    """The result of a function that another Worker was given, or of a method of an RpcTarget, whose name is not empty.

    A function of JavaScript's gets what is JavaScript's. Raises TypeError where there is no such method.
    """
    if method:
        # One that is in its class, as of an entrypoint: what an instance holds is its own.
        function = unwrapped(function)
        if not isinstance(function, RpcTarget) or not _is_public(type(function), method, RpcTarget):
            raise _not_there(method)
        function = getattr(function, method)
    elif is_proxy(function):
        return function(*arguments)
    if not callable(function):
        raise TypeError(f"an object of {type(function).__name__} is not called by itself: call a method of it")
    workers = importlib.import_module("workers")
    return function(*[workers.python_from_rpc(each) for each in arguments])


def to_js(value: Any) -> Any:
    """JavaScript's value. Raises TypeError for what cannot be sent."""
    return importlib.import_module("workers").python_to_rpc(value)
