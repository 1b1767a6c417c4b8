"""The Pythonic API's host in a realm: what comes in by the realm's events goes to handlers of that form."""

from __future__ import annotations

import asyncio
import datetime
import inspect
import json
import logging
import types
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from . import _bridge
from ._api import host as api_host
from ._api.context import Context, ScheduledEvent
from ._api.env import Env
from ._api.handlers import ApiHandlers
from ._api.handlers import find as find_handlers
from ._api.headers import RawHeaders
from ._api.host import Operation
from ._api.kv import KVNamespace
from ._api.queues import Queue
from ._api.request import Request
from ._api.response import Response
from ._api.results import respond
from ._api.services import Service
from ._api.websocket import end_failed, end_returned
from ._bridge import JsProxy
from ._realm_exchange import RealmExchange
from ._realm_kv import RealmKVStore
from ._realm_queues import RealmQueue, batch_of
from ._realm_sandbox import RealmSandbox
from ._realm_services import RealmExports, RealmService
from ._realm_socket import RealmSocketPort, open_socket
from ._realm_values import from_realm, to_realm

__all__ = ["RealmHandlers", "find"]

_logger = logging.getLogger("blockon")


class RealmBindings:
    """The realm's ``env``: looked at each time, since tests change it."""

    def names(self) -> list[str]:
        return list(_bridge.js.Object.keys(_module().env).to_py())

    def find(self, name: str) -> Any:
        env = _module().env
        value = _bridge.js.Reflect.get(env, name)
        if isinstance(value, JsProxy):
            if not _bridge.js.Object.hasOwn(env, name):
                raise KeyError(name)
            kind = value.constructor.name
            if kind == "KvNamespace":
                return KVNamespace(RealmKVStore(value))
            if kind == "WorkerQueue":
                return Queue(RealmQueue(value))
            if kind == "Fetcher":
                return Service(RealmService(name, value))
            return json.loads(_bridge.js.JSON.stringify(value))
        if value is None and not _bridge.js.Object.hasOwn(env, name):
            raise KeyError(name)
        return None if value is _bridge.jsnull else value


def _module() -> Any:
    return _bridge.host("entrypointHelper").cloudflareWorkersModule


