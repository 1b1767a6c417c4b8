"""The server for ASGI over exchanges of plain Python: what an application is told, and what its messages become."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from blockon._asgi_http import serve
from blockon._asgi_scope import scope
from blockon._exchange import ClientDisconnectedError
from exchanges import LATER, Answer, FakeExchange
from pyodide.ffi import run_sync

type App = Callable[[dict[str, Any], Any, Any], Coroutine[Any, Any, None]]

START = {"type": "http.response.start", "status": 200, "headers": [(b"x-a", b"1"), (b"x-a", b"2")]}


async def answered(app: App, exchange: FakeExchange) -> tuple[Answer, asyncio.Task[None]]:
    connection, task = serve(app, exchange, scope(exchange.head, "http", None, {}))
    return await connection.answer(task), task


def answer(app: App, exchange: FakeExchange) -> Answer:
    async def whole() -> Answer:
        answer, task = await answered(app, exchange)
        await task
        return answer

    return run_sync(whole())


def test_scope() -> None:
    exchange = FakeExchange("PUT", "https://example.com/a%2Fb/%C3%BC?q=%20&r", [(b"host", b"example.com")])
    exchange.head.client = ("192.0.2.1", 4711)
    state = {"db": object()}
    made = scope(exchange.head, "http", "the bindings", state)
    assert made.pop("state") == state
    assert made == {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": "1.1",
        "method": "PUT",
        "scheme": "https",
        "path": "/a/b/ü",
        "raw_path": b"/a%2Fb/%C3%BC",
        "query_string": b"q=%20&r",
        "root_path": "",
        "headers": [(b"host", b"example.com")],
        "client": ("192.0.2.1", 4711),
        "server": ("example.com", 443),
        "extensions": {},
        "env": "the bindings",
    }


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("http://a/", "a", 80, b"/"),
        ("http://a:81/?x", "a", 81, b"/"),
        ("https://[::1]:8443/p#f", "[::1]", 8443, b"/p"),
        ("http://[::1]/", "[::1]", 80, b"/"),
    ],
)
def test_heads(url: str, host: str, port: int, path: bytes) -> None:
    head = FakeExchange(url=url).head
    assert (head.host, head.port, head.raw_path) == (host, port, path)


def test_state_is_a_copy() -> None:
    state = {"a": 1}
    scope(FakeExchange().head, "http", None, state)["state"]["b"] = 2
    assert state == {"a": 1}


def test_a_whole_answer() -> None:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        assert await receive() == {"type": "http.request", "body": b"", "more_body": False}
        await send(START)
        await send({"type": "http.response.body", "body": b"hello"})

    got = answer(app, FakeExchange())
    assert (got.status, got.headers, got.body, got.streamed) == (200, START["headers"], b"hello", False)


def test_an_application_that_never_waits_is_done_at_once() -> None:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await send(START)
        await send({"type": "http.response.body"})

    async def start() -> bool:
        exchange = FakeExchange()
        return serve(app, exchange, {})[1].done()

    assert run_sync(start())


def test_a_body_comes_in_pieces() -> None:
    seen: list[tuple[bytes, bool]] = []

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        more = True
        while more:
            message = await receive()
            more = message["more_body"]
            seen.append((message["body"], more))
        await send(START)
        await send({"type": "http.response.body"})

    async def main() -> None:
        exchange = FakeExchange("POST", body=[b"one", LATER, b"three"])
        connection, task = serve(app, exchange, {})
        assert seen == [(b"one", True)]
        assert exchange.late
        exchange.late.set_result(b"two")
        await connection.answer(task)

    run_sync(main())
    assert seen == [(b"one", True), (b"two", True), (b"three", True), (b"", False)]


def test_pieces_go_out_as_they_are_sent_even_if_the_application_blocks() -> None:
    step = asyncio.Event()

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await send(START)
        await send({"type": "http.response.body", "body": b"1", "more_body": True})
        time.sleep(0.01)  # noqa: ASYNC251
        await step.wait()
        await send({"type": "http.response.body", "body": b"2", "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def main() -> None:
        got, task = await answered(app, FakeExchange())
        assert (got.streamed, got.ended) == (True, None)
        step.set()
        await task
        assert (got.body, got.ended) == (b"12", "whole")

    run_sync(main())


def test_send_waits_for_room() -> None:
    sent: list[int] = []

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await send(START)
        for number in range(3):
            await send({"type": "http.response.body", "body": b"x", "more_body": number < 2})
            sent.append(number)

    async def main() -> None:
        exchange = FakeExchange()
        exchange.narrow = True
        got, task = await answered(app, exchange)
        for number in range(3):
            await asyncio.sleep(0.001)
            assert (got.body, sent) == (b"x" * (number + 1), list(range(number)))
            assert exchange.room
            exchange.room.set_result(True)
        await task
        assert got.ended == "whole"

    run_sync(main())


def test_disconnect_is_received_and_raised() -> None:
    raised: list[type] = []

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await receive()
        await send(START)
        await send({"type": "http.response.body", "body": b"1", "more_body": True})
        assert await receive() == {"type": "http.disconnect"}
        try:
            await send({"type": "http.response.body", "body": b"2"})
        except OSError as error:
            raised.append(type(error))
            raise

    async def main() -> None:
        exchange = FakeExchange()
        got, task = await answered(app, exchange)
        await asyncio.sleep(0.001)
        exchange.leave()
        await task
        assert got.ended == "the client has gone"

    run_sync(main())
    assert raised == [ClientDisconnectedError]


def test_disconnect_while_send_waits_for_room() -> None:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await send(START)
        while True:
            await send({"type": "http.response.body", "body": b"1", "more_body": True})

    async def main() -> None:
        exchange = FakeExchange()
        exchange.narrow = True
        got, task = await answered(app, exchange)
        await asyncio.sleep(0.001)
        exchange.leave()
        await task
        assert got.ended

    run_sync(main())


def test_disconnect_before_the_body_is_whole() -> None:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        assert (await receive())["body"] == b"half"
        exchange.leave()
        assert await receive() == {"type": "http.disconnect"}
        assert await receive() == {"type": "http.disconnect"}

    exchange = FakeExchange("POST", body=[b"half"])
    with pytest.raises(ClientDisconnectedError):
        answer(app, exchange)


def test_receive_after_the_answer_is_a_disconnect() -> None:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await receive()
        waiting = asyncio.create_task(receive())
        await asyncio.sleep(0)
        await send(START)
        await send({"type": "http.response.body"})
        assert await waiting == {"type": "http.disconnect"}
        assert await receive() == {"type": "http.disconnect"}

    answer(app, FakeExchange())


def test_a_failure_before_the_answer_is_raised() -> None:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await asyncio.sleep(0)
        await send(START)
        raise LookupError("of the application")

    with pytest.raises(LookupError, match="of the application"):
        answer(app, FakeExchange())


def test_a_failure_after_the_answer_is_logged_and_cuts_the_stream(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await send(START)
        await send({"type": "http.response.body", "body": b"1", "more_body": True})
        raise LookupError("of the application")

    got = answer(app, FakeExchange())
    assert (got.body, got.ended) == (b"1", "the application failed: LookupError")
    assert [record.exc_info and record.exc_info[0] for record in caplog.records] == [LookupError]


def test_an_application_that_answers_and_then_raises_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await send({**START, "status": 500})
        await send({"type": "http.response.body", "body": b"sorry"})
        raise LookupError("as Starlette does")

    got = answer(app, FakeExchange())
    assert (got.status, got.body, got.ended) == (500, b"sorry", "whole")
    assert "as Starlette does" in caplog.text


def test_an_answer_that_is_not_ended_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await send(START)
        await send({"type": "http.response.body", "body": b"1", "more_body": True})

    got = answer(app, FakeExchange())
    assert got.ended == "the application returned before the last piece of its answer"
    assert caplog.records[0].levelno == logging.ERROR


async def _nothing(scope: dict[str, Any], receive: Any, send: Any) -> None:
    pass


async def _head_alone(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await send(START)


async def _body_first(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await send({"type": "http.response.body", "body": b""})


async def _two_heads(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await send(START)
    await send(START)


async def _text_header(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await send({**START, "headers": [("x-a", "1")]})


async def _status_text(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await send({**START, "status": "200 OK"})


@pytest.mark.parametrize(
    ("app", "kind", "text"),
    [
        (_nothing, RuntimeError, "returned without an answer: it sent no http.response.start"),
        (_head_alone, RuntimeError, "returned without an answer: it sent no http.response.body"),
        (_body_first, RuntimeError, "sent 'http.response.body' before 'http.response.start'"),
        (_two_heads, RuntimeError, "sent 'http.response.start' where 'http.response.body' was due"),
        (_text_header, TypeError, "names and values of headers are bytes, not str and str: 'x-a': '1'"),
        (_status_text, ValueError, "the status is a number from 200 to 599, not '200 OK'"),
    ],
)
def test_what_an_application_must_not_do(app: App, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        answer(app, FakeExchange())


def test_both_messages_of_an_answer_at_once() -> None:
    told = []

    async def app(_scope: dict[str, Any], receive: Any, send: Any) -> None:
        connection = send.__self__
        listening = asyncio.ensure_future(receive()), asyncio.ensure_future(receive())
        await asyncio.sleep(0)
        assert connection.send_whole(202, [(b"x-a", b"1")], b"all")
        # Once.
        assert not connection.send_whole(200, [], b"again")
        told.extend(await asyncio.gather(*listening))

    given = answer(app, FakeExchange())
    assert (given.status, given.headers, given.body, given.streamed) == (202, [(b"x-a", b"1")], b"all", False)
    assert told[-1] == {"type": "http.disconnect"}


def test_who_has_gone_is_sent_no_whole_answer() -> None:
    async def app(_scope: dict[str, Any], receive: Any, send: Any) -> None:
        exchange.leave()
        await receive()
        assert not send.__self__.send_whole(200, [], b"all")
        await send(START)
        await send({"type": "http.response.body", "body": b"all"})

    exchange = FakeExchange(body=[b"a"])
    with pytest.raises(ClientDisconnectedError):
        answer(app, exchange)
    assert exchange.answers == []


def test_a_request_that_is_cancelled_cancels_its_application() -> None:
    seen: list[str] = []

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    async def main() -> None:
        exchange = FakeExchange()
        connection, task = serve(app, exchange, {})
        waiting = asyncio.ensure_future(connection.answer(task))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await asyncio.wait([task])

    run_sync(main())
    assert seen == ["cancelled"]
