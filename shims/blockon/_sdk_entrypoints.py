"""The instance of a Worker's entrypoint that each request has, made in fewer steps where its class has no part in that.

Cloudflare's SDK wraps ``__init__`` of each class for the sake of the few that have one of their own.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from . import _platform
from ._known_code import are_known, digest

__all__ = ["entrypoint_maker"]

# By CPython 3.14's compiler, of workers-runtime-sdk 1.9.
_ENTRYPOINT = {"__init__": frozenset({0xEF49C0DB})}
_WRAPPED = frozenset({0x5F6165B7})
_ENV = {"__init__": frozenset({0xAD6E6826}), "__new__": frozenset({0xA02E797C})}


def entrypoint_maker(class_: Any) -> Callable[[Any, Any], Any]:
    """What makes an instance for a context and the bindings, both JavaScript's."""
    if not _is_plain(class_):
        return class_
    wrapper: Any = sys.modules["workers.entrypoints"]._EnvWrapper
    if not are_known(wrapper, _ENV) or "__setattr__" in vars(wrapper):
        return class_
    new = object.__new__

    def make(ctx: Any, env: Any) -> Any:
        if isinstance(env, wrapper):
            return class_(ctx, env)
        made = new(class_)
        made.ctx = ctx
        made.env = wrapped = new(wrapper)
        wrapped._env = env
        return made

    return make


def _is_plain(class_: Any) -> bool:
    """Whether the SDK has all that makes an instance, and does what is known."""
    sdk: Any = sys.modules.get("workers.entrypoints")
    base = getattr(sdk, "WorkerEntrypoint", None)
    nothing: Any = object
    kind: Any = type(class_)
    return (
        base is not None
        and kind is type
        and issubclass(class_, base)
        and class_.__init__ is base.__init__
        and class_.__new__ is nothing.__new__
        and class_.__setattr__ is nothing.__setattr__
        and getattr(sdk, "_pyodide_entrypoint_helper", None) is _platform.entrypoint_helper
        and are_known(base, _ENTRYPOINT)
        and digest(_wrapped_by(base.__init__)) in _WRAPPED
    )


def _wrapped_by(function: Any) -> Any:
    """What the SDK's function calls in the end."""
    names = function.__code__.co_freevars
    return function.__closure__[names.index("original_init")].cell_contents
