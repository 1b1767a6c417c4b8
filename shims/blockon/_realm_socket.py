"""WebSockets of the Pythonic API over the realm's (runtime/realm/88-websockets.js)."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from ._api.headers import RawHeaders
from ._api.host import Operation
from ._api.websocket import WebSocketError
from ._bridge import JsException, to_js
from ._exchange import WebSocketClosed
from ._realm_exchange import header_text, realm
from ._realm_values import raised

__all__ = ["RealmSocketPort", "open_socket"]

_SWITCHING = 101


class RealmSocketPort:
    """That of a request, which ``accept`` answers, or that of a response: a SocketPort."""

    __slots__ = ("_request", "response")

    def __init__(self, request: Any = None, response: Any = None) -> None:
        self._request = request
        self.response = response

    def accept(self, subprotocol: str | None, headers: RawHeaders) -> Operation[None]:
        yield from ()
        self.response = realm.accept(subprotocol, header_text(headers))
        try:
            realm.answer(self._request, self.response)
        except JsException as error:
            raise RuntimeError(raised(error)[1]) from None

    def send(self, data: str | bytes) -> Operation[bool]:
        room = realm.send(self.response, data if isinstance(data, str) else to_js(data))
        if isinstance(room, Awaitable):
            room = yield room
        return room is not False

    def receive(self) -> Operation[str | bytes | WebSocketClosed]:
        # The wait may be ended, and what comes after it is the next one's.
        while (arrival := realm.arrived(self.response)) is not None:
            yield arrival
        message = realm.receive(self.response)
        if isinstance(message, str):
            return message
        if hasattr(message, "to_bytes"):
            return message.to_bytes()
        return WebSocketClosed(message.code, message.reason)

    def close(self, code: int, reason: str) -> Operation[None]:
        yield from ()
        realm.close(self.response, code, reason)


def open_socket(
    url: str, subprotocols: list[str], headers: RawHeaders
) -> Operation[tuple[RealmSocketPort, str | None]]:
    """As ``Host.open_socket``."""
    try:
        response = yield realm.connect(url, ", ".join(subprotocols), header_text(headers))
    except JsException as error:
        text = getattr(getattr(error, "cause", None), "message", None) or raised(error)[1]
        raise WebSocketError(f"{url}: {text}") from None
    if response.status != _SWITCHING:
        raise WebSocketError(f"{url}: the server answered {response.status}, and opened no WebSocket", response.status)
    return RealmSocketPort(response=response), response.headers.get("sec-websocket-protocol") or None
