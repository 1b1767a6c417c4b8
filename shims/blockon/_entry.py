"""The way in: loads a Worker's module and hands events to its handlers.

Called by the realm (runtime/realm/90-boot.js), on a fiber when the Worker may block. Each function answers with a
value, or with an awaitable of it where blocking is not possible.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import sys
import types
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from . import _asgi_lifespan, _asgi_tasks, _bridge, _fetch, _limits, _platform, _request_threads, _rpc, _vendor
from ._answers import to_js_response
from ._api import host, versions
from ._fiber_report import report as report_fibers
from ._handler_errors import HandlerError
from ._handlers import EVENTS, Handlers
from ._main_file import import_file, look_anew
from ._request_threads import call_depth, call_number

__all__ = [
    "HandlerError",
    "answering",
    "call",
    "call_depth",
    "call_function",
    "call_number",
    "end_request",
    "events",
    "exports",
    "fetch",
    "find_handlers",
    "handlers",
    "load",
    "load_main",
    "prepare",
    "queue",
    "report_fibers",
    "run",
    "scheduled",
    "set_handlers",
    "stop",
    "tell_lasting",
]

_handlers: Handlers | None = None
# Those of the Pythonic API (_realm_api), in place of the others.
_api: Any = None
# Whether .pth files of packages count.
_has_pth_files = False


def prepare(features: Iterable[str], preload: Iterable[str]) -> None:
    """Make ready for a Worker with these flags, which is not known yet: import the modules of ``preload``."""
    global _has_pth_files
    enabled = set(features)
    _platform.install(enabled)
    versions.enable(enabled)
    host.use_module("blockon._realm_api")
    _has_pth_files = "python_process_pth_files" in enabled
    for name in preload:
        importlib.import_module(name)


def load(main: str, clients_fetch: bool, thread_grace: float) -> None:
    """Load the Worker's main file. ``main`` is empty for a program of our own, or what is loaded later.

    ``clients_fetch``: HTTP clients go through the Worker's ``fetch``, though nobody has set another. ``thread_grace``:
    the seconds that a thread may go on when its request has ended, 0 for any.
    """
    if _has_pth_files:
        _vendor.process_pth_files()
    _fetch.take_workers(clients_fetch)
    _request_threads.install(thread_grace)
    _limits.install()
    if main:
        # Its files may have come when their folders were looked into before.
        look_anew()
        load_main(main)


def load_main(main: str) -> types.ModuleType:
    """Import the Worker's main file and find its handlers."""
    global _handlers, _api
    module = _import_main(Path(main))
    _api = _find_api(module)
    _handlers = Handlers(module) if _api is None else None
    return module


def _find_api(module: types.ModuleType) -> Any:
    """Handlers in the form of the Pythonic API, None where the module has others, or the Worker's date is before it."""
    if not versions.has(versions.FIRST):
        return None
    # What serves them is loaded only for a module that may have them.
    if hasattr(module, "Default"):
        may_have = "blockon._api.context" in sys.modules
    else:
        names = ("fetch", "scheduled", "queue")
        may_have = any(hasattr(module, each) for each in names) and not any(
            hasattr(module, f"on_{event}") for event in EVENTS
        )
    return importlib.import_module("blockon._realm_api").find(module) if may_have else None


def _import_main(path: Path) -> types.ModuleType:
    name = path.stem
    imported = sys.modules.get(name)
    if imported is not None and getattr(imported, "__file__", None) == str(path):
        return imported  # by a test of the Worker's
    folder = str(path.parent)
    if folder not in sys.path:
        # Modules beside it are imported by their names, as on Cloudflare's platform.
        sys.path.insert(0, folder)
    return import_file(name, path)


def find_handlers() -> None:
    """Look for the Worker's handlers now, and not with the first event of each kind."""
    if _handlers is not None:
        for event in _handlers.events():
            _handlers.find(event)


def handlers() -> tuple[Any, Any]:
    """The Worker's handlers: of Cloudflare's form, or of the API's."""
    return _handlers, _api


def set_handlers(own: Any, api: Any) -> None:
    """Have others in place of the Worker's."""
    global _handlers, _api
    _handlers, _api = own, api


def _loaded() -> Handlers:
    if _handlers is None:
        raise HandlerError("no Worker is loaded")
    return _handlers


