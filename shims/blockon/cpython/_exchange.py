"""Exchanges over an ASGI server's scope, receive and send. The server's loop has them; a Worker's threads ask it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from .._exchange import ClientDisconnectedError, Head, Headers
from ._pending import Pending, started

__all__ = ["Answer", "ServerExchange"]


class Answer:
    """A response on its way: whole, or with a stream that goes on when the handler has returned."""

    def __init__(self, status: int, headers: Headers, body: bytes | None) -> None:
        self._status = status
        self._headers = headers
        self._body = body
        self.begun = asyncio.Event()
        self.ended = asyncio.Event()
        self.failure: str | None = None

    async def send(self, send: Callable[[Any], Awaitable[None]]) -> None:
        """Send it; returns when a stream has ended. Raises RuntimeError when that was cut off."""
        headers = list(self._headers)
        if self._body is not None and not any(name == b"content-length" for name, _ in headers):
            headers.append((b"content-length", str(len(self._body)).encode()))
        if self._status in (204, 304):
            headers = [pair for pair in headers if pair[0] != b"content-length"]
        await send({"type": "http.response.start", "status": self._status, "headers": headers})
        if self._body is not None:
            await send({"type": "http.response.body", "body": self._body})
            return
        self.begun.set()
        await self.ended.wait()
        if self.failure is not None:
            raise RuntimeError(self.failure)
        await send({"type": "http.response.body", "body": b""})


class _Stream:
    def __init__(self, exchange: ServerExchange, answer: Answer) -> None:
        self._exchange = exchange
        self._answer = answer

    def write(self, data: bytes) -> Pending:
        return self._exchange.ask(self._write(data))

    async def _write(self, data: bytes) -> bool:
        await self._answer.begun.wait()
        if self._exchange.has_gone.is_set():
            return False
        try:
            await self._exchange.send({"type": "http.response.body", "body": data, "more_body": True})
        except OSError:
            return False
        return True

    def sent(self, given: Any) -> None:
        if not given:
            raise ClientDisconnectedError("the client has gone")

    def close(self) -> None:
        self._exchange.loop.call_soon_threadsafe(self._answer.ended.set)

    def abort(self, reason: str) -> None:
        self._answer.failure = reason
        self.close()


class ServerExchange:
    """One request to an ASGI server: an Exchange."""

    def __init__(self, scope: Any, receive: Any, send: Any, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.send = send
        self._receive = receive
        headers = [(bytes(name).lower(), bytes(value)) for name, value in scope["headers"]]
        names = {name for name, _ in headers}
        self._read = asyncio.Event()
        if not names & {b"content-length", b"transfer-encoding"}:
            self._read.set()
        self.head = _head(scope, headers)
        self.has_gone = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None

    def ask(self, coroutine: Any) -> Pending:
        return started(coroutine, self.loop)

    def read(self) -> Pending | None:
        return None if self._read.is_set() else self.ask(self._next())

    async def _next(self) -> bytes | None:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self.has_gone.set()
            raise ClientDisconnectedError("the client has gone")
        if not message.get("more_body", False):
            self._read.set()
        body = message.get("body") or b""
        if body:
            return bytes(body)
        # An empty piece is no end.
        return None if self._read.is_set() else await self._next()

    def taken(self, given: bytes | None) -> bytes | None:
        return given

    def gone(self) -> Pending:
        return self.ask(self._until_gone())

    async def _until_gone(self) -> None:
        self.watch()
        await self.has_gone.wait()

    def watch(self) -> None:
        """Look out for the client's going, which can be told once its body is read."""
        if self._watch is None:
            self._watch = self.loop.create_task(self._look())

    async def _look(self) -> None:
        await self._read.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.has_gone.set()

    def end(self) -> None:
        """It has its answer."""
        if self._watch is not None:
            self._watch.cancel()

    def respond(self, status: int, _reason: str, headers: Headers, body: bytes) -> Answer:
        return Answer(status, headers, body)

    def stream(self, status: int, _reason: str, headers: Headers) -> tuple[Answer, _Stream]:
        answer = Answer(status, headers, None)
        self.loop.call_soon_threadsafe(self.watch)
        return answer, _Stream(self, answer)


def _head(scope: Any, headers: Headers) -> Head:
    server = scope.get("server") or ("localhost", None)
    host = next((value.decode("latin-1") for name, value in headers if name == b"host"), "")
    host = host or server[0] + (f":{server[1]}" if server[1] else "")
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    query = scope.get("query_string", b"").decode("latin-1")
    url = f"{scope.get('scheme', 'http')}://{host}{path}" + (f"?{query}" if query else "")
    head = Head(scope["method"], url, headers)
    head.http_version = scope.get("http_version", "1.1")
    client = scope.get("client")
    head.client = None if client is None else (client[0], client[1])
    return head
