"""ASGI's HTTP protocol over an exchange: https://asgi.readthedocs.io/en/latest/specs/www.html

An answer that is whole with its first piece goes out as that; one that goes on is a stream, whose client sees each
piece as it is sent. The application is a task of its own, since it may go on when its answer has begun; it is started
at once, so that one which never waits costs no turn of the event loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from . import _asgi_tasks
from ._exchange import ClientDisconnectedError, Exchange, Headers, Stream

__all__ = ["HttpConnection", "LastPiece", "checked_headers", "serve"]

_logger = logging.getLogger("asgi")

_IDLE, _STARTED, _STREAMING, _COMPLETE = range(4)


class LastPiece(dict[str, Any]):
    """A message with a piece of a body, by who knows that only its end is left, without a byte, and is sent at once."""


def checked_headers(message: dict[str, Any]) -> Headers:
    """The message's headers; one that is not bytes is the application's mistake."""
    headers = [(name, value) for name, value in message.get("headers") or ()]
    for name, value in headers:
        if not isinstance(name, bytes) or not isinstance(value, bytes):
            raise TypeError(
                f"{message['type']}: names and values of headers are bytes, not {type(name).__name__} and "
                f"{type(value).__name__}: {name!r}: {value!r}"
            )
    return headers


class HttpConnection:
    """receive() and send() of one request."""

    __slots__ = (
        "_answered", "_body_read", "_exchange", "_head", "_on_answer", "_over", "_piece", "_state", "_stream", "gone",
        "response",
    )  # fmt: skip

    def __init__(self, exchange: Exchange, on_answer: Callable[[Any], None] | None = None) -> None:
        """``on_answer`` is called with the response as soon as there is one."""
        self._exchange = exchange
        self._on_answer = on_answer
        self._state = _IDLE
        self._body_read = False
        self._head: tuple[int, Headers] = (0, [])
        self._stream: Stream | None = None
        #: That is sent with what follows it.
        self._piece = b""
        self._answered: asyncio.Future[None] | None = None
        self._over: asyncio.Event | None = None
        self.gone = False
        self.response: Any = None

    @property
    def complete(self) -> bool:
        return self._state == _COMPLETE

    async def receive(self) -> dict[str, Any]:
        if not self._body_read:
            try:
                piece = self._exchange.read()
                if piece is not None and not isinstance(piece, bytes):
                    piece = self._exchange.taken(await piece)
            except ClientDisconnectedError:
                self._body_read = self.gone = True
                return {"type": "http.disconnect"}
            self._body_read = piece is None
            return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}
        if not self.gone and self._state != _COMPLETE:
            await self._until_over()
        return {"type": "http.disconnect"}

    async def _until_over(self) -> None:
        """Until the client has gone, or has its answer."""
        if self._over is None:
            self._over = over = asyncio.Event()

            def has_gone(_: Any) -> None:
                self.gone = True
                over.set()

            asyncio.ensure_future(self._exchange.gone()).add_done_callback(has_gone)
        await self._over.wait()

    async def send(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        state = self._state
        if state == _IDLE:
            if kind != "http.response.start":
                raise RuntimeError(f"the application sent {kind!r} before 'http.response.start'")
            status = message["status"]
            if not isinstance(status, int) or not 200 <= status <= 599:
                raise ValueError(f"http.response.start: the status is a number from 200 to 599, not {status!r}")
            self._head = (int(status), checked_headers(message))
            self._state = _STARTED
            return
        if kind != "http.response.body":
            raise RuntimeError(f"the application sent {kind!r} where 'http.response.body' was due")
        if state == _COMPLETE:
            raise RuntimeError("the application sent 'http.response.body' after the last piece of its answer")
        if self.gone:
            raise ClientDisconnectedError("the client has gone")
        body = message.get("body") or b""
        if not isinstance(body, bytes):
            body = bytes(memoryview(body))
        if self._piece:
            body, self._piece = self._piece + body, b""
        if message.get("more_body"):
            if type(message) is LastPiece and self._stream is None:
                self._piece = body
                return
            await self._send_piece(body)
        elif self._stream is None:
            self._state = _COMPLETE
            status, headers = self._head
            self._answer(self._exchange.respond(status, "", headers, body))
        else:
            if body:
                await self._write(self._stream, body)
            self._state = _COMPLETE
            self._stream.close()
        if self._state == _COMPLETE and self._over is not None:
            self._over.set()

    def send_whole(self, status: int, headers: Headers, body: bytes) -> bool:
        """Both messages of an answer at once; False where they are to be sent: it has begun, or its client has gone."""
        if self._state != _IDLE or self.gone:
            return False
        self._state = _COMPLETE
        self._answer(self._exchange.respond(status, "", headers, body))
        if self._over is not None:
            self._over.set()
        return True

    async def _send_piece(self, body: bytes) -> None:
        if self._stream is None:
            status, headers = self._head
            response, self._stream = self._exchange.stream(status, "", headers)
            self._state = _STREAMING
            self._answer(response)
            # Whoever waits for the answer has a turn to send it, whatever the application does next: it may block.
            await asyncio.sleep(0)
        if body:
            await self._write(self._stream, body)

    async def _write(self, stream: Stream, body: bytes) -> None:
        try:
            room = stream.write(body)
            if room is not None:
                stream.sent(await room)
        except ClientDisconnectedError:
            self.gone = True
            raise

    def _answer(self, response: Any) -> None:
        self.response = response
        self._wake()
        if self._on_answer is not None:
            self._on_answer(response)

    async def run(self, app: Any, scope: dict[str, Any]) -> None:
        """The application, until it ends. Raises what it does while there is no answer."""
        try:
            await app(scope, self.receive, self.send)
        except ClientDisconnectedError:
            if not self.gone:
                raise
        except BaseException as error:
            if self.response is None:
                raise
            _logger.error("the application failed after its answer had begun", exc_info=error)
            self._cut(f"the application failed: {type(error).__name__}")
            if not isinstance(error, Exception):
                raise
            return
        if self._state == _COMPLETE or self.gone:
            self._cut("the client has gone")
            return
        if self._piece:
            await self._send_piece(self._piece)
        if self.response is None:
            sent = "sent no http.response.body" if self._state == _STARTED else "sent no http.response.start"
            raise RuntimeError(f"the ASGI application returned without an answer: it {sent}")
        _logger.error("the ASGI application returned before the last piece of its answer (more_body=False)")
        self._cut("the application returned before the last piece of its answer")

    def _cut(self, reason: str) -> None:
        if self._stream is not None and self._state != _COMPLETE:
            self._state = _COMPLETE
            self._stream.abort(reason)
        if self._over is not None:
            self._over.set()

    async def answer(self, task: asyncio.Task[None]) -> Any:
        """The platform's Response, when there is one. Raises what the application does before."""
        if self.response is None and not task.done():
            self._answered = asyncio.get_running_loop().create_future()
            task.add_done_callback(self._wake)
            try:
                await self._answered
            except asyncio.CancelledError:
                task.cancel()
                raise
        if self.response is None:
            task.result()
            if self.gone:
                raise ClientDisconnectedError("the client has gone before it had an answer")
        return self.response

    def _wake(self, _: Any = None) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(None)


def serve(app: Any, exchange: Exchange, scope: dict[str, Any]) -> tuple[HttpConnection, asyncio.Task[None]]:
    """Start the application; it may have ended already."""
    connection = HttpConnection(exchange)
    return connection, _asgi_tasks.start(connection.run(app, scope), "ASGI application")