def _finish(result: Any, convert: Callable[[Any], Any]) -> Any:
    """The converted result of a handler, which may be awaitable."""
    # The most usual kind first: telling whether any other is awaitable takes longer than most handlers.
    if type(result) is not types.CoroutineType and not inspect.isawaitable(result):
        return convert(result)
    if _bridge.can_block():
        return convert(_bridge.block_on(result))
    # There are no threads here. A task keeps the context, and what the request is.
    return asyncio.ensure_future(_finish_later(result, convert))


async def _finish_later(result: Any, convert: Callable[[Any], Any]) -> Any:
    return convert(await result)


def answering(env: Any) -> Callable[[Any, Any, int], Any]:
    """fetch() of a Worker with these bindings, which then do not cross with each request."""
    return lambda request, ctx, number: fetch(request, env, ctx, number)


def fetch(request: Any, env: Any, ctx: Any, number: int = 0, depth: int = 0) -> Any:
    """Answer one request with a JavaScript Response.

    The host knows it by ``number``, if that is not 0. ``depth``: as of ``call``.
    """
    if _api is not None:
        with _request_threads.request(number, lambda: f"{request.method} {request.url}", depth):
            return _api.fetch(request, ctx)
    handlers = _loaded()
    with _request_threads.request(number, lambda: f"{request.method} {request.url}", depth):
        return _finish(
            handlers.find("fetch")(request, env, ctx),
            lambda result: to_js_response(result, lambda: handlers.describe("fetch")),
        )


def scheduled(controller: Any, env: Any, ctx: Any, number: int = 0) -> Any:
    """A scheduled trigger: the controller has ``cron``, ``scheduledTime`` and ``noRetry()``."""
    with _request_threads.request(number, lambda: f"the scheduled trigger {controller.cron}"):
        if _api is not None:
            return _api.scheduled(controller, ctx)
        return _finish(_loaded().find("scheduled")(controller, env, ctx), _nothing)


def queue(batch: Any, env: Any, ctx: Any, number: int = 0) -> Any:
    """A batch of messages of a queue."""
    with _request_threads.request(number, lambda: f"a batch of the queue {batch.queue}"):
        if _api is not None:
            return _api.queue(batch, ctx)
        return _finish(_loaded().find("queue")(batch, env, ctx), _nothing)


def _nothing(_result: Any) -> None:
    """What these handlers return is nobody's."""


def call(entrypoint: str, name: str, arguments: Any, env: Any, ctx: Any, number: int = 0, depth: int = 0) -> Any:
    """A call from another Worker: a method of the entrypoint with these arguments, a JavaScript array.

    Without arguments (None) it is the value of an attribute. The result is JavaScript's. ``depth``: how many calls
    between Workers led to this one, it included.
    """
    if _api is not None:
        with _request_threads.request(number, lambda: f"the call of {entrypoint or 'Default'}.{name}", depth):
            return _api.call(entrypoint, name, arguments, ctx)
    found = _loaded().entrypoint(entrypoint)
    with _request_threads.request(number, lambda: f"the call of {found.__name__}.{name}", depth):
        return _finish(_rpc.call(found, name, arguments, env, ctx), _rpc.to_js)


def call_function(function: Any, method: str, arguments: Any, number: int = 0, depth: int = 0) -> Any:
    """A call of a function that another Worker was given, or of a method of an RpcTarget; otherwise as ``call``."""
    with _request_threads.request(number, lambda: f"the call of {method or 'a function'}", depth):
        return _finish(_rpc.call_function(function, method, arguments), _rpc.to_js)


def end_request(number: int, text: str) -> None:
    """Raise LimitExceeded where the request, call, trigger or batch of that number waits, or soon where it runs."""
    handling = tuple(each.__code__ for each in (fetch, scheduled, queue, call, call_function))
    _limits.end(handling, number, text)


def exports() -> list[str]:
    """The names of what ``ctx.exports`` has: ``default``, and classes for other Workers to call."""
    if _api is not None:
        return _api.exports()
    return [] if _handlers is None else _handlers.exports()


def events() -> list[str]:
    """The events that the Worker has handlers for."""
    return _api.events() if _api is not None else _loaded().events()


def tell_lasting(tell: Any) -> None:
    """Have JavaScript told of applications that go on when their answer has begun, as of what waitUntil is given."""
    _asgi_tasks.tell(tell)


def stop() -> Any:
    """The Worker ends: so do the lifespans of its ASGI applications."""
    return _finish(_asgi_lifespan.shutdown(), _nothing)


def run(name: str, arguments: str) -> int:
    """Run ``main(arguments)`` of a module as a program: ``arguments`` is JSON, the result an exit code."""
    return int(importlib.import_module(name).main(arguments))
