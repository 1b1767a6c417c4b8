"""The handlers of a Worker's module: found and checked when it is loaded, called with as many arguments as they take.

Two forms, as Cloudflare has them: ``class Default(WorkerEntrypoint)`` with a method for each event, and functions of
the module, ``on_fetch(request, env, ctx)`` and so on. Other subclasses of WorkerEntrypoint are for calls from other
Workers.
"""

from __future__ import annotations

import importlib
import inspect
import sys
import types
from collections.abc import Callable
from typing import Any

from ._handler_errors import HandlerError, instead_of_default, instead_of_handler, place

__all__ = ["EVENTS", "Handlers", "count_arguments"]

# Each event with what its handler is given.
EVENTS = {
    "fetch": ("request", "env", "ctx"),
    "scheduled": ("controller", "env", "ctx"),
    "queue": ("batch", "env", "ctx"),
}
_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def _count_plain(function: Any, most: int) -> int | None:
    """How many of so many arguments a function takes; None where its code alone does not tell it, or it asks for more.

    A signature costs a start ten times as much.
    """
    if type(function) is not types.FunctionType or vars(function):
        return None
    code = function.__code__
    if code.co_flags & inspect.CO_VARARGS or code.co_kwonlyargcount:
        return None
    return min(code.co_argcount, most) if code.co_argcount - len(function.__defaults__ or ()) <= most else None


def _is_made_plainly(default: Any) -> bool:
    """Whether a class can be seen to take (ctx, env) without its signature."""
    new, made = default.__new__, default.__init__
    if type(default) is not type or new is not object.__new__ or type(made) is not types.FunctionType:
        return False
    code = made.__code__
    given = 3
    takes = code.co_argcount >= given or bool(code.co_flags & inspect.CO_VARARGS)
    needs = code.co_argcount - len(made.__defaults__ or ())
    return takes and needs <= given and code.co_kwonlyargcount == len(made.__kwdefaults__ or ())


def _attribute(owner: type, name: str) -> Any:
    """What a class has by that name, as it was written."""
    for each in owner.__mro__:
        if name in vars(each):
            return vars(each)[name]
    return inspect.getattr_static(owner, name)


def count_arguments(function: Any, what: str, given: tuple[str, ...], *, bound: bool) -> int:
    """How many of the arguments that are given it takes. Raises HandlerError where it asks for more, or has no self."""
    if not callable(function):
        raise HandlerError(f"{what} is no function but {type(function).__name__}: write `{_signature(what, given)}`")
    unbound = 0 if bound else 1
    plain = _count_plain(function, len(given) + unbound)
    # One that takes nothing but itself may be a mistake.
    if plain is not None and plain > unbound:
        return plain - unbound
    try:
        every = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # of C code
        return len(given)
    where = place(function)
    parameters = every if bound else every[1:]
    if any(each.kind is inspect.Parameter.VAR_POSITIONAL for each in parameters):
        return len(given)
    places = [each for each in parameters if each.kind in _BY_POSITION]
    if not bound and not places and not _has_self(every):
        raise HandlerError(f"{what}{where} has no self: write `{_signature(what, given)}`")
    required = [each.name for each in places if each.default is inspect.Parameter.empty]
    if len(required) > len(given):
        raise HandlerError(
            f"{what}{where} asks for {len(required)} arguments ({', '.join(required)}), and is given "
            f"{len(given)}: write `{_signature(what, given)}`"
        )
    for each in parameters:
        if each.kind is inspect.Parameter.KEYWORD_ONLY and each.default is inspect.Parameter.empty:
            raise HandlerError(
                f"{what}{where} asks for the keyword argument {each.name}, which nobody gives: "
                f"write `{_signature(what, given)}`"
            )
    return min(len(places), len(given))


def _has_self(parameters: list[inspect.Parameter]) -> bool:
    """Whether the only parameter of a method is meant to be the instance, and not what it is given."""
    return bool(parameters) and (parameters[0].name in ("self", "cls") or parameters[0].name.startswith("_"))


def _signature(what: str, given: tuple[str, ...]) -> str:
    name = what.rpartition(".")[2]
    if "." in what:
        return f"async def {name}(self, {given[0]})"
    return f"async def {name}({', '.join(given)})"


