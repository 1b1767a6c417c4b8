"""Exchanges of the realm (runtime/realm/89-servers.js): one crossing for a whole head, one for a whole answer."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from ._bridge import host, to_js
from ._exchange import ClientDisconnectedError, Head, Headers

__all__ = ["RealmExchange", "header_text", "leave_realm", "realm", "unless_gone"]

# Bytes of a body up to which it crosses as text.
_MOST_TEXT = 2048


class _Realm:
    """The realm's functions: looked up once, since a look-up crosses as a call does."""

    def __getattr__(self, name: str) -> Any:
        function = getattr(host("servers"), name)
        setattr(self, name, function)
        return function


realm = _Realm()


def leave_realm() -> None:
    """Forget the realm's functions: a snapshot holds none."""
    vars(realm).clear()


def header_text(headers: Headers) -> str:
    """Names and values, each a line."""
    text = b"\n".join([part for pair in headers for part in pair])
    if text.count(b"\n") != max(0, 2 * len(headers) - 1):
        bad = next(pair for pair in headers if b"\n" in pair[0] + pair[1])
        raise ValueError(f"a header has a line break in it: {bad[0]!r}: {bad[1]!r}")
    return text.decode("latin-1")


def _crossing(body: bytes) -> Any:
    """What crosses as the body: small text as a string, which costs less than a buffer of JavaScript's."""
    return body.decode("ascii") if len(body) <= _MOST_TEXT and body.isascii() else to_js(body)


def unless_gone(given: Any) -> Any:
    """What the realm gave; False from it says that the client has gone, which is raised."""
    if given is False:
        raise ClientDisconnectedError("the client has gone")
    return given


class RealmStream:
    """The body of a Response, which is written."""

    __slots__ = ("_response",)

    def __init__(self, response: Any) -> None:
        self._response = response

    def write(self, data: bytes) -> Awaitable[Any] | None:
        return unless_gone(realm.write(self._response, to_js(data)))

    def sent(self, given: Any) -> None:
        unless_gone(given)

    def close(self) -> None:
        realm.end(self._response)

    def abort(self, reason: str) -> None:
        realm.fail(self._response, reason)


class RealmExchange:
    """That of a JavaScript Request."""

    __slots__ = ("_has_body", "_request", "head")

    def __init__(self, request: Any) -> None:
        self._request = request
        has_body, method, url, address, port, *rest = realm.head(request).split("\n", 5)
        self._has_body = has_body == "1"
        parts = rest[0].encode("latin-1").split(b"\n") if rest else []
        self.head = Head(method, url, list(zip(parts[::2], parts[1::2], strict=True)))
        if address:
            self.head.client = (address, int(port))

    def read(self) -> bytes | Awaitable[Any] | None:
        if not self._has_body:
            return None
        piece = realm.read(self._request)
        if isinstance(piece, Awaitable):
            return piece
        return self.taken(piece)

    def taken(self, given: Any) -> bytes | None:
        if given is None:
            self._has_body = False
            return None
        return unless_gone(given).to_bytes()

    def gone(self) -> Awaitable[Any]:
        return realm.gone(self._request)

    def respond(self, status: int, reason: str, headers: Headers, body: bytes) -> Any:
        return realm.respond(status, reason, header_text(headers), _crossing(body) if body else None)

    def stream(self, status: int, reason: str, headers: Headers) -> tuple[Any, RealmStream]:
        response = realm.open(status, reason, header_text(headers))
        return response, RealmStream(response)
