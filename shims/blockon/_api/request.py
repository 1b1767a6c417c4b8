"""Requests: those that come in, and those that are sent to other Workers."""

from __future__ import annotations

import json as json_module
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple

from .._exchange import ClientDisconnectedError, Exchange, Head
from .contents import encoded_content
from .cookies import parse_cookies
from .forms import FormData, content_type, parse_form
from .headers import Headers, MutableHeaders, Raw
from .host import Operation, finish, settle
from .multidict import QueryParams
from .urls import URL, decoded
from .websocket import WebSocket, offered_by

__all__ = ["Address", "AsyncBody", "Request"]


class Address(NamedTuple):
    """Where a client is."""

    host: str
    port: int


class _Memory:
    """The exchange of a request that came from nowhere."""

    def __init__(self, head: Head, body: bytes) -> None:
        self.head = head
        self._body: bytes | None = body or None

    def read(self) -> bytes | None:
        body, self._body = self._body, None
        return body


class Request:
    """A request. Its methods block where the body is yet to come; ``request.aio`` has the same ones for ``await``.

    The body is read once from the client. ``body``, ``text``, ``json`` and ``form`` keep it, so that each may follow
    another; ``stream`` does not.
    """

    __slots__ = ("_body", "_cookies", "_exchange", "_form", "_query", "_socket", "_streamed", "_url")

    _exchange: Any

    def __init__(
        self,
        method: str,
        url: str | URL,
        *,
        headers: Raw | None = None,
        content: bytes | str | None = None,
        json: Any = None,
    ) -> None:
        """Make a request to be sent by ``env.SERVICE.fetch``, or for a test.

        ``content`` is its body, or ``json``, which is encoded. Raises TypeError for both, ValueError for headers that
        cannot be.
        """
        fields = MutableHeaders(headers)
        body, media_type = encoded_content(content, json)
        if media_type is not None:
            fields.setdefault("content-type", media_type)
        self._take(_Memory(Head(method.upper(), str(url), fields.raw), body))

    @classmethod
    def _incoming(cls, exchange: Exchange) -> Request:
        made = cls.__new__(cls)
        made._take(exchange)
        return made

    def _take(self, exchange: Any) -> None:
        self._exchange = exchange
        self._body: bytes | None = None
        self._streamed = False
        self._url: URL | None = None
        self._query: QueryParams | None = None
        self._cookies: dict[str, str] | None = None
        self._form: FormData | None = None
        self._socket: WebSocket | None = None

    @property
    def method(self) -> str:
        """``GET``, ``POST`` and so on."""
        return self._exchange.head.method

    @property
    def url(self) -> URL:
        """The whole URL, in its parts: ``request.url.path``."""
        if self._url is None:
            self._url = URL(self._exchange.head.url)
        return self._url

    @property
    def path(self) -> str:
        """The path, decoded: ``/café`` of ``/caf%C3%A9``. What is no UTF-8 becomes U+FFFD."""
        return decoded(self._exchange.head.raw_path.decode("latin-1"))

    @property
    def headers(self) -> Headers:
        """The header's fields."""
        return Headers(raw=self._exchange.head.headers)

    @property
    def query_params(self) -> QueryParams:
        """The query, decoded: ``request.query_params.get("page")``."""
        if self._query is None:
            self._query = QueryParams(self._exchange.head.query.decode("latin-1"))
        return self._query

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies, by their names."""
        if self._cookies is None:
            self._cookies = parse_cookies("; ".join(self.headers.getlist("cookie")))
        return self._cookies

    @property
    def client(self) -> Address | None:
        """Who has connected, perhaps a proxy; None for a request of another Worker."""
        found = self._exchange.head.client
        return None if found is None else Address(*found)

    @property
    def websocket(self) -> WebSocket | None:
        """The WebSocket that the request asks for, to be accepted; None where it asks for none.

        A handler that returns a response without ``accept`` refuses it.
        """
        if self._socket is None and self.method == "GET" and self.headers.get("upgrade", "").lower() == "websocket":
            make = getattr(self._exchange, "socket", None)
            if make is not None:
                offered = offered_by(",".join(self.headers.getlist("sec-websocket-protocol")))
                self._socket = WebSocket(make(), offered, None, is_open=False)
        return self._socket

    @property
    def _accepted(self) -> WebSocket | None:
        return None if self._socket is None or not self._socket._is_accepted else self._socket

    @property
    def aio(self) -> AsyncBody:
        """``body``, ``text``, ``json``, ``form`` and ``stream`` for ``await`` and ``async for``."""
        return AsyncBody(self)

    def body(self) -> bytes:
        """The whole body. Raises OSError when the client has gone, RuntimeError when the body was streamed."""
        return self._body if self._body is not None else finish(_read(self))

    def text(self) -> str:
        """The body as text, by the charset of its Content-Type, UTF-8 without. Raises ValueError for what is none."""
        return _text(self, self.body())

    def json(self) -> Any:
        """The body as JSON. Raises ValueError (json.JSONDecodeError) for what is none."""
        return json_module.loads(self.body())

    def form(self) -> FormData:
        """The fields of a form, urlencoded or multipart. Raises FormError, a ValueError, where the body is none."""
        return _form(self, self.body())

    def stream(self) -> Iterator[bytes]:
        """The body piece by piece as it comes, which blocks between. Raises as ``body`` does.

        Nothing is kept: what a client sends may be larger than the memory.
        """
        if self._body is not None:
            yield from [self._body] if self._body else []
            return
        _begin_stream(self)
        while (piece := finish(_next_piece(self._exchange))) is not None:
            yield piece

    def _whole(self) -> Operation[bytes]:
        return self._body if self._body is not None else (yield from _read(self))

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.url}>"


class AsyncBody:
    """``request.aio``: the methods of Request for ``await``; other tasks of the request go on meanwhile."""

    __slots__ = ("_request",)

    def __init__(self, request: Request) -> None:
        """Of this request."""
        self._request = request

    async def body(self) -> bytes:
        """As ``Request.body``."""
        request = self._request
        return request._body if request._body is not None else await settle(_read(request))

    async def text(self) -> str:
        """As ``Request.text``."""
        return _text(self._request, await self.body())

    async def json(self) -> Any:
        """As ``Request.json``."""
        return json_module.loads(await self.body())

    async def form(self) -> FormData:
        """As ``Request.form``."""
        return _form(self._request, await self.body())

    async def stream(self) -> AsyncIterator[bytes]:
        """As ``Request.stream``, for ``async for``."""
        request = self._request
        if request._body is not None:
            if request._body:
                yield request._body
            return
        _begin_stream(request)
        while (piece := await settle(_next_piece(request._exchange))) is not None:
            yield piece


def _begin_stream(request: Request) -> None:
    if request._streamed:
        raise RuntimeError("the request's body was streamed before: nothing of it was kept")
    request._streamed = True


def _next_piece(exchange: Any) -> Operation[bytes | None]:
    piece = exchange.read()
    if piece is not None and not isinstance(piece, bytes):
        piece = exchange.taken((yield piece))
    return piece


def _read(request: Request) -> Operation[bytes]:
    _begin_stream(request)
    pieces = []
    try:
        while (piece := (yield from _next_piece(request._exchange))) is not None:
            pieces.append(piece)
    except ClientDisconnectedError:
        raise
    except BaseException:
        # A wait that was ended: what came by then is lost to who reads again, which has to be told.
        if not pieces:
            request._streamed = False
        raise
    request._body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    return request._body


def _text(request: Request, body: bytes) -> str:
    charset = content_type(request.headers.get("content-type", ""))[1].get("charset", "utf-8")
    try:
        return body.decode(charset)
    except LookupError as error:
        raise ValueError(f"the request's body is in an unknown charset: {charset!r}") from error


def _form(request: Request, body: bytes) -> FormData:
    if request._form is None:
        request._form = parse_form(body, request.headers.get("content-type"))
    return request._form
