"""What the API's objects promise, for type checkers: annotate with these where a stand-in may come, as in tests.

class MyEnv(Protocol):
    CACHE: protocols.KV
    NAME: str

def fetch(request: Request, env: MyEnv) -> protocols.Answer: ...
"""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import Any, Literal, Protocol, TypeAlias, TypeVar, overload

from ._api.context import ScheduledEvent as _ScheduledEvent
from ._api.kv_types import KVEntry, KVKey, KVPage
from ._api.request import Request
from ._api.response import Response, StreamingResponse
from ._api.urls import URL

__all__ = [
    "KV",
    "Answer",
    "AsyncFetchHandler",
    "AsyncKV",
    "AsyncService",
    "Context",
    "FetchHandler",
    "ForeignResponse",
    "ScheduledHandler",
    "Service",
]

_Headers: TypeAlias = Any
_Env = TypeVar("_Env", contravariant=True)


class ForeignResponse(Protocol):
    """A response of another library: Starlette's, Werkzeug's, httpx's, requests'."""

    status_code: int

    @property
    def headers(self) -> Any:
        """Of the library's own class."""


Answer: TypeAlias = Response | StreamingResponse | str | bytes | dict[str, Any] | list[Any] | ForeignResponse
"""What a handler for requests may return."""


class Context(Protocol):
    """``ctx``."""

    @property
    def props(self) -> dict[str, Any]:
        """What is said of who calls."""

    @property
    def exports(self) -> Any:
        """The Worker's own entrypoints, each a Service."""

    def wait_until(self, work: Awaitable[Any] | Callable[..., Any], *arguments: Any) -> None:
        """As ``blockon.Context.wait_until``."""


class FetchHandler(Protocol[_Env]):
    """``def fetch(request, env, ctx)``; one that takes fewer is a handler, too."""

    def __call__(self, request: Request, env: _Env, ctx: Context, /) -> Answer:
        """Answer a request; may block."""


class AsyncFetchHandler(Protocol[_Env]):
    """``async def fetch(request, env, ctx)``."""

    def __call__(self, request: Request, env: _Env, ctx: Context, /) -> Awaitable[Answer]:
        """Answer a request."""


class ScheduledHandler(Protocol[_Env]):
    """``def scheduled(event, env, ctx)``, or ``async def``."""

    def __call__(self, event: _ScheduledEvent, env: _Env, ctx: Context, /) -> object:
        """Take a trigger."""


class KV(Protocol):
    """A KV namespace, as ``blockon.KVNamespace``."""

    @property
    def aio(self) -> AsyncKV:
        """The same for ``await``."""

    @overload
    def get(self, key: str, type: Literal["text"] = "text") -> str | None: ...
    @overload
    def get(self, key: str, type: Literal["bytes"]) -> bytes | None: ...
    @overload
    def get(self, key: str, type: Literal["json"]) -> Any: ...

    def get_with_metadata(self, key: str, type: Literal["text", "bytes", "json"] = "text") -> KVEntry:
        """The value and its metadata."""

    def get_many(self, keys: Iterable[str], type: Literal["text", "json"] = "text") -> dict[str, Any]:
        """The values of several keys."""

    def put(
        self,
        key: str,
        value: str | bytes,
        *,
        expiration: int | datetime.datetime | None = None,
        expiration_ttl: int | datetime.timedelta | None = None,
        metadata: Any = None,
    ) -> None:
        """Keep a value."""

    def delete(self, key: str) -> None:
        """Forget a key."""

    def list(self, prefix: str = "", *, limit: int | None = None, cursor: str | None = None) -> KVPage:
        """A page of the keys."""

    def keys(self, prefix: str = "") -> Iterator[KVKey]:
        """All keys."""


class AsyncKV(Protocol):
    """``KV`` for ``await``, as ``blockon.AsyncKVNamespace``."""

    @overload
    async def get(self, key: str, type: Literal["text"] = "text") -> str | None: ...
    @overload
    async def get(self, key: str, type: Literal["bytes"]) -> bytes | None: ...
    @overload
    async def get(self, key: str, type: Literal["json"]) -> Any: ...

    async def get_with_metadata(self, key: str, type: Literal["text", "bytes", "json"] = "text") -> KVEntry:
        """The value and its metadata."""

    async def get_many(self, keys: Iterable[str], type: Literal["text", "json"] = "text") -> dict[str, Any]:
        """The values of several keys."""

    async def put(
        self,
        key: str,
        value: str | bytes,
        *,
        expiration: int | datetime.datetime | None = None,
        expiration_ttl: int | datetime.timedelta | None = None,
        metadata: Any = None,
    ) -> None:
        """Keep a value."""

    async def delete(self, key: str) -> None:
        """Forget a key."""

    async def list(self, prefix: str = "", *, limit: int | None = None, cursor: str | None = None) -> KVPage:
        """A page of the keys."""

    def keys(self, prefix: str = "") -> AsyncIterator[KVKey]:
        """All keys."""


class Service(Protocol):
    """Another Worker, a server or the assets, as ``blockon.Service``; methods of the Worker's own are added to it."""

    def fetch(
        self,
        request: str | URL | Request,
        *,
        method: str = "GET",
        headers: _Headers | None = None,
        content: bytes | str | None = None,
        json: Any = None,
    ) -> Response:
        """The answer to a request."""


class AsyncService(Protocol):
    """``Service`` for ``await``, as ``blockon.AsyncService``."""

    async def fetch(
        self,
        request: str | URL | Request,
        *,
        method: str = "GET",
        headers: _Headers | None = None,
        content: bytes | str | None = None,
        json: Any = None,
    ) -> Response:
        """The answer to a request."""
