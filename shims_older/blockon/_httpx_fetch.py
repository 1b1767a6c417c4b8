"""httpx's own transports, which send by the Worker's ``fetch`` where there are no sockets.

Redirects, cookies, authentication and retries of the client stay httpx's. Pools, proxies, certificates and the
encoding of bodies are the fetch's.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

from ._bridge import JsException, block_on, js, to_js
from ._older import unavailable

__all__ = ["change_transports"]

# Those that a fetch makes itself.
_OF_FETCH = frozenset({"accept-encoding", "connection", "content-length", "host", "keep-alive", "transfer-encoding"})
# They are of the body before the fetch decoded it.
_OF_ENCODED = frozenset({"content-encoding", "content-length"})


def _httpx() -> Any:
    # It is half imported when its transports are changed.
    import httpx

    return httpx


def _seconds(request: Any, *names: str) -> float | None:
    """The longest that these of a request's timeouts allow together; None for no end."""
    timeouts = request.extensions.get("timeout", {})
    values = [timeouts.get(name) for name in names]
    return None if None in values else sum(values)


@contextmanager
def _errors(request: Any, failure: str, timeout: str) -> Iterator[None]:
    """What goes wrong with a fetch, as httpx has it."""
    try:
        yield
    except TimeoutError as error:
        raise getattr(_httpx(), timeout)("the fetch took too long", request=request) from error
    except JsException as error:
        raise getattr(_httpx(), failure)(str(error), request=request) from error


class _Exchange:
    """One request, and its response as it comes."""

    def __init__(self, request: Any) -> None:
        self._request = request
        self._controller = js.AbortController.new()
        self._reader: Any = None

    async def send(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """Give the status, the headers and the reason of the response."""
        request = self._request
        options = js.Object.new()
        options.method = request.method
        options.redirect = "manual"
        options.signal = self._controller.signal
        sent = [[name, value] for name, value in request.headers.multi_items() if name.lower() not in _OF_FETCH]
        options.headers = to_js(sent)
        if body:
            options.body = to_js(body)
        with _errors(request, "ConnectError", "ConnectTimeout"):
            try:
                async with asyncio.timeout(_seconds(request, "connect", "read")):
                    response = await js.fetch(str(request.url), options)
            except BaseException:
                self._controller.abort()
                raise
        headers = [(name, value) for name, value in response.headers.entries()]
        if any(name == "content-encoding" for name, _ in headers):
            headers = [each for each in headers if each[0] not in _OF_ENCODED]
        if response.body:
            self._reader = response.body.getReader()
        return response.status, headers, response.statusText.encode("latin-1", "replace")

    async def read(self) -> bytes:
        """Give the next piece of the body, empty at its end."""
        if self._reader is None:
            return b""
        with _errors(self._request, "ReadError", "ReadTimeout"):
            try:
                async with asyncio.timeout(_seconds(self._request, "read")):
                    while True:
                        piece = await self._reader.read()
                        if piece.done:
                            self._reader = None
                            return b""
                        if data := piece.value.to_bytes():
                            return data
            except BaseException:
                self._reader = None
                self._controller.abort()
                raise

    async def close(self) -> None:
        """Leave what has not come."""
        if self._reader is not None:
            self._reader = None
            self._controller.abort()


def _async_stream(exchange: _Exchange) -> Any:
    class Stream(_httpx().AsyncByteStream):
        """A body that is waited for."""

        async def __aiter__(self) -> AsyncIterator[bytes]:
            while piece := await exchange.read():
                yield piece

        async def aclose(self) -> None:
            await exchange.close()

    return Stream()


def _sync_stream(exchange: _Exchange) -> Any:
    class Stream(_httpx().SyncByteStream):
        """A body that is blocked on."""

        def __iter__(self) -> Iterator[bytes]:
            while piece := block_on(exchange.read()):
                yield piece

        def close(self) -> None:
            block_on(exchange.close())

    return Stream()


def _response(answer: tuple[int, list[tuple[str, str]], bytes], stream: Any) -> Any:
    status, headers, reason = answer
    extensions = {"http_version": b"HTTP/1.1", "reason_phrase": reason}
    return _httpx().Response(status, headers=headers, stream=stream, extensions=extensions)


def _init(_self: Any, *_arguments: object, proxy: Any = None, uds: Any = None, cert: Any = None, **_: object) -> None:
    """Take settings of connections, which the fetch makes by its own, and refuse those that cannot be left away."""
    for name, value in (("proxy", proxy), ("uds", uds), ("cert", cert)):
        if value is not None:
            raise ValueError(unavailable(f"`{name}` of httpx, whose requests go by the Worker's fetch,"))


def _handle_request(_self: Any, request: Any) -> Any:
    exchange = _Exchange(request)
    body = b"".join(request.stream)
    sending = exchange.send(body)
    try:
        answer = block_on(sending)
    finally:
        # Nobody awaits it where nothing can block.
        if inspect.getcoroutinestate(sending) == inspect.CORO_CREATED:
            sending.close()
    return _response(answer, _sync_stream(exchange))


async def _handle_async_request(_self: Any, request: Any) -> Any:
    exchange = _Exchange(request)
    body = b"".join([piece async for piece in request.stream])
    return _response(await exchange.send(body), _async_stream(exchange))


def _enter(self: Any) -> Any:
    return self


def _leave(_self: Any, *_error: object) -> None:
    """There is no pool."""


async def _enter_async(self: Any) -> Any:
    return self


async def _leave_async(_self: Any, *_error: object) -> None:
    """There is no pool."""


def change_transports(module: Any) -> None:
    """Change ``httpx._transports.default``."""
    of_client, of_async_client = module.HTTPTransport, module.AsyncHTTPTransport
    of_client.__init__ = of_async_client.__init__ = _init
    of_client.__enter__, of_client.__exit__, of_client.close = _enter, _leave, _leave
    of_client.handle_request = _handle_request
    of_async_client.__aenter__, of_async_client.__aexit__ = _enter_async, _leave_async
    of_async_client.aclose, of_async_client.handle_async_request = _leave_async, _handle_async_request
