"""One Worker on CPython: its module, its bindings, and the calls of its handlers."""

from __future__ import annotations

import copy
import functools
import inspect
import itertools
import sys
import types
from collections.abc import Mapping
from typing import Any

from .._api import handlers as api_handlers
from .._api.context import Context
from .._api.env import Env
from .._api.handlers import ApiHandlers
from .._api.host import host
from .._api.kv import KVNamespace
from .._api.request import Request
from .._api.response import Response
from .._api.results import respond
from .._api.services import Service
from .._api.websocket import end_failed, end_returned
from .._handler_errors import HandlerError, instead_of_handler
from .._main_file import import_file
from ._config import Config
from ._host import Threads, enter, leave
from ._kv import Database, SqliteKVStore
from ._memory import MemoryExchange
from ._pending import Pending
from ._services import LocalService

__all__ = ["Worker"]

_count = itertools.count(1)


class _Bindings:
    """A Worker's variables and bindings: Bindings of the API."""

    def __init__(self, made: dict[str, Any]) -> None:
        self._made = made

    def names(self) -> list[str]:
        return list(self._made)

    def find(self, name: str) -> Any:
        value = self._made[name]
        # As from a configuration that is read anew.
        return copy.deepcopy(value) if isinstance(value, (dict, list)) else value


class Worker:
    """Loaded by load(), ended by stop()."""

    def __init__(self, config: Config, database: Database, workers: Mapping[str, Worker]) -> None:
        """``workers`` has those of the process, by their names."""
        self.config = config
        self.threads = Threads(config.name)
        made: dict[str, Any] = dict(config.variables)
        for name, namespace in config.kv.items():
            made[name] = KVNamespace(SqliteKVStore(database, namespace))
        for name, (service, entrypoint, props) in config.services.items():
            made[name] = Service(LocalService(functools.partial(workers.__getitem__, service), entrypoint, props))
        self.bindings = _Bindings(made)
        self._context = enter(self)
        self._env = Env(self.bindings)
        self._handlers: ApiHandlers | None = None

    def load(self) -> None:
        """Import the main file. Raises what it raises, HandlerError where it has no handlers of this API."""
        self._context.copy().run(self._load)

    def _load(self) -> None:
        main = self.config.main
        folder = str(main.parent)
        if folder not in sys.path:
            sys.path.insert(0, folder)
        # Several Workers may have main files of one name.
        name = main.stem if main.stem not in sys.modules else f"{main.stem}_{next(_count)}"
        self._handlers = self._find(import_file(name, main))

    def _find(self, module: types.ModuleType) -> ApiHandlers:
        found = api_handlers.find(module)
        if found is None:
            if hasattr(module, "Default") or hasattr(module, "on_fetch"):
                what = "has handlers of another form, which only blockon can serve"
            else:
                what = f"defines no handler: {instead_of_handler(module)}"
            raise HandlerError(f"{module.__file__} {what}; on CPython: `def fetch(request, env)`")
        return found

    @property
    def handlers(self) -> ApiHandlers:
        """Those of the module, which is loaded."""
        if self._handlers is None:
            raise RuntimeError("the Worker is not loaded")
        return self._handlers

    def serve(self, exchange: Any) -> Pending:
        """The Answer to a request."""
        handler = self.handlers.find("fetch")
        return self._run(self._fetch, handler, exchange, lambda: self.handlers.describe("fetch"))

    def ask(self, entrypoint: str, request: Request, props: dict[str, Any]) -> Pending:
        """The Response to a request of another Worker's."""
        found: Any = self.handlers.entrypoint(entrypoint) if entrypoint else None

        def handler(given: Any, env: Any, ctx: Any) -> Any:
            return found(ctx, env).fetch(given)

        exchange = MemoryExchange(request)

        async def whole() -> Response:
            call = handler if found is not None else self.handlers.find("fetch")
            await self._run(self._fetch, call, exchange, lambda: self.handlers.describe("fetch"), props)
            return await exchange.response()

        return self.threads.start(self._context.copy(), whole())

    def call(self, entrypoint: str, method: str, arguments: list[Any], props: dict[str, Any]) -> Pending:
        """What a method gives another Worker."""

        def run() -> Any:
            found = self.handlers.method(entrypoint, method, self._env, self.new_context(props))
            if not callable(found):
                raise TypeError(f"{method} is no method but {type(found).__name__}")
            return found(*arguments)

        return self._run(run)

    def scheduled(self, event: Any) -> Pending:
        """What the handler of a trigger gives."""
        return self._run(self.handlers.find("scheduled"), event, self._env, host().context())

    def _run(self, function: Any, *arguments: Any) -> Pending:
        """Call it in a thread; what it gives that is to be awaited, on the loop."""
        context = self._context.copy()
        in_thread = self.threads.submit(context, function, *arguments)

        async def run() -> Any:
            result = await in_thread
            while inspect.isawaitable(result):
                result = await result
            return result

        return self.threads.start(context, run())

    def new_context(self, props: dict[str, Any]) -> Context:
        """One for a call."""
        made = host().context()
        return Context(made._go_on, made._exports, lambda: copy.deepcopy(props))

    def _fetch(self, handler: Any, exchange: Any, describe: Any, props: dict[str, Any] | None = None) -> Any:
        context = self.new_context(props or {})
        request = Request._incoming(exchange)

        def convert(value: Any) -> Any:
            if request._accepted is None:
                return respond(value, exchange, self._env, describe)
            return end_returned(request._accepted, value, describe)

        def failed(error: Exception) -> None:
            if request._accepted is None:
                raise error
            end_failed(request._accepted, error)

        async def later(awaited: Any) -> Any:
            try:
                answer = convert(await awaited)
                return await answer if inspect.isawaitable(answer) else answer
            except Exception as error:  # noqa: BLE001
                return failed(error)

        try:
            result = handler(request, self._env, context)
            return later(result) if inspect.isawaitable(result) else convert(result)
        except Exception as error:  # noqa: BLE001
            return failed(error)

    def stop(self) -> None:
        """End its threads, when what is under way has ended."""
        self.threads.stop()
        leave(self)
