"""Exchanges of the realm that ask for a WebSocket."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from ._bridge import to_js
from ._exchange import Headers, WebSocketClosed
from ._realm_exchange import RealmExchange, header_text, realm, unless_gone

__all__ = ["RealmWebSocketExchange"]


class RealmWebSocketExchange(RealmExchange):
    """That of a JavaScript Request."""

    __slots__ = ("_response",)

    def accept(self, subprotocol: str | None, headers: Headers) -> Any:
        self._response = realm.accept(subprotocol, header_text(headers))
        return self._response

    def receive(self) -> str | bytes | WebSocketClosed | Awaitable[Any]:
        message = realm.receive(self._response)
        return message if isinstance(message, Awaitable) else self.received(message)

    def received(self, given: Any) -> str | bytes | WebSocketClosed:
        if isinstance(given, str):
            return given
        if hasattr(given, "to_bytes"):
            return given.to_bytes()
        return WebSocketClosed(given.code, given.reason)

    def send(self, data: str | bytes) -> Awaitable[Any] | None:
        return unless_gone(realm.send(self._response, data if isinstance(data, str) else to_js(data)))

    def sent(self, given: Any) -> None:
        unless_gone(given)

    def close(self, code: int, reason: str) -> None:
        realm.close(self._response, code, reason)
