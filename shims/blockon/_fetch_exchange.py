"""One request and its response, HTTP/1.1 on the client's side and a fetch on the other.

What stands in for a connection of a client (a socket, a stream, a transport: one each in this folder) hands the bytes
that the client writes to ``write`` and gives it those of ``take``. There is one exchange to a connection, which the
response says. Bytes of a request whose length is not known, or that is large, go on while the client writes.
"""

from __future__ import annotations

import asyncio
import re
from asyncio import AbstractEventLoop, Event, Task
from collections import deque
from collections.abc import Callable
from typing import Any

from . import _http1, _web_fetch
from ._http1 import MalformedRequestError, RequestHead
from ._web_fetch import Answer, FetchError

__all__ = ["FetchExchange"]

# A body of a known length up to this is handed over whole.
_SMALL = 1 << 16

_HOP_BY_HOP = frozenset(
    ("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade")
)
_BODILESS = (204, 304)
_DEFAULT_PORTS = {"http": 80, "https": 443}
# What would end the host in a URL.
_NOT_IN_HOST = re.compile(r"[\x00-\x20/?#@\\\x7f]")


def _authorities(scheme: str, host: str, port: int) -> tuple[str, ...]:
    """How a server is named, the usual way first."""
    name = f"[{host}]" if ":" in host and not host.startswith("[") else host
    with_port = f"{name}:{port}"
    return (name, with_port) if port == _DEFAULT_PORTS[scheme] else (with_port,)


