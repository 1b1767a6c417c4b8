"""The handlers of a Worker's module in the form of this API: functions of its own, or a class Default."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from .._handler_errors import HandlerError, place
from .._handlers import count_arguments, exported
from .context import WorkerEntrypoint

__all__ = ["EVENTS", "ApiHandlers", "find"]

# Each event with what its handler is given.
EVENTS = {
    "fetch": ("request", "env", "ctx"),
    "scheduled": ("event", "env", "ctx"),
    "queue": ("batch", "env", "ctx"),
}


def _own_function(module: types.ModuleType, event: str) -> Any:
    """A function of that name that the module itself defines, decorated or not."""
    found: Any = getattr(module, event, None)
    inner = found
    while hasattr(inner, "__wrapped__"):
        inner = inner.__wrapped__
    return found if callable(found) and getattr(inner, "__module__", None) == module.__name__ else None


def find(module: types.ModuleType) -> ApiHandlers | None:
    """Those of this API's form, None where the module has the older forms. Raises HandlerError for wrong ones.

    ``class Default`` comes first; functions count where there is neither it nor an ``on_fetch`` and so on.
    """
    default = getattr(module, "Default", None)
    if isinstance(default, type) and issubclass(default, WorkerEntrypoint):
        return ApiHandlers(module, default)
    if default is not None or any(hasattr(module, f"on_{event}") for event in ("fetch", "scheduled", "queue")):
        return None
    functions = {event: _own_function(module, event) for event in EVENTS}
    found = {event: function for event, function in functions.items() if function is not None}
    return ApiHandlers(module, None, found) if found else None


class ApiHandlers:
    """Those of one module."""

    def __init__(self, module: types.ModuleType, default: Any, functions: dict[str, Any] | None = None) -> None:
        """Raises HandlerError when one cannot be called."""
        self._module = module
        self._default = default
        self._calls: dict[str, Callable[[Any, Any, Any], Any]] = {}
        for event in EVENTS:
            if default is not None and hasattr(default, event):
                self._calls[event] = self._method(default, event)
            elif functions is not None and event in functions:
                self._calls[event] = _taking(functions[event], event, bound=True)
        if default is not None and not self._calls and not public_methods(default):
            raise HandlerError(f"class Default{place(default)} has no methods: write `def fetch(self, request)` in it")

    def _method(self, default: Any, event: str) -> Callable[[Any, Any, Any], Any]:
        count = count_arguments(getattr(default, event), f"Default.{event}", EVENTS[event], bound=False)

        def call(given: Any, env: Any, ctx: Any) -> Any:
            return getattr(default(ctx, env), event)(*(given, env, ctx)[:count])

        return call

    def events(self) -> list[str]:
        """Those that there are handlers for."""
        return list(self._calls)

    def find(self, event: str) -> Callable[[Any, Any, Any], Any]:
        """What to call with all that the event gives. Raises HandlerError where there is none."""
        call = self._calls.get(event)
        if call is None:
            given = ", ".join(EVENTS[event])
            how = (
                f"`def {event}(self, {EVENTS[event][0]})` in class Default{place(self._default)}"
                if self._default is not None
                else f"`def {event}({given})`"
            )
            raise HandlerError(f"{self._module.__file__} has no handler for {event}: write {how}")
        return call

    def describe(self, event: str) -> str:
        """The handler's name with its file and line."""
        if self._default is not None:
            return f"Default.{event}{place(getattr(self._default, event))}"
        return f"{event}{place(getattr(self._module, event))}"

    def exports(self) -> list[str]:
        """``default``, and the names of other entrypoints."""
        return exported(self._module, WorkerEntrypoint, self._default)

    def entrypoint(self, name: str) -> type[WorkerEntrypoint]:
        """The class whose methods other Workers call. Raises HandlerError."""
        found = self._default if name in ("", "default") else getattr(self._module, name, None)
        if found is None or not isinstance(found, type):
            wanted = name or "Default"
            raise HandlerError(
                f"{self._module.__file__} has no class {wanted}: write `class {wanted}(WorkerEntrypoint)` with the "
                "methods that are to be called (`from blockon import WorkerEntrypoint`)"
            )
        if not issubclass(found, WorkerEntrypoint):
            raise HandlerError(
                f"class {name}{place(found)} is no WorkerEntrypoint: write `class {name}(WorkerEntrypoint)` "
                "(`from blockon import WorkerEntrypoint`)"
            )
        return found

    def method(self, entrypoint: str, name: str, env: Any, ctx: Any) -> Any:
        """The method of an entrypoint's new instance, or an attribute's value. Raises TypeError where there is none."""
        found = self.entrypoint(entrypoint)
        if name not in public_methods(found):
            raise TypeError(f'The RPC receiver does not implement the method "{name}".')
        return getattr(found(ctx, env), name)


def _taking(function: Any, what: str, *, bound: bool) -> Callable[[Any, Any, Any], Any]:
    count = count_arguments(function, what, EVENTS[what], bound=bound)
    if count == 1:
        return lambda given, _env, _ctx: function(given)
    if count == 2:
        return lambda given, env, _ctx: function(given, env)
    return function if count == 3 else lambda *given: function(*given[:count])


def public_methods(entrypoint: type) -> set[str]:
    """The names of what other Workers can call and ask for."""
    return {
        name
        for base in entrypoint.__mro__
        if base not in (object, WorkerEntrypoint)
        for name in vars(base)
        if not name.startswith("_")
    }
