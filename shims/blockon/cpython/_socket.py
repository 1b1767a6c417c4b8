"""WebSockets on CPython: those of an ASGI server, and those that the package websockets opens."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Awaitable, Callable
from typing import Any

from .._api.headers import RawHeaders
from .._api.host import Operation
from .._api.websocket import WebSocketError
from .._exchange import WebSocketClosed
from ._exchange import ServerExchange
from ._pending import Pending, started

__all__ = ["ServerSocketExchange", "open_socket"]

_Message = str | bytes | WebSocketClosed
_NO_STATUS, _LOST = 1005, 1006


class _Port:
    """What both kinds share: each call is one of the loop's that has the connection. A SocketPort."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._pending: Pending | None = None

    def _ask(self, coroutine: Any) -> Pending:
        return started(coroutine, self._loop)

    def send(self, data: str | bytes) -> Operation[bool]:
        return (yield self._ask(self._send(data)))

    def receive(self) -> Operation[_Message]:
        # One whose wait was ended is waited for by the next who asks: it may have a message by then.
        while True:
            if self._pending is None or self._pending.is_cancelled:
                self._pending = self._ask(self._receive())
            try:
                message = yield self._pending
            except concurrent.futures.CancelledError:
                continue
            self._pending = None
            return message

    def close(self, code: int, reason: str) -> Operation[None]:
        yield self._ask(self._close(code, reason))

    async def _send(self, data: str | bytes) -> bool:
        raise NotImplementedError

    async def _receive(self) -> _Message:
        raise NotImplementedError

    async def _close(self, code: int, reason: str) -> None:
        raise NotImplementedError


class _ServerPort(_Port):
    """One that the ASGI server has."""

    def __init__(self, exchange: ServerSocketExchange) -> None:
        super().__init__(exchange.loop)
        self._exchange = exchange
        self._closed: WebSocketClosed | None = None

    def accept(self, subprotocol: str | None, headers: RawHeaders) -> Operation[None]:
        self._exchange.is_accepted = True
        message = {"type": "websocket.accept", "subprotocol": subprotocol, "headers": headers}
        yield self._ask(self._exchange.tell(message))

    async def _send(self, data: str | bytes) -> bool:
        if self._closed is not None:
            return False
        try:
            kind = "text" if isinstance(data, str) else "bytes"
            await self._exchange.tell({"type": "websocket.send", kind: data})
        except OSError:
            return False
        return True

    async def _receive(self) -> _Message:
        if self._closed is not None:
            return self._closed
        message = await self._exchange.next_message()
        if message["type"] == "websocket.receive":
            text = message.get("text")
            return text if text is not None else bytes(message["bytes"])
        self._closed = WebSocketClosed(message.get("code", _NO_STATUS), message.get("reason") or "")
        return self._closed

    async def _close(self, code: int, reason: str) -> None:
        if self._closed is None:
            self._closed = WebSocketClosed(code, reason)
            try:
                await self._exchange.tell({"type": "websocket.close", "code": code, "reason": reason})
            except OSError:
                return


class ServerSocketExchange(ServerExchange):
    """A request for a WebSocket to an ASGI server."""

    def __init__(self, scope: Any, receive: Any, send: Any, loop: asyncio.AbstractEventLoop) -> None:
        http_scheme = {"ws": "http", "wss": "https"}.get(scope["scheme"], "http")
        super().__init__({**scope, "method": "GET", "scheme": http_scheme}, receive, self.deny, loop)
        self.tell: Callable[[Any], Awaitable[None]] = send
        self.next_message: Callable[[], Awaitable[Any]] = receive
        self.is_accepted = False
        self._can_deny = "websocket.http.response" in (scope.get("extensions") or {})

    def socket(self) -> _ServerPort:
        return _ServerPort(self)

    async def deny(self, message: Any) -> None:
        """Answer without a WebSocket; a server that can do no more is told to refuse."""
        if self._can_deny:
            await self.tell({**message, "type": f"websocket.{message['type']}"})
        elif message["type"] == "http.response.start":
            await self.tell({"type": "websocket.close"})


class _ClientPort(_Port):
    """One that the package websockets has."""

    def __init__(self, connection: Any, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._connection = connection

    async def _send(self, data: str | bytes) -> bool:
        from websockets.exceptions import ConnectionClosed

        try:
            await self._connection.send(data)
        except ConnectionClosed:
            return False
        return True

    async def _receive(self) -> _Message:
        from websockets.exceptions import ConnectionClosed

        try:
            return await self._connection.recv()
        except ConnectionClosed as error:
            closed = error.rcvd
            return WebSocketClosed(_LOST, "") if closed is None else WebSocketClosed(closed.code, closed.reason)

    async def _close(self, code: int, reason: str) -> None:
        # The wait for the answer is nobody's.
        task = asyncio.create_task(self._connection.close(code, reason))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.sleep(0)


async def _opened(url: str, subprotocols: list[str], headers: RawHeaders) -> Any:
    try:
        from websockets.asyncio.client import connect
        from websockets.exceptions import InvalidStatus, WebSocketException
        from websockets.typing import Subprotocol
    except ImportError as error:
        raise WebSocketError("on CPython connect() is the package websockets': pip install websockets") from error
    fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
    try:
        return await connect(
            url,
            subprotocols=[Subprotocol(name) for name in subprotocols] or None,
            additional_headers=fields,
            compression=None,
            max_size=32 * 1024 * 1024,
            proxy=None,
        )
    except InvalidStatus as error:
        status = error.response.status_code
        raise WebSocketError(f"{url}: the server answered {status}, and opened no WebSocket", status) from None
    except (OSError, WebSocketException) as error:
        raise WebSocketError(f"{url}: {error}") from None


def open_socket(
    url: str, subprotocols: list[str], headers: RawHeaders, loop: asyncio.AbstractEventLoop
) -> Operation[tuple[_ClientPort, str | None]]:
    """As ``Host.open_socket``; the connection is that loop's."""
    connection = yield started(_opened(url, subprotocols, headers), loop)
    return _ClientPort(connection, loop), connection.subprotocol
