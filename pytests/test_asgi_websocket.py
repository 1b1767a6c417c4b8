"""ASGI's WebSockets over exchanges of plain Python."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from blockon._asgi_scope import scope
from blockon._asgi_websocket import serve
from blockon._exchange import ClientDisconnectedError, WebSocketClosed
from exchanges import Answer, FakeWebSocket
from pyodide.ffi import run_sync

type App = Callable[[dict[str, Any], Any, Any], Coroutine[Any, Any, None]]


def run(app: App, exchange: FakeWebSocket) -> Answer:
    async def main() -> Answer:
        connection, task = serve(app, exchange, scope(exchange.head, "websocket", None, {}))
        answer = await connection.answer(task)
        await task
        return answer

    return run_sync(main())


def test_scope() -> None:
    headers = [(b"sec-websocket-protocol", b"chat, superchat"), (b"sec-websocket-protocol", b"json")]
    made = scope(FakeWebSocket([], headers).head, "websocket", None, {})
    assert (made["type"], made["scheme"], made["subprotocols"]) == ("websocket", "ws", ["chat", "superchat", "json"])
    assert made["extensions"] == {"websocket.http.response": {}}
    assert "method" not in made


def test_messages_of_both_kinds() -> None:
    seen: list[dict[str, Any]] = []

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        assert await receive() == {"type": "websocket.connect"}
        await send({"type": "websocket.accept", "subprotocol": "json", "headers": [(b"x-a", b"1")]})
        while (message := await receive())["type"] == "websocket.receive":
            await send({**message, "type": "websocket.send"})
        seen.append(message)

    exchange = FakeWebSocket(["text", b"\x00\xff", WebSocketClosed(4001, "enough")])
    answer = run(app, exchange)
    assert (answer.status, answer.headers, exchange.subprotocol) == (101, [(b"x-a", b"1")], "json")
    assert exchange.sent_messages == ["text", b"\x00\xff"]
    assert seen == [{"type": "websocket.disconnect", "code": 4001, "reason": "enough"}]
    assert exchange.closed is None


def test_the_application_closes() -> None:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 4002, "reason": "full"})
        assert (await receive())["type"] == "websocket.connect"
        assert await receive() == {"type": "websocket.disconnect", "code": 4002, "reason": "full"}
        with pytest.raises(OSError, match="when the WebSocket was closed"):
            await send({"type": "websocket.send", "text": "late"})

    exchange = FakeWebSocket([])
    run(app, exchange)
    assert exchange.closed == (4002, "full")


def test_the_application_returns() -> None:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})

    exchange = FakeWebSocket([])
    run(app, exchange)
    assert exchange.closed == (1000, "")


def test_the_application_fails(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        raise LookupError("of the application")

    exchange = FakeWebSocket([])
    run(app, exchange)
    assert exchange.closed == (1011, "")
    assert "of the application" in caplog.text


def test_refused_before_it_is_accepted() -> None:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.close"})
        assert (await receive())["type"] == "websocket.disconnect"

    assert run(app, FakeWebSocket([])).status == 403


def test_denied_with_a_response() -> None:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await send(
            {"type": "websocket.http.response.start", "status": 401, "headers": [(b"www-authenticate", b"Basic")]}
        )
        await send({"type": "websocket.http.response.body", "body": b"who ", "more_body": True})
        await send({"type": "websocket.http.response.body", "body": b"are you"})

    answer = run(app, FakeWebSocket([]))
    assert (answer.status, answer.body, answer.ended) == (401, b"who are you", "whole")


def test_send_when_the_client_has_gone() -> None:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        exchange.is_gone = True
        await send({"type": "websocket.send", "text": "nobody"})

    exchange = FakeWebSocket([])
    run(app, exchange)
    assert exchange.closed is None


def test_receive_waits_until_it_is_accepted() -> None:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await receive()
        first = asyncio.create_task(receive())
        await asyncio.sleep(0)
        await send({"type": "websocket.accept"})
        assert await first == {"type": "websocket.receive", "text": "first"}

    run(app, FakeWebSocket(["first"]))


async def _nothing(scope: dict[str, Any], receive: Any, send: Any) -> None:
    pass


async def _data_first(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await send({"type": "websocket.send", "text": "x"})


async def _both(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await send({"type": "websocket.accept", "headers": [(b"Sec-WebSocket-Protocol", b"json")]})


@pytest.mark.parametrize(
    ("app", "kind", "text"),
    [
        (_nothing, RuntimeError, "returned without 'websocket.accept'"),
        (_data_first, RuntimeError, "sent 'websocket.send' before 'websocket.accept'"),
        (_both, ValueError, "the subprotocol is given as 'subprotocol', not as a header"),
    ],
)
def test_what_an_application_must_not_do(app: App, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        run(app, FakeWebSocket([]))


@pytest.mark.parametrize("message", [{}, {"text": "a", "bytes": b"b"}, {"text": None, "bytes": None}])
def test_exactly_one_of_text_and_bytes(message: dict[str, Any]) -> None:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        with pytest.raises(ValueError, match="exactly one of 'bytes' and 'text'"):
            await send({"type": "websocket.send", **message})

    run(app, FakeWebSocket([]))


def test_gone_is_an_os_error() -> None:
    assert issubclass(ClientDisconnectedError, OSError)
