"""What mypy says of the Pythonic API: this file has to be without errors, and each `type: ignore` has to be needed."""

from __future__ import annotations

import datetime
from typing import Any, Protocol, assert_type

import blockon
from blockon import KVEntry, KVKey, KVNamespace, Request, Response, Service, StreamingResponse, protocols


class Env(Protocol):
    """The bindings of a Worker, as its author describes them."""

    CACHE: protocols.KV
    NAME: str


def fetch(request: Request, env: Env, ctx: protocols.Context) -> Response:
    assert_type(request.body(), bytes)
    assert_type(request.headers.get("a"), str | None)
    assert_type(request.query_params["a"], str)
    assert_type(env.CACHE.get("a"), str | None)
    assert_type(env.CACHE.get("a", "bytes"), bytes | None)
    assert_type(env.CACHE.get("a", type="json"), Any)
    assert_type(env.CACHE.list().keys, list[KVKey])
    assert_type(next(env.CACHE.keys()).expiration, datetime.datetime | None)
    ctx.wait_until(print, "done")
    env.CACHE.put("a", 1)  # type: ignore[arg-type]
    env.CACHE.put("a", "b", ttl=1)  # type: ignore[call-arg]
    env.CACHE.get("a", "stream")  # type: ignore[call-overload]
    return Response(env.NAME)


async def fetch_async(request: Request, env: Env, ctx: protocols.Context) -> dict[str, Any]:
    assert_type(await request.aio.text(), str)
    assert_type(await env.CACHE.aio.get("a"), str | None)
    assert_type(await env.CACHE.aio.get("a", "bytes"), bytes | None)
    assert_type(await env.CACHE.aio.get_with_metadata("a"), KVEntry)
    async for piece in request.aio.stream():
        assert_type(piece, bytes)
    async for key in env.CACHE.aio.keys():
        assert_type(key.name, str)
    return {}


def streamed(request: Request, env: Env, ctx: protocols.Context) -> StreamingResponse:
    return StreamingResponse(request.stream())


def wrong(request: Request, env: Env, ctx: protocols.Context) -> int:
    return 1


def scheduled(event: blockon.ScheduledEvent, env: Env, ctx: protocols.Context) -> None:
    assert_type(event.scheduled_time, datetime.datetime)


class Worker(blockon.WorkerEntrypoint):
    """The class form."""

    def fetch(self, request: Request) -> str:
        return request.path

    async def add(self, one: int, other: int) -> int:
        return one + other


def conforming(namespace: KVNamespace, service: Service, context: blockon.Context) -> None:
    """The classes are what the protocols describe."""
    kv: protocols.KV = namespace
    kv_async: protocols.AsyncKV = namespace.aio
    other: protocols.Service = service
    other_async: protocols.AsyncService = service.aio
    ctx: protocols.Context = context
    handler: protocols.FetchHandler[Env] = fetch
    handler = streamed
    handler = wrong  # type: ignore[assignment]
    handler_async: protocols.AsyncFetchHandler[Env] = fetch_async
    trigger: protocols.ScheduledHandler[Env] = scheduled
    assert_type(blockon.Request("GET", "http://any/").json(), Any)
    del kv, kv_async, other, other_async, ctx, handler, handler_async, trigger
