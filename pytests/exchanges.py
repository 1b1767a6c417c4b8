"""Exchanges in plain Python: what a server makes of a request, without a realm and without a client."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from blockon._exchange import ClientDisconnectedError, Head, Headers, WebSocketClosed

__all__ = ["Answer", "FakeExchange", "FakeStream", "FakeWebSocket"]

LATER = object()


class Answer:
    """A response; ``pieces`` grows while it is streamed, ``ended`` tells how it ended."""

    def __init__(self, status: int, reason: str, headers: Headers) -> None:
        self.status = status
        self.reason = reason
        self.headers = headers
        self.pieces: list[bytes] = []
        self.streamed = False
        self.ended: str | None = None

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)


class FakeStream:
    def __init__(self, exchange: FakeExchange, answer: Answer) -> None:
        self._exchange = exchange
        self._answer = answer

    def write(self, data: bytes) -> asyncio.Future[bool] | None:
        if self._exchange.is_gone:
            raise ClientDisconnectedError("gone")
        self._answer.pieces.append(data)
        if not self._exchange.narrow:
            return None
        self._exchange.room = asyncio.get_running_loop().create_future()
        return self._exchange.room

    def sent(self, given: bool) -> None:
        if not given:
            raise ClientDisconnectedError("gone")

    def close(self) -> None:
        assert self._answer.ended is None
        self._answer.ended = "whole"

    def abort(self, reason: str) -> None:
        assert self._answer.ended is None
        self._answer.ended = reason


class FakeExchange:
    """``body`` has pieces of the request's body; LATER among them stands for one that deliver() gives."""

    def __init__(
        self,
        method: str = "GET",
        url: str = "http://host.example:8080/path",
        headers: Headers | None = None,
        body: list[Any] | None = None,
    ) -> None:
        self.head = Head(method, url, headers or [])
        self._body = deque(body or [])
        self.narrow = False
        self.is_gone = False
        self.room: asyncio.Future[bool] | None = None
        self.late: asyncio.Future[bytes | None] | None = None
        self._gone: asyncio.Future[bool] | None = None
        self.answers: list[Answer] = []

    def read(self) -> Any:
        if self.is_gone:
            raise ClientDisconnectedError("gone")
        if not self._body:
            return None
        piece = self._body.popleft()
        if piece is LATER:
            self.late = asyncio.get_running_loop().create_future()
            return self.late
        return piece

    def taken(self, given: bytes | None) -> bytes | None:
        return given

    def gone(self) -> asyncio.Future[bool]:
        if self._gone is None:
            self._gone = asyncio.get_running_loop().create_future()
        return self._gone

    def leave(self) -> None:
        """The client goes."""
        self.is_gone = True
        if self._gone is not None:
            self._gone.set_result(True)
        if self.room is not None and not self.room.done():
            self.room.set_result(False)

    def respond(self, status: int, reason: str, headers: Headers, body: bytes) -> Answer:
        answer = Answer(status, reason, headers)
        answer.pieces.append(body)
        answer.ended = "whole"
        self.answers.append(answer)
        return answer

    def stream(self, status: int, reason: str, headers: Headers) -> tuple[Answer, FakeStream]:
        answer = Answer(status, reason, headers)
        answer.streamed = True
        self.answers.append(answer)
        return answer, FakeStream(self, answer)


class FakeWebSocket(FakeExchange):
    """``messages`` has what the client sends; the last of them ends it."""

    def __init__(self, messages: list[str | bytes | WebSocketClosed], headers: Headers | None = None) -> None:
        super().__init__("GET", "http://host.example/chat", headers)
        self._messages: asyncio.Queue[str | bytes | WebSocketClosed] = asyncio.Queue()
        for message in messages:
            self._messages.put_nowait(message)
        self.sent_messages: list[str | bytes] = []
        self.closed: tuple[int, str] | None = None
        self.subprotocol: str | None = None

    def accept(self, subprotocol: str | None, headers: Headers) -> Answer:
        self.subprotocol = subprotocol
        answer = Answer(101, "", headers)
        self.answers.append(answer)
        return answer

    def receive(self) -> Any:
        return asyncio.ensure_future(self._messages.get())

    def received(self, given: str | bytes | WebSocketClosed) -> str | bytes | WebSocketClosed:
        return given

    def send(self, data: str | bytes) -> None:
        if self.is_gone:
            raise ClientDisconnectedError("gone")
        self.sent_messages.append(data)

    def sent(self, given: Any) -> None:
        assert given is None

    def close(self, code: int, reason: str) -> None:
        assert self.closed is None
        self.closed = (code, reason)
