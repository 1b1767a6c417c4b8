"""WebSockets: those that a handler accepts, and those that ``connect`` opens."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterable, Iterator
from types import TracebackType
from typing import Any, Protocol, Self, TypeAlias

from .._exchange import WebSocketClosed
from .contents import as_bytes
from .headers import MutableHeaders, Raw, RawHeaders
from .host import Operation, finish, host, settle
from .urls import URL

__all__ = [
    "AsyncWebSocket",
    "SocketPort",
    "WebSocket",
    "WebSocketClosedError",
    "WebSocketError",
    "connect",
    "connect_async",
    "end_failed",
    "end_returned",
]

Bytes: TypeAlias = bytes | bytearray | memoryview

_logger = logging.getLogger("blockon")
_NORMAL, _NO_STATUS, _INTERNAL_ERROR = 1000, 1005, 1011
_RESERVED = (1004, 1005, 1006, 1015)
_MOST_REASON = 123
_MOST_MESSAGE = 32 * 1024 * 1024


class WebSocketError(OSError):
    """A WebSocket could not be opened; ``str()`` says why."""

    status_code: int | None
    """That of the server's answer, if it gave one."""

    def __init__(self, message: str, status_code: int | None = None) -> None:
        """``status_code`` is that of an answer which was no WebSocket."""
        super().__init__(message)
        self.status_code = status_code


class WebSocketClosedError(WebSocketError):
    """The WebSocket is closed: nothing can be sent, and no message will come."""

    code: int
    """Why, as https://www.rfc-editor.org/rfc/rfc6455#section-7.4 has it; 1005 for none, 1006 for a lost connection."""
    reason: str
    """The text that came with it."""

    def __init__(self, code: int, reason: str) -> None:
        """``code`` and ``reason`` are those of the close."""
        super().__init__(f"the WebSocket is closed: {code}" + (f" {reason}" if reason else ""))
        self.code = code
        self.reason = reason


class SocketPort(Protocol):
    """A WebSocket as a host has it."""

    def accept(self, subprotocol: str | None, headers: RawHeaders) -> Operation[None]:
        """Answer the request."""

    def send(self, data: str | bytes) -> Operation[bool]:
        """Send a message; False when it is closed."""

    def receive(self) -> Operation[str | bytes | WebSocketClosed]:
        """The next message."""

    def close(self, code: int, reason: str) -> Operation[None]:
        """Close it, if it is open."""


class WebSocket:
    """A WebSocket. Its methods block; ``aio`` has the same ones for ``await``.

    ``request.websocket`` is that of a request which asks for one: ``accept`` it before anything else. What ``connect``
    gives is open. ``for message in websocket`` ends when it is closed; so does ``async for message in websocket.aio``.
    It is a context manager that closes it.
    """

    __slots__ = ("_closed", "_is_accepted", "_is_reading", "_port", "aio", "offered", "subprotocol")

    aio: AsyncWebSocket
    """The same methods for ``await``."""
    offered: list[str]
    """The subprotocols that the client offers."""
    subprotocol: str | None
    """The one that was chosen."""

    def __init__(self, port: SocketPort, offered: list[str], subprotocol: str | None, *, is_open: bool) -> None:
        """``port`` is the host's."""
        self._port = port
        self._is_accepted = is_open
        self._is_reading = False
        self._closed: WebSocketClosed | None = None
        self.offered = offered
        self.subprotocol = subprotocol
        self.aio = AsyncWebSocket(self)

    @property
    def closed(self) -> bool:
        """Whether it was closed, by this side or, as ``receive`` and ``send`` have noticed, by the other."""
        return self._closed is not None

    def accept(self, subprotocol: str | None = None, *, headers: Raw | None = None) -> None:
        """Open it. The client is told at once; the handler goes on, and what it returns is nobody's.

        ``subprotocol`` is one of those that were ``offered``. Raises ValueError for another, RuntimeError when it was
        accepted before.
        """
        finish(self._accept(subprotocol, headers))

    def send(self, data: str | Bytes) -> None:
        """Send a message of up to 32 MiB; waits while the other side does not take what was sent.

        Raises WebSocketClosedError, TypeError for what is neither text nor bytes, ValueError for a larger message.
        """
        finish(self._send(data))

    def receive(self) -> str | bytes:
        """The next message. Raises WebSocketClosedError after the last.

        Raises RuntimeError while another call waits for it.
        """
        return finish(self._receive())

    def close(self, code: int = _NORMAL, reason: str = "") -> None:
        """Close it when what was sent before has gone; nothing if it is closed.

        Raises ValueError for a code that cannot be sent, or a reason of more than 123 bytes.
        """
        finish(self._close(code, reason))

    def __iter__(self) -> Iterator[str | bytes]:
        while True:
            try:
                message = self.receive()
            except WebSocketClosedError:
                return
            yield message

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._is_accepted:
            self.close(_NORMAL if kind is None else _INTERNAL_ERROR)

    def __repr__(self) -> str:
        if self._closed is not None:
            return f"<WebSocket closed {self._closed.code}>"
        return "<WebSocket open>" if self._is_accepted else "<WebSocket>"

    def _accept(self, subprotocol: str | None, headers: Raw | None) -> Operation[None]:
        if self._is_accepted:
            raise RuntimeError("the WebSocket was accepted before")
        if subprotocol is not None and subprotocol not in self.offered:
            offered = ", ".join(self.offered) or "none"
            raise ValueError(f"the client did not offer the subprotocol {subprotocol!r}; it offered {offered}")
        fields = MutableHeaders(headers)
        if "sec-websocket-protocol" in fields:
            raise ValueError("the subprotocol is given as subprotocol, not as a header")
        self._is_accepted = True
        self.subprotocol = subprotocol
        yield from self._port.accept(subprotocol, fields.raw)

    def _check_open(self) -> None:
        if not self._is_accepted:
            raise RuntimeError("the WebSocket is not open yet: accept() it")
        if self._closed is not None:
            raise WebSocketClosedError(self._closed.code, self._closed.reason)

    def _send(self, data: str | Bytes) -> Operation[None]:
        self._check_open()
        message = data if isinstance(data, str) else as_bytes(data, "a message of a WebSocket")
        if len(message) > _MOST_MESSAGE:
            raise ValueError(f"a message of a WebSocket has at most {_MOST_MESSAGE} bytes, and this one {len(message)}")
        if not (yield from self._port.send(message)):
            # Why comes behind the messages that nobody has received yet.
            raise WebSocketClosedError(_NO_STATUS, "the other side has closed it")

    def _receive(self) -> Operation[str | bytes]:
        self._check_open()
        if self._is_reading:
            raise RuntimeError("another call waits for the next message of this WebSocket")
        self._is_reading = True
        try:
            message = yield from self._port.receive()
        finally:
            self._is_reading = False
        if isinstance(message, WebSocketClosed):
            self._closed = message
            raise WebSocketClosedError(message.code, message.reason)
        return message

    def _close(self, code: int, reason: str) -> Operation[None]:
        if not isinstance(code, int) or not 1000 <= code <= 4999 or code in _RESERVED:
            raise ValueError(f"{code!r} is no code that a WebSocket can be closed with")
        if len(reason.encode()) > _MOST_REASON:
            raise ValueError(f"the reason of a close has at most {_MOST_REASON} bytes")
        if self._closed is not None:
            return
        if not self._is_accepted:
            raise RuntimeError("the WebSocket is not open yet: return a response to refuse it")
        self._closed = WebSocketClosed(code, reason)
        yield from self._port.close(code, reason)