def _is_cancelled() -> bool:
    """Whether the running task is the one that was cancelled, and not what it waited for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class FetchExchange:
    """``write`` and ``take`` return at once; ``drain`` and ``fill`` wait, on the event loop that calls the fetch.

    What fails once fails from then on.
    """

    def __init__(
        self, fetch: Callable[[str, Any], Any], scheme: str, host: str, port: int, loop: AbstractEventLoop
    ) -> None:
        self.scheme = scheme
        self.host, self.port = host, port
        self._fetch = fetch
        self._loop = loop
        self._request = _http1.RequestReader()
        self._parts: deque[bytes] = deque()
        self._unsent = 0  # bytes of these
        self._upload: _web_fetch.Upload | None = None
        self._abort = _web_fetch.Abort()
        self._begun = Event()
        self._call: Task[Answer] | None = None
        self._answer: Answer | None = None
        self._out = bytearray()
        # Of the body still to come; None if it goes in chunks.
        self._left: int | None = 0
        self._ended = False
        self._aborted = False
        self._failure: OSError | None = None

    # The request.

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take bytes of the request. Raises OSError: what they say cannot be asked for, or the fetch has failed."""
        self._check()
        before = self._request.head
        try:
            parts = self._request.feed(data)
            self._parts.extend(parts)
            self._unsent += sum(map(len, parts))
            head = self._request.head
            if head is None:
                return
            if before is None:
                self._check_head(head)
                if head.expects_continue and not self._request.ended:
                    self._out += _http1.CONTINUE
                    self._begun.set()
        except MalformedRequestError as error:
            self._fail(error)
            raise
        if self._call is None:
            self._start(head)
        if self._request.ended and self._upload is not None and not self._parts:
            self._upload.end()

    @property
    def unsent(self) -> int:
        """How many bytes of the body wait for drain()."""
        return self._unsent if self._upload is not None else 0

    async def drain(self) -> None:
        """Wait until the fetch has taken what was written. Once it has answered it may take it or not."""
        assert self._upload is not None
        assert self._call is not None
        while self._parts:
            part = self._parts.popleft()
            self._unsent -= len(part)
            written = self._upload.write(part)
            if not self._call.done():
                await asyncio.wait((written, self._call), return_when=asyncio.FIRST_COMPLETED)
        if self._request.ended:
            self._upload.end()
        if self._call.done() and not self._call.cancelled() and isinstance(error := self._call.exception(), Exception):
            self._fail(error)
        self._check()

    def _check_head(self, head: RequestHead) -> None:
        if not self.host or _NOT_IN_HOST.search(self.host):
            raise MalformedRequestError(f"{self.host!r} is no host")
        if head.method == "CONNECT" or not head.target.startswith("/"):
            raise MalformedRequestError(
                f"{head.method} {head.target} names no path, as requests to a proxy do not, and a fetch was set for "
                "the HTTP clients, which goes its own way: use no proxy, or take it away by blockon.set_fetch(None)"
            )

    def _start(self, head: RequestHead) -> None:
        """Call the fetch, if it is time to."""
        body: bytes | _web_fetch.Upload | None
        if self._request.ended:
            body = b"".join(self._parts)
            self._parts.clear()
            self._unsent = 0
        elif _web_fetch.Upload.available and (head.length is None or head.length > _SMALL):
            body = self._upload = _web_fetch.Upload()
        else:
            return
        authorities = _authorities(self.scheme, self.host, self.port)
        dropped = {"expect", *_HOP_BY_HOP, *map(str.lower, head.values("connection"))}
        if not isinstance(body, _web_fetch.Upload):
            dropped.add("content-length")
        kept = [(name, value) for name, value in head.headers if name.lower() not in dropped]
        own = [authority.lower() for authority in authorities]
        kept = [(name, value) for name, value in kept if name.lower() != "host" or value.lower() not in own]
        url = f"{self.scheme}://{authorities[0]}{head.target}"
        call = _web_fetch.call(self._fetch, url, head.method, kept, body, self._abort)
        self._call = self._loop.create_task(call)
        self._call.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._begun.set()

    # The response.

    def take(self, most: int) -> bytes:
        """Take bytes of the response that are there already; none if there are none."""
        data = bytes(memoryview(self._out)[:most])
        del self._out[:most]
        return data

    async def fill(self) -> bool:
        """Wait until there is something to take. Returns False at the response's end. Raises OSError."""
        try:
            while not self._out and not self._ended:
                self._check()
                if self._call is None:
                    self._begun.clear()
                    await self._begun.wait()
                elif self._answer is None:
                    self._begin_response(await self._call)
                else:
                    self._add_part(await self._answer.read())
        except asyncio.CancelledError:
            if self._failure is not None and not _is_cancelled():
                self._check()
            # A part of the body may be lost with this wait.
            self.abort()
            raise
        except Exception as error:
            failure = self._fail(error)
            if failure is error:
                raise
            raise failure from error
        return bool(self._out)

    def _begin_response(self, answer: Answer) -> None:
        self._answer = answer
        head = self._request.head
        assert head is not None
        headers = [(name, value) for name, value in answer.headers if name.lower() not in _HOP_BY_HOP]
        if head.method == "HEAD" or answer.status in _BODILESS:
            self._ended = True
            answer.cancel()
        else:
            values = {name.lower(): value for name, value in headers}
            encoded = "content-encoding" in values
            dropped = ("content-length", "content-encoding")
            headers = [(name, value) for name, value in headers if name.lower() not in dropped]
            length = values.get("content-length", "")
            if not answer.has_body:
                self._left = 0
                self._ended = True
            elif answer.is_from_network and not encoded and length.isascii() and length.isdigit():
                self._left = int(length)
            else:
                self._left = None
            framing = ("transfer-encoding", "chunked") if self._left is None else ("content-length", str(self._left))
            headers.append(framing)
        headers.append(("connection", "close"))
        try:
            self._out += _http1.response_head(answer.status, answer.reason, headers)
        except ValueError as error:
            raise FetchError(f"the fetch's response cannot be passed on: {error}") from error

    def _add_part(self, part: bytes) -> None:
        if self._left is None:
            self._out += _http1.chunk(part) if part else _http1.LAST_CHUNK
        else:
            if len(part) > self._left:
                raise FetchError("the body of the fetch's response is longer than its Content-Length")
            self._left -= len(part)
            self._out += part
        self._ended = not part

    # The end.

    def abort(self) -> None:
        """End the exchange, whether it is over or not. What is done with it from then on fails."""
        if self._aborted:
            return
        self._aborted = True
        if self._failure is None:
            self._failure = FetchError("the exchange with the fetch was ended")
        self._begun.set()
        if self._upload is not None:
            self._upload.abort()
        if self._ended:
            return
        self._abort()
        if self._answer is not None:
            self._answer.cancel()
        if self._call is not None:
            self._call.cancel()

    def _fail(self, error: Exception) -> OSError:
        failure = _web_fetch.error_of(error)
        if self._failure is None:
            self._failure = failure
        self.abort()
        return failure

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure.with_traceback(None)
