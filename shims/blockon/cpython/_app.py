"""Workers as an ASGI application."""

from __future__ import annotations

import asyncio
import datetime
import logging
import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from .._api import versions
from .._api.context import ScheduledEvent
from ._config import Config, ConfigError, read_config
from ._exchange import Answer, ServerExchange
from ._kv import Database
from ._socket import ServerSocketExchange
from ._worker import Worker

__all__ = ["Application", "app_of"]

_logger = logging.getLogger("blockon")


class Application:
    """An ASGI application of Workers: requests go to the first, the others are its services."""

    def __init__(self, folders: Sequence[str | os.PathLike[str]], kv: str) -> None:
        """Read the configurations. Raises ConfigError."""
        configs = [read_config(folder) for folder in folders]
        names = [config.name for config in configs]
        if len(set(names)) < len(names):
            raise ConfigError(f"{configs[-1].file}: two of the Workers have the same name: {', '.join(names)}")
        if len({config.features for config in configs}) > 1:
            raise ConfigError(
                f"{configs[-1].file}: the Workers' compatibility dates and flags mean different versions of the API, "
                "which one CPython cannot have"
            )
        versions.enable(configs[0].features)
        self._database = Database(kv)
        self._workers: dict[str, Worker] = {}
        for config in configs:
            self._check_services(config, names)
        for config in configs:
            self._workers[config.name] = Worker(config, self._database, self._workers)
        self._first = self._workers[names[0]]
        self._ready = False

    @staticmethod
    def _check_services(config: Config, names: Sequence[str]) -> None:
        for service, _, _ in config.services.values():
            if service not in names:
                raise ConfigError(f"{config.file}: services: {service} is none of the Workers that are served here")

    def load(self) -> None:
        """Import the Workers' modules, once. Raises what they raise, and HandlerError."""
        if not self._ready:
            for worker in self._workers.values():
                worker.load()
            self._ready = True

    def close(self) -> None:
        """End all threads, when what is under way has ended."""
        for worker in self._workers.values():
            worker.stop()
        self._database.close()

    def run_scheduled(self, cron: str = "* * * * *", time: datetime.datetime | None = None) -> None:
        """Call the first Worker's handler for triggers, and wait for it. Raises what it raises."""
        self.load()
        due = datetime.datetime.now(datetime.UTC) if time is None else time
        self._first.scheduled(ScheduledEvent(cron, due, lambda: None)).result()

    async def __call__(self, scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        """ASGI 3: http, websocket and lifespan."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._http(scope, receive, send)

    async def _lifespan(self, receive: Any, send: Any) -> None:
        await receive()
        try:
            await asyncio.to_thread(self.load)
        except Exception as error:
            _logger.exception("the Worker cannot be loaded")
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await asyncio.to_thread(self.close)
        await send({"type": "lifespan.shutdown.complete"})

    async def _http(self, scope: Any, receive: Any, send: Any) -> None:
        if not self._ready:
            await asyncio.to_thread(self.load)
        exchange = ServerExchange(scope, receive, send, asyncio.get_running_loop())
        await self._answer(exchange)

    async def _websocket(self, scope: Any, receive: Any, send: Any) -> None:
        if not self._ready:
            await asyncio.to_thread(self.load)
        await receive()
        await self._answer(ServerSocketExchange(scope, receive, send, asyncio.get_running_loop()))

    async def _answer(self, exchange: ServerExchange) -> None:
        try:
            answer = await self._first.serve(exchange)
        except Exception:
            # As the runtime has it: why is the log's.
            _logger.exception("%s %s failed", exchange.head.method, exchange.head.url)
            answer = Answer(500, [(b"content-type", b"text/plain; charset=utf-8")], b"Internal Server Error\n")
        try:
            # None for a WebSocket, which its handler has ended.
            if answer is not None:
                await answer.send(exchange.send)
        finally:
            exchange.end()


def app_of(*folders: str | os.PathLike[str], kv: str = ":memory:") -> Application:
    """The Workers in these folders as an ASGI application; requests go to the first, which may call the others.

    ``kv`` is the file of sqlite3 that KV is in; memory if not given. Raises ConfigError.
    """
    return Application(folders, kv)