class AsyncWebSocket:
    """``websocket.aio``: the methods of WebSocket for ``await``."""

    __slots__ = ("_socket",)

    def __init__(self, socket: WebSocket) -> None:
        """Of this WebSocket."""
        self._socket = socket

    async def accept(self, subprotocol: str | None = None, *, headers: Raw | None = None) -> None:
        """As ``WebSocket.accept``."""
        await settle(self._socket._accept(subprotocol, headers))

    async def send(self, data: str | Bytes) -> None:
        """As ``WebSocket.send``."""
        await settle(self._socket._send(data))

    async def receive(self) -> str | bytes:
        """As ``WebSocket.receive``."""
        return await settle(self._socket._receive())

    async def close(self, code: int = _NORMAL, reason: str = "") -> None:
        """As ``WebSocket.close``."""
        await settle(self._socket._close(code, reason))

    async def __aiter__(self) -> AsyncIterator[str | bytes]:
        while True:
            try:
                message = await self.receive()
            except WebSocketClosedError:
                return
            yield message

    async def __aenter__(self) -> WebSocket:
        return self._socket

    async def __aexit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._socket._is_accepted:
            await self.close(_NORMAL if kind is None else _INTERNAL_ERROR)


def connect(url: str | URL, *, subprotocols: Iterable[str] = (), headers: Raw | None = None) -> WebSocket:
    """Open a WebSocket to a server, by an URL of ``ws:`` or ``wss:``.

    Raises WebSocketError when there is none, with the ``status_code`` of a server that answered with something else.
    """
    return finish(_connect(url, subprotocols, headers))


async def connect_async(url: str | URL, *, subprotocols: Iterable[str] = (), headers: Raw | None = None) -> WebSocket:
    """As ``connect``, for ``await``."""
    return await settle(_connect(url, subprotocols, headers))


def _connect(url: str | URL, subprotocols: Iterable[str], headers: Raw | None) -> Operation[WebSocket]:
    if isinstance(subprotocols, str):
        raise TypeError("subprotocols is a list of names")
    offered = list(subprotocols)
    scheme, separator, rest = str(url).partition("://")
    if scheme not in ("ws", "wss", "http", "https") or not separator:
        raise ValueError(f"a WebSocket's URL begins with ws: or wss:, not {str(url)!r}")
    made = f"{scheme.replace('http', 'ws')}://{rest}"
    fields = MutableHeaders(headers)
    port, subprotocol = yield from host().open_socket(made, offered, fields.raw)
    return WebSocket(port, offered, subprotocol, is_open=True)


def offered_by(header: str) -> list[str]:
    """The subprotocols of the header Sec-WebSocket-Protocol."""
    return [name for part in header.split(",") if (name := part.strip())]


def end_returned(socket: WebSocket, result: Any, describe: Any) -> None:
    """The handler that has accepted it returned."""
    if result is not None:
        _logger.error(
            "the handler %s returned %s for a WebSocket that it has accepted: that is not sent",
            describe(),
            type(result).__name__,
        )
    _end(socket, _NORMAL)


def end_failed(socket: WebSocket, error: BaseException) -> None:
    """The handler that has accepted it raised."""
    if isinstance(error, WebSocketClosedError):
        _logger.debug("the handler ended with its WebSocket", exc_info=error)
    else:
        _logger.error("the handler failed on a WebSocket", exc_info=error)
    _end(socket, _INTERNAL_ERROR)


def _end(socket: WebSocket, code: int) -> None:
    """Close it, without a wait for that."""
    for _ in socket._close(code, ""):
        break