class RealmHost:
    """Waits on fibers; what goes on beside a handler is a task."""

    def __init__(self) -> None:
        self._bindings = RealmBindings()
        self._tasks: set[asyncio.Task[None]] = set()

    def block_on(self, awaitable: Awaitable[Any]) -> Any:
        return _bridge.block_on(awaitable)

    def spawn(self, run: Callable[[], Any], name: str) -> None:
        async def go() -> None:
            run()

        self.spawn_async(go(), name)

    def spawn_async(self, run: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(run, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _logger.error("%s failed", task.get_name(), exc_info=task.exception())

    def call(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Awaitable[Any]:
        async def go() -> Any:
            return function(*arguments)

        return go()

    def bindings(self) -> RealmBindings:
        return self._bindings

    def context(self) -> Context:
        return Context(lambda awaitable: _module().waitUntil(awaitable), lambda: RealmExports(_module()))

    def sandbox(self) -> RealmSandbox:
        return RealmSandbox()

    def open_socket(self, url: str, subprotocols: list[str], headers: RawHeaders) -> Operation[Any]:
        return open_socket(url, subprotocols, headers)


class LazyExchange(RealmExchange):
    """Asks for the head when somebody looks at it: many handlers do not."""

    __slots__ = ()

    def __init__(self, request: Any) -> None:
        self._request = request

    def __getattr__(self, name: str) -> Any:
        if name not in ("head", "_has_body"):
            raise AttributeError(name)
        super().__init__(self._request)
        return getattr(self, name)

    def socket(self) -> RealmSocketPort:
        return RealmSocketPort(self._request)


def _context(ctx: Any) -> Context:
    return Context(
        lambda awaitable: ctx.waitUntil(awaitable),
        lambda: RealmExports(ctx),
        lambda: json.loads(_bridge.js.JSON.stringify(ctx.props)),
    )


def _raise(error: Exception) -> Any:
    raise error


def _then(result: Any, convert: Callable[[Any], Any], failed: Callable[[Exception], Any] = _raise) -> Any:
    """The converted result of a handler; where blocking is not possible perhaps an awaitable of it."""
    while True:
        if not inspect.isawaitable(result):
            result = convert(result)
            if not inspect.isawaitable(result):
                return result
            # What the response waits for.
            return _bridge.block_on(result) if _bridge.can_block() else result
        if not _bridge.can_block():
            return _then_later(result, convert, failed)
        result = _bridge.block_on(result)


async def _then_later(result: Awaitable[Any], convert: Callable[[Any], Any], failed: Callable[[Exception], Any]) -> Any:
    try:
        converted = convert(await result)
        return await converted if inspect.isawaitable(converted) else converted
    except Exception as error:  # noqa: BLE001
        return failed(error)


class RealmHandlers:
    """The handlers of a module, called with what the realm has."""

    def __init__(self, handlers: ApiHandlers) -> None:
        self._handlers = handlers
        self._env = Env()

    def events(self) -> list[str]:
        return self._handlers.events()

    def exports(self) -> list[str]:
        return self._handlers.exports()

    def fetch(self, request: Any, ctx: Any) -> Any:
        """JavaScript's Response."""
        handler = self._handlers.find("fetch")
        return self._answer(handler, LazyExchange(request), ctx, lambda: self._handlers.describe("fetch"))

    def _answer(self, handler: Any, exchange: LazyExchange, ctx: Any, describe: Callable[[], str]) -> Any:
        env = self._env
        request = Request._incoming(exchange)

        def convert(value: Any) -> Any:
            socket = request._accepted
            if socket is None:
                return respond(value, exchange, env, describe)
            end_returned(socket, value, describe)
            return socket._port.response  # type: ignore[attr-defined]

        def failed(error: Exception) -> Any:
            socket = request._accepted
            if socket is None:
                raise error
            end_failed(socket, error)
            return socket._port.response  # type: ignore[attr-defined]

        try:
            result = handler(request, env, _context(ctx))
            if isinstance(result, Response) and request._socket is None:
                return exchange.respond(result.status_code, "", result.headers.raw, result.body)
            return _then(result, convert, failed)
        except Exception as error:  # noqa: BLE001
            return failed(error)

    def scheduled(self, controller: Any, ctx: Any) -> Any:
        due = datetime.datetime.fromtimestamp(controller.scheduledTime / 1000, datetime.UTC)
        event = ScheduledEvent(controller.cron, due, lambda: controller.noRetry())
        return _then(self._handlers.find("scheduled")(event, self._env, _context(ctx)), lambda _: None)

    def queue(self, batch: Any, ctx: Any) -> Any:
        return _then(self._handlers.find("queue")(batch_of(batch), self._env, _context(ctx)), lambda _: None)

    def call(self, entrypoint: str, name: str, arguments: Any, ctx: Any) -> Any:
        """A call from another Worker, with a JavaScript array of arguments, None for an attribute's value."""
        context = _context(ctx)
        if name == "fetch" and arguments is not None:
            found: Any = self._handlers.entrypoint(entrypoint)
            if not hasattr(found, "fetch"):
                raise TypeError('The RPC receiver does not implement the method "fetch".')

            def handler(request: Any, env: Any, given: Any) -> Any:
                return found(given, env).fetch(request)

            return self._answer(handler, LazyExchange(arguments[0]), ctx, lambda: f"{found.__name__}.fetch")
        method = self._handlers.method(entrypoint, name, self._env, context)
        if arguments is None:
            if callable(method):
                raise TypeError(f"{name} is a method: call it")
            return to_realm(method)
        if not callable(method):
            raise TypeError(f"{name} is no method but {type(method).__name__}")
        return _then(method(*[from_realm(each) for each in arguments]), to_realm)


def find(module: types.ModuleType) -> RealmHandlers | None:
    """The handlers of a module in the API's form, None where it has others. Raises HandlerError."""
    handlers = find_handlers(module)
    return None if handlers is None else RealmHandlers(handlers)


api_host.use(RealmHost())
