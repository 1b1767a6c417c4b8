"""workers.asgi, which is also `asgi`: ASGI applications as Workers, by this runtime's own server.

Default = asgi.entrypoint(app)

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return await asgi.fetch(app, request, self.env, self.ctx)
"""

from __future__ import annotations

import dataclasses
from typing import Any

from workers import Request, WorkerEntrypoint
from workers.gateway import BaseOptions
from workers.rpc import _EnvWrapper

from . import _asgi_http, _asgi_lifespan, _asgi_scope, _asgi_websocket
from ._realm_exchange import RealmExchange
from ._realm_websocket import RealmWebSocketExchange

__all__ = ["Options", "entrypoint", "fetch", "websocket"]


_UPGRADE = (b"upgrade", b"websocket")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options(BaseOptions):
    """Cloudflare's. None has an effect: a body is sent as the application made it, whatever its Content-Encoding."""


def _js_request(request: Any) -> Any:
    return request.js_object if isinstance(request, Request) else request


async def fetch(app: Any, req: Any, env: Any, ctx: Any = None, *, options: Options | None = None) -> Any:
    """The application's answer, JavaScript's Response. ``req`` is a Request of the SDK's or JavaScript's.

    A request for a WebSocket is one of the application's WebSockets. Raises LifespanError when it does not start, and
    what it raises before it answers.
    """
    lifespan = _asgi_lifespan.of(app)
    if not lifespan.ready:
        await lifespan.startup()
    exchange = RealmExchange(_js_request(req))
    if _UPGRADE in exchange.head.headers:
        return await _open_websocket(app, req, env, lifespan.state)
    scope = _asgi_scope.scope(exchange.head, "http", env, lifespan.state)
    connection, task = _asgi_http.serve(app, exchange, scope)
    return await connection.answer(task)


async def websocket(app: Any, req: Any, env: Any = None) -> Any:
    """As fetch(), for a request that asks for a WebSocket."""
    lifespan = _asgi_lifespan.of(app)
    if not lifespan.ready:
        await lifespan.startup()
    return await _open_websocket(app, req, env, lifespan.state)


async def _open_websocket(app: Any, req: Any, env: Any, state: dict[str, Any]) -> Any:
    exchange = RealmWebSocketExchange(_js_request(req))
    scope = _asgi_scope.scope(exchange.head, "websocket", env, state)
    connection, task = _asgi_websocket.serve(app, exchange, scope)
    return await connection.answer(task)


def entrypoint(app: Any, *, options: Options | None = None) -> type[Any]:
    """The class Default of a Worker that is the application."""

    def serve(request: Any, env: Any, ctx: Any) -> Any:
        """What fetch() does, without the SDK's objects: the Response where the application never waits."""
        wrapped = _EnvWrapper(env)
        lifespan = _asgi_lifespan.of(app)
        if not lifespan.ready:
            return fetch(app, request, wrapped, ctx)
        exchange = RealmExchange(request)
        if _UPGRADE in exchange.head.headers:
            return _open_websocket(app, request, wrapped, lifespan.state)
        scope = _asgi_scope.scope(exchange.head, "http", wrapped, lifespan.state)
        connection, task = _asgi_http.serve(app, exchange, scope)
        if connection.response is not None and task.done():
            return connection.response
        return connection.answer(task)

    class Default(WorkerEntrypoint):
        blockon_serve = staticmethod(serve)

        async def fetch(self, request: Any) -> Any:
            return await fetch(app, request, self.env, self.ctx, options=options)

    return Default


def __getattr__(name: str) -> Any:
    """``env``: a dependency of FastAPI's, the Worker's bindings."""
    if name != "env":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    fastapi: Any = __import__("fastapi")

    async def env(request: fastapi.Request) -> Any:
        return request.scope["env"]

    env.__annotations__["request"] = fastapi.Request
    return fastapi.Depends(env)
