"""Where a handler is, and what to write instead: for the texts of HandlerError."""

from __future__ import annotations

import inspect
import types
from pathlib import PurePath
from typing import Any

__all__ = ["HandlerError", "instead_of_handler", "instead_of_response", "place"]


class HandlerError(Exception):
    """The Worker's module or its answer is not what the platform asks for; the text says what to write."""


def place(thing: Any) -> str:
    """`` (entry.py:12)``, for a function or a class; nothing when that cannot be told."""
    inner = inspect.unwrap(thing) if callable(thing) else thing
    code = getattr(getattr(inner, "__func__", inner), "__code__", None)
    if code is not None:
        return f" ({PurePath(code.co_filename).name}:{code.co_firstlineno})"
    line = getattr(inner, "__firstlineno__", None)
    if isinstance(inner, type) and isinstance(line, int):
        return f" ({inner.__module__}.py:{line})"
    return ""


# The packages whose applications are told by their class.
_SERVERS = {
    **dict.fromkeys(("fastapi", "starlette", "litestar", "quart", "blacksheep", "falcon.asgi"), "asgi"),
    **dict.fromkeys(("flask", "bottle", "falcon", "pyramid"), "wsgi"),
}


def server_of(app: Any) -> str | None:
    """``asgi`` or ``wsgi`` for an application of a framework, None for anything else."""
    if isinstance(app, (type, types.FunctionType, types.ModuleType)):
        return None
    for base in type(app).__mro__:
        root = base.__module__.partition(".")[0]
        if base.__module__ == "django.core.handlers.asgi":
            return "asgi"
        if base.__module__ == "django.core.handlers.wsgi":
            return "wsgi"
        for name in (".".join(base.__module__.split(".")[:2]), root):
            if name in _SERVERS:
                return _SERVERS[name]
    return None


def _entrypoint(server: str, name: str) -> str:
    return f"`from workers import {server}` and `Default = {server}.entrypoint({name})`"


def instead_of_handler(module: types.ModuleType) -> str:
    """What the author of a module without a handler may have meant, and what to write."""
    for name, value in vars(module).items():
        if name.startswith("_"):
            continue
        server = server_of(value)
        if server is not None:
            return f"to serve the application {name}, write {_entrypoint(server, name)}"
        if _is_entrypoint(value) and value.__module__ == module.__name__:
            return f"rename class {name}{place(value)} to Default"
    for name in ("fetch", "onfetch", "onFetch", "handler", "handle", "main"):
        value = getattr(module, name, None)
        if isinstance(value, types.FunctionType) and value.__module__ == module.__name__:
            return f"rename {name}{place(value)} to on_fetch"
    return (
        "write `def on_fetch(request, env)`, or `class Default(WorkerEntrypoint)` with `async def fetch(self, request)`"
    )


def instead_of_default(value: Any) -> str:
    """What to write where Default is no class."""
    server = server_of(value)
    if server is not None:
        return f"is a {type(value).__name__} application; write {_entrypoint(server, 'app')}"
    return f"is no class but {_kind(value)}; write `class Default(WorkerEntrypoint)`"


def _is_entrypoint(value: Any) -> bool:
    return isinstance(value, type) and any(base.__name__ == "WorkerEntrypoint" for base in value.__mro__[1:])


def _kind(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return type(value).__name__


def instead_of_response(value: Any) -> str:
    """What was returned, and what to return."""
    how = "(`from workers import Response`, or `from js import Response` and `Response.new(...)`)"
    if value is None:
        return f"returned None; return a Response {how}: is there a way through it without `return`?"
    if isinstance(value, type) and "Response" in value.__name__:
        return f"returned the class {value.__name__}; make one: `{value.__name__}(...)`"
    if isinstance(value, (dict, list)):
        return f"returned {type(value).__name__}; return a Response: `Response.json(...)` {how}"
    if isinstance(value, (str, bytes)):
        return f"returned {type(value).__name__}; return a Response: `Response(...)` {how}"
    if isinstance(value, tuple):
        with_status = "`Response(body, status=200)`"
        return f"returned tuple; return a Response, whose status and headers are arguments: {with_status} {how}"
    if inspect.isasyncgen(value) or inspect.isgenerator(value):
        return f"returned {type(value).__name__}: a handler with `yield` has no `return`; return a Response {how}"
    return f"returned {_kind(value)}; return a Response {how}"
