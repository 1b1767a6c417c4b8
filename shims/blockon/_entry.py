"""The way in: loads a Worker's module and hands requests to its handler.

Called by the realm (runtime/realm/90-boot.js), on a fiber when the Worker may block. Two forms of handler are
served, as Cloudflare has them: ``on_fetch(request, env, ctx)`` with JavaScript's Request, and ``class
Default(WorkerEntrypoint)`` with the SDK's.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import types
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from . import _bridge, _fetch, _platform, _request_threads
from ._fiber_report import report as report_fibers

__all__ = ["HandlerError", "fetch", "load", "report_fibers", "run"]

_handler: Callable[..., Any] | None = None


class HandlerError(Exception):
    """The Worker's module or its answer is not what the platform asks for; the text says what to write."""


def load(main: str, features: Iterable[str], clients_fetch: bool, thread_grace: float) -> None:
    """Import the Worker's main file and find its handler. ``main`` is empty for a program of our own.

    ``clients_fetch``: HTTP clients go through the Worker's ``fetch``, though nobody has set another. ``thread_grace``:
    the seconds that a thread may go on when its request has ended, 0 for any.
    """
    _platform.install(set(features))
    _fetch.take_workers(clients_fetch)
    _request_threads.install(thread_grace)
    if not main:
        return
    global _handler
    _handler = _find_handler(_import_main(Path(main)))


def _import_main(path: Path) -> types.ModuleType:
    name = path.stem
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise HandlerError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _find_handler(module: types.ModuleType) -> Callable[..., Any]:
    default = getattr(module, "Default", None)
    if isinstance(default, type):
        if not callable(getattr(default, "fetch", None)):
            raise HandlerError(f"class Default in {module.__file__} has no method fetch(self, request)")
        return _class_handler(default)
    on_fetch = getattr(module, "on_fetch", None)
    if callable(on_fetch):
        return _function_handler(on_fetch)
    raise HandlerError(
        f"{module.__file__} defines no handler: write `def on_fetch(request, env)`, or "
        "`class Default(WorkerEntrypoint)` with `async def fetch(self, request)`"
    )


def _class_handler(default: type) -> Callable[..., Any]:
    def call(request: Any, env: Any, ctx: Any) -> Any:
        workers = importlib.import_module("workers")
        return default(ctx, env).fetch(workers.Request(request))

    return call


def _function_handler(on_fetch: Callable[..., Any]) -> Callable[..., Any]:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(on_fetch).parameters.values()
    takes_all = any(parameter.kind is inspect.Parameter.VAR_POSITIONAL for parameter in parameters)
    count = 3 if takes_all else sum(parameter.kind in kinds for parameter in parameters)

    def call(*arguments: Any) -> Any:
        return on_fetch(*arguments[:count])

    return call


def _to_js_response(result: Any) -> Any:
    """The JavaScript Response in a handler's result; others are for the realm to refuse."""
    for attribute in ("js_object", "js_response"):
        if hasattr(type(result), attribute) or attribute in getattr(result, "__dict__", ()):
            return getattr(result, attribute)
    constructor = getattr(result, "constructor", None)
    if getattr(constructor, "name", None) == "Response":
        return result
    raise HandlerError(
        f"the handler returned {'None' if result is None else type(result).__name__}; return a Response "
        "(`from workers import Response`, or `from js import Response` and `Response.new(...)`)"
    )


def fetch(request: Any, env: Any, ctx: Any) -> Any:
    """Answer one request: a JavaScript Response, or an awaitable of it where blocking is not possible."""
    if _handler is None:
        raise HandlerError("no Worker is loaded")
    with _request_threads.request(request):
        result = _handler(request, env, ctx)
        if not inspect.isawaitable(result):
            return _to_js_response(result)
        if _bridge.can_block():
            return _to_js_response(_bridge.block_on(result))
        return _respond_later(result)  # there are no threads here


async def _respond_later(result: Any) -> Any:
    return _to_js_response(await result)


def run(name: str, arguments: str) -> int:
    """Run ``main(arguments)`` of a module as a program: ``arguments`` is JSON, the result an exit code."""
    return int(importlib.import_module(name).main(arguments))
