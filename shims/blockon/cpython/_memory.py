"""The exchange of a request between two Workers of one process."""

from __future__ import annotations

import asyncio
import concurrent.futures
from typing import Any

from .._api.request import Request
from .._api.response import Response
from .._exchange import Head, Headers

__all__ = ["MemoryExchange"]


class _Stream:
    """Keeps what is streamed until all of it is there."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.whole: concurrent.futures.Future[bytes] = concurrent.futures.Future()

    def write(self, data: bytes) -> None:
        self._pieces.append(data)

    def sent(self, given: Any) -> None:
        pass

    def close(self) -> None:
        self.whole.set_result(b"".join(self._pieces))

    def abort(self, reason: str) -> None:
        self.whole.set_exception(RuntimeError(reason))


class MemoryExchange:
    """Of a request that is whole: an Exchange."""

    def __init__(self, request: Request) -> None:
        """``request`` is one that was made, whose body is there."""
        self._source = request._exchange
        self.head: Head = self._source.head
        self._answer: tuple[int, Headers, bytes | _Stream] | None = None

    def read(self) -> Any:
        return self._source.read()

    def taken(self, given: Any) -> bytes | None:
        return given

    def gone(self) -> asyncio.Future[bool]:
        return asyncio.get_running_loop().create_future()

    def respond(self, status: int, _reason: str, headers: Headers, body: bytes) -> None:
        self._answer = (status, headers, body)

    def stream(self, status: int, _reason: str, headers: Headers) -> tuple[None, _Stream]:
        stream = _Stream()
        self._answer = (status, headers, stream)
        return None, stream

    async def response(self) -> Response:
        """The response, when it is whole."""
        if self._answer is None:
            raise RuntimeError("the handler gave no answer")
        status, headers, body = self._answer
        response = Response(None, status)
        response.headers.raw.extend(headers)
        response.body = body if isinstance(body, bytes) else await asyncio.wrap_future(body.whole)
        return response
