"""ASGI's WebSocket protocol over an exchange: https://asgi.readthedocs.io/en/latest/specs/www.html#websocket

The handshake waits for the application: it accepts with a subprotocol and headers, closes, which is a 403, or answers
with a response of its own (the extension websocket.http.response).
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from . import _asgi_tasks
from ._asgi_http import HttpConnection, checked_headers
from ._exchange import ClientDisconnectedError, WebSocketClosed, WebSocketExchange

__all__ = ["serve"]

_logger = logging.getLogger("asgi")

_CONNECTING, _DENYING, _OPEN, _CLOSED = range(4)
_NORMAL, _INTERNAL_ERROR, _NO_STATUS = 1000, 1011, 1005


class WebSocketConnection:
    """receive() and send() of one WebSocket."""

    __slots__ = ("_answered", "_connect_received", "_denial", "_exchange", "_state", "_told", "response")

    def __init__(self, exchange: WebSocketExchange) -> None:
        self._exchange = exchange
        self._state = _CONNECTING
        self._connect_received = False
        self._denial: HttpConnection | None = None
        self._answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._told = WebSocketClosed(_NO_STATUS, "")
        self.response: Any = None

    async def receive(self) -> dict[str, Any]:
        if not self._connect_received:
            self._connect_received = True
            return {"type": "websocket.connect"}
        if self._state == _CONNECTING:
            await self._answered
        if self._state == _OPEN:
            message = self._exchange.receive()
            if not isinstance(message, (str, bytes, WebSocketClosed)):
                message = self._exchange.received(await message)
            if isinstance(message, str):
                return {"type": "websocket.receive", "text": message}
            if isinstance(message, bytes):
                return {"type": "websocket.receive", "bytes": message}
            self._told = message
            self._state = _CLOSED
        return {"type": "websocket.disconnect", "code": self._told.code, "reason": self._told.reason}

    async def send(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if self._state == _CONNECTING:
            await self._send_first(kind, message)
        elif self._state == _DENYING and self._denial is not None:
            await self._deny(self._denial, kind, message)
        elif self._state == _CLOSED:
            raise ClientDisconnectedError(f"the application sent {kind!r} when the WebSocket was closed")
        elif kind == "websocket.send":
            await self._send_data(message)
        elif kind == "websocket.close":
            self._close(message.get("code", _NORMAL), message.get("reason") or "")
        else:
            raise RuntimeError(f"the application sent {kind!r} on an open WebSocket")

    async def _send_first(self, kind: str, message: dict[str, Any]) -> None:
        if kind == "websocket.accept":
            headers = checked_headers(message)
            if any(name.lower() == b"sec-websocket-protocol" for name, _ in headers):
                raise ValueError("websocket.accept: the subprotocol is given as 'subprotocol', not as a header")
            response = self._exchange.accept(message.get("subprotocol"), headers)
            self._state = _OPEN
            self._answer(response)
            # The client gets its answer, whatever the application does next.
            await asyncio.sleep(0)
        elif kind == "websocket.close":
            self._told = WebSocketClosed(1006, "")
            self._state = _CLOSED
            self._answer(self._exchange.respond(403, "", [(b"content-length", b"0")], b""))
        elif kind == "websocket.http.response.start":
            self._denial = HttpConnection(self._exchange, self._answer)
            self._state = _DENYING
            await self._deny(self._denial, kind, message)
        else:
            raise RuntimeError(f"the application sent {kind!r} before 'websocket.accept'")

    async def _deny(self, denial: HttpConnection, kind: str, message: dict[str, Any]) -> None:
        if not kind.startswith("websocket.http."):
            raise RuntimeError(f"the application sent {kind!r} where 'websocket.http.response.body' was due")
        await denial.send({**message, "type": kind.removeprefix("websocket.")})
        if denial.complete:
            self._told = WebSocketClosed(1006, "")
            self._state = _CLOSED

    async def _send_data(self, message: dict[str, Any]) -> None:
        data, text = message.get("bytes"), message.get("text")
        if (data is None) == (text is None):
            raise ValueError("websocket.send: exactly one of 'bytes' and 'text' is given")
        if data is not None and not isinstance(data, bytes):
            data = bytes(memoryview(data))
        sent: Any = text if data is None else data
        try:
            room = self._exchange.send(sent)
            if room is not None:
                self._exchange.sent(await room)
        except ClientDisconnectedError:
            self._state = _CLOSED
            raise

    def _close(self, code: int, reason: str) -> None:
        self._told = WebSocketClosed(code, reason)
        self._state = _CLOSED
        self._exchange.close(code, reason)

    def _answer(self, response: Any) -> None:
        self.response = response
        self._wake()

    def _wake(self, _: Any = None) -> None:
        if not self._answered.done():
            self._answered.set_result(None)

    async def run(self, app: Any, scope: dict[str, Any]) -> None:
        """The application, until it ends. Raises what it does while there is no answer."""
        try:
            await app(scope, self.receive, self.send)
        except BaseException as error:
            if self.response is None:
                raise
            if isinstance(error, ClientDisconnectedError) and self._state == _CLOSED:
                return
            _logger.error("the application failed on a WebSocket", exc_info=error)
            if self._state == _OPEN:
                self._close(_INTERNAL_ERROR, "")
            if not isinstance(error, Exception):
                raise
            return
        if self.response is None:
            raise RuntimeError("the ASGI application returned without 'websocket.accept' or 'websocket.close'")
        if self._state == _OPEN:
            self._close(_NORMAL, "")

    async def answer(self, task: asyncio.Task[None]) -> Any:
        """The platform's Response, when there is one. Raises what the application does before."""
        if self.response is None and not task.done():
            task.add_done_callback(self._wake)
            await asyncio.shield(self._answered)
        if self.response is None:
            task.result()
        return self.response


def serve(
    app: Any, exchange: WebSocketExchange, scope: dict[str, Any]
) -> tuple[WebSocketConnection, asyncio.Task[None]]:
    """Start the application; it may have ended already."""
    connection = WebSocketConnection(exchange)
    return connection, _asgi_tasks.start(connection.run(app, scope), "ASGI WebSocket")