class Handlers:
    """Those of one module."""

    def __init__(self, module: types.ModuleType) -> None:
        """Raises HandlerError when there are none, or when one cannot be called."""
        self._module = module
        self._default = self._find_default()
        self._counts: dict[str, int] = {}
        self._functions: dict[str, Callable[..., Any]] = {}
        self._found: dict[str, Callable[..., Any]] = {}
        self._find_events()
        if self._default is None and not self._functions:
            raise HandlerError(f"{module.__file__} defines no handler: {instead_of_handler(module)}")

    def _find_default(self) -> type | None:
        default = getattr(self._module, "Default", None)
        if default is None:
            return None
        if not isinstance(default, type):
            raise HandlerError(f"Default in {self._module.__file__} {instead_of_default(default)}")
        if _is_made_plainly(default):
            return default
        try:
            inspect.signature(default).bind(None, None)
        except TypeError:
            raise HandlerError(
                f"class Default{place(default)} cannot be made with (ctx, env): write `class Default(WorkerEntrypoint)`"
                ", and call `super().__init__(ctx, env)` in an __init__ of its own"
            ) from None
        except ValueError:  # of C code
            pass
        return default

    def _find_events(self) -> None:
        for event, given in EVENTS.items():
            if self._default is not None and hasattr(self._default, event):
                static = _attribute(self._default, event)
                bound = isinstance(static, (staticmethod, classmethod))
                method = getattr(self._default, event)
                self._counts[event] = count_arguments(method, f"Default.{event}", given, bound=bound)
            function = getattr(self._module, f"on_{event}", None)
            if function is not None:
                count = count_arguments(function, f"on_{event}", given, bound=True)
                self._functions[event] = function
                self._counts.setdefault(event, count)
        if self._default is not None and not self._functions and not _public_methods(self._default):
            raise HandlerError(
                f"class Default{place(self._default)} has no methods: write `async def fetch(self, request)` in it"
            )

    def events(self) -> list[str]:
        """Those that there are handlers for."""
        return list(self._counts)

    def find(self, event: str) -> Callable[..., Any]:
        """What to call with all that the event gives; ``(name, file and line)`` of it are describe()'s."""
        found = self._found.get(event)
        if found is None:
            found = self._found[event] = self._find(event)
        return found

    def _find(self, event: str) -> Callable[..., Any]:
        if event not in self._counts:
            given = EVENTS[event]
            raise HandlerError(
                f"{self._module.__file__} has no handler for {event}: write "
                + (
                    f"`{_signature(f'Default.{event}', given)}` in class Default{place(self._default)}"
                    if self._default is not None
                    else f"`{_signature(f'on_{event}', given)}`"
                )
            )
        count = self._counts[event]
        default = self._default
        if default is None or not hasattr(default, event):
            function = self._functions[event]
            return lambda *arguments: function(*arguments[:count])

        if event == "fetch" and "blockon_serve" in vars(default):
            return default.blockon_serve  # type: ignore[attr-defined]

        if event == "fetch":
            return self._find_fetch(default, count)

        def call(given: Any, env: Any, ctx: Any) -> Any:
            instance = default(ctx, env)
            # The SDK's env, which has Python's objects, is the instance's.
            return getattr(instance, event)(*(given, getattr(instance, "env", env), ctx)[:count])

        return call

    @staticmethod
    def _find_fetch(default: Any, count: int) -> Callable[..., Any]:
        # CPython, which finds other handlers by this module, has no realm.
        from ._sdk_entrypoints import entrypoint_maker
        from ._sdk_messages import request_maker

        new_request = request_maker(importlib.import_module("workers").Request)
        new_instance = entrypoint_maker(default)

        def call(given: Any, env: Any, ctx: Any) -> Any:
            instance = new_instance(ctx, env)
            if count == 1:
                return instance.fetch(new_request(given))
            return instance.fetch(*(new_request(given), getattr(instance, "env", env), ctx)[:count])

        return call

    def describe(self, event: str) -> str:
        """The handler's name with its file and line."""
        if self._default is not None and hasattr(self._default, event):
            return f"Default.{event}{place(getattr(self._default, event))}"
        return f"on_{event}{place(self._functions[event])}"

    def exports(self) -> list[str]:
        """``default``, and the names of other entrypoints."""
        workers: Any = sys.modules.get("workers")
        return exported(self._module, workers and workers.WorkerEntrypoint, self._default)

    def entrypoint(self, name: str) -> type:
        """The class whose methods other Workers call. Raises HandlerError."""
        found = self._default if name in ("", "default") else getattr(self._module, name, None)
        workers: Any = sys.modules.get("workers")
        if found is None or not isinstance(found, type):
            raise HandlerError(
                f"{self._module.__file__} has no class {name or 'Default'}: write `class {name or 'Default'}"
                "(WorkerEntrypoint)` with the methods that are to be called"
            )
        if found is not self._default and (workers is None or not issubclass(found, workers.WorkerEntrypoint)):
            raise HandlerError(
                f"class {name}{place(found)} is no WorkerEntrypoint: write `class {name}(WorkerEntrypoint)`"
            )
        return found


def exported(module: types.ModuleType, base: type | None, default: Any) -> list[str]:
    """The names of a module's entrypoints, ``default`` for what answers requests."""
    names = [
        name
        for name, value in vars(module).items()
        if base is not None and isinstance(value, type) and issubclass(value, base)
        if value is not base and value is not default and not name.startswith("_")
    ]
    return ["default", *names]


def _public_methods(default: type) -> list[str]:
    return [
        name
        for base in default.__mro__
        if base is not object and base.__name__ != "WorkerEntrypoint"
        for name, value in vars(base).items()
        if not name.startswith("_") and (callable(value) or isinstance(value, (staticmethod, classmethod, property)))
    ]
