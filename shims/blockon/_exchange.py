"""One HTTP request and its answer, as the servers for ASGI and WSGI have them: an interface without a realm.

`_realm_exchange` has it over the realm's objects; tests have one in plain Python. A request is read once, in pieces;
it is answered once, whole or as a stream. What takes time is a promise, which ASGI awaits and WSGI blocks on: what
that gives is then for taken(), sent() or received() to read.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Protocol, TypeAlias
from urllib.parse import unquote_to_bytes

__all__ = ["ClientDisconnectedError", "Exchange", "Head", "Headers", "Stream", "WebSocketClosed", "WebSocketExchange"]

Headers: TypeAlias = list[tuple[bytes, bytes]]

_default_ports = {"http": 80, "https": 443, "ws": 80, "wss": 443}

# Scheme, host and port by what a URL begins with: clients ask for few, one after another.
_origins: dict[str, tuple[str, str, int]] = {}
_MOST_ORIGINS = 16


def _read_origin(origin: str) -> tuple[str, str, int]:
    scheme, _, authority = origin.partition("://")
    place = authority.rpartition("@")[2]
    host, colon, port = place.rpartition(":")
    read = (scheme, host, int(port)) if colon and port.isdecimal() else (scheme, place, _default_ports.get(scheme, 0))
    if len(_origins) >= _MOST_ORIGINS:
        _origins.clear()
    _origins[origin] = read
    return read


class ClientDisconnectedError(OSError):
    """The client has gone: what is sent to it reaches nobody."""


class Head:
    """What a request says before its body. Names of headers are in lower case, in the order of arrival."""

    __slots__ = ("client", "headers", "host", "http_version", "method", "port", "query", "raw_path", "scheme", "url")

    def __init__(self, method: str, url: str, headers: Headers) -> None:
        self.method = method
        self.url = url
        self.headers = headers
        self.http_version = "1.1"
        self.client: tuple[str, int] | None = None
        start = url.find("/", url.find("://") + 3)
        origin, target = (url, "/") if start < 0 else (url[:start], url[start:])
        path, _, query = target.partition("#")[0].partition("?")
        self.raw_path = path.encode("latin-1")
        self.query = query.encode("latin-1")
        self.scheme, self.host, self.port = _origins.get(origin) or _read_origin(origin)

    @property
    def path(self) -> bytes:
        """The path without percent-encoding."""
        return unquote_to_bytes(self.raw_path) if b"%" in self.raw_path else self.raw_path


class Stream(Protocol):
    """The body of an answer whose head is on its way."""

    def write(self, data: bytes) -> Awaitable[Any] | None:
        """Send a piece; None says that there is room for more, else that is to be waited for, and given to sent().

        Raises ClientDisconnectedError when the client has gone.
        """

    def sent(self, given: Any) -> None:
        """Raises ClientDisconnectedError when the client has gone."""

    def close(self) -> None:
        """The body is whole."""

    def abort(self, reason: str) -> None:
        """The body ends here though it is not whole, which the client is to notice."""


class Exchange(Protocol):
    """A request that can be answered."""

    head: Head

    def read(self) -> bytes | Awaitable[Any] | None:
        """The next piece of the request's body, None at its end; or what is to be waited for, and given to taken().

        Raises ClientDisconnectedError when the client has gone before the end.
        """

    def taken(self, given: Any) -> bytes | None:
        """As read(), for what an awaitable of its own gave."""

    def gone(self) -> Awaitable[Any]:
        """Ends when the client has gone."""

    def respond(self, status: int, reason: str, headers: Headers, body: bytes) -> Any:
        """The platform's Response with a whole body."""

    def stream(self, status: int, reason: str, headers: Headers) -> tuple[Any, Stream]:
        """The platform's Response, and what sends its body."""


class WebSocketClosed:
    """What ends the messages of a WebSocket."""

    __slots__ = ("code", "reason")

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason


class WebSocketExchange(Exchange, Protocol):
    """A request for a WebSocket: it is accepted, or answered as any other."""

    def accept(self, subprotocol: str | None, headers: Headers) -> Any:
        """The platform's Response that opens the WebSocket."""

    def receive(self) -> str | bytes | WebSocketClosed | Awaitable[Any]:
        """The next message; or what is to be waited for, and given to received()."""

    def received(self, given: Any) -> str | bytes | WebSocketClosed:
        """The message."""

    def send(self, data: str | bytes) -> Awaitable[Any] | None:
        """Send a message; as ``Stream.write``."""

    def sent(self, given: Any) -> None:
        """As ``Stream.sent``."""

    def close(self, code: int, reason: str) -> None:
        """Close it, if it is open."""
