"""Requests and responses of the Python API over exchanges: what comes late, who goes, what is streamed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from blockon import HTMLResponse, Request, Response, StreamingResponse
from blockon._api.results import respond
from blockon._exchange import ClientDisconnectedError
from blockon._handler_errors import HandlerError
from exchanges import LATER, Answer, FakeExchange
from pyodide.ffi import run_sync


def incoming(exchange: FakeExchange) -> Request:
    given: Any = exchange
    return Request._incoming(given)


def answer(result: Any, exchange: FakeExchange | None = None) -> Answer:
    given: Any = exchange or FakeExchange()
    made = respond(result, given, {}, lambda: "fetch (entry.py:1)")
    return made if isinstance(made, Answer) else run_sync(made)


def until(condition: Any) -> None:
    while not condition():
        run_sync(asyncio.sleep(0))


def test_a_body_that_comes_late_is_waited_for() -> None:
    exchange = FakeExchange("POST", body=[b"one ", LATER, b"three"])
    request = incoming(exchange)

    def deliver() -> None:
        assert exchange.late is not None
        exchange.late.set_result(b"two ")

    asyncio.get_running_loop().call_later(0.001, deliver)
    assert request.text() == "one two three"
    assert (request.body(), list(request.stream())) == (b"one two three", [b"one two three"])


def test_a_stream_is_read_once() -> None:
    request = incoming(FakeExchange("POST", body=[b"one", b"two"]))
    assert list(request.stream()) == [b"one", b"two"]
    for read in (request.body, lambda: next(request.stream()), lambda: run_sync(request.aio.body())):
        with pytest.raises(RuntimeError, match="was streamed before"):
            read()


def test_who_goes_is_an_oserror() -> None:
    exchange = FakeExchange("POST", body=[b"one"])
    request = incoming(exchange)
    exchange.leave()
    with pytest.raises(OSError, match="gone"):
        request.body()


def test_a_wait_for_the_body_can_be_given_up_and_begun_again() -> None:
    exchange = FakeExchange("POST", body=[LATER])
    request = incoming(exchange)

    async def read() -> bytes:
        try:
            async with asyncio.timeout(0.001):
                return await request.aio.body()
        except TimeoutError:
            return await request.aio.body()

    # What was under way ended with the wait; the fake has no more.
    assert run_sync(read()) == b""


@pytest.mark.parametrize(
    ("result", "status", "headers", "body"),
    [
        ("ü", 200, [(b"content-type", b"text/plain; charset=utf-8")], "ü".encode()),
        (b"\xff", 200, [], b"\xff"),
        ({"a": 1}, 200, [(b"content-type", b"application/json")], b'{"a":1}'),
        ([None], 200, [(b"content-type", b"application/json")], b"[null]"),
        (Response(None, 404), 404, [], b""),
        (Response("a", media_type="text/x"), 200, [(b"content-type", b"text/x")], b"a"),
        (Response("a", headers={"Content-Type": "text/y"}), 200, [(b"content-type", b"text/y")], b"a"),
        (HTMLResponse("a"), 200, [(b"content-type", b"text/html; charset=utf-8")], b"a"),
        (Response(bytearray(b"a")), 200, [], b"a"),
    ],
)
def test_what_is_sent(result: Any, status: int, headers: Any, body: bytes) -> None:
    sent = answer(result)
    assert (sent.status, sent.headers, sent.body, sent.streamed, sent.ended) == (status, headers, body, False, "whole")


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_stream_waits_for_room_and_ends_with_who_reads_it(asynchronous: bool) -> None:
    closed = []

    def numbers() -> Iterator[str]:
        try:
            yield from map(str, range(100))
        finally:
            closed.append(True)

    async def numbers_async() -> AsyncIterator[bytes]:
        try:
            for number in range(100):
                yield str(number).encode()
        finally:
            closed.append(True)

    exchange = FakeExchange()
    exchange.narrow = True
    sent = answer(StreamingResponse(numbers_async() if asynchronous else numbers()), exchange)
    until(lambda: exchange.room is not None)
    assert sent.pieces == [b"0"]
    room, exchange.room = exchange.room, None
    assert room is not None
    room.set_result(True)
    until(lambda: exchange.room is not None)
    assert sent.pieces == [b"0", b"1"]
    exchange.leave()
    until(lambda: closed)
    until(lambda: sent.ended is not None)
    assert sent.ended == f"a piece failed: {ClientDisconnectedError.__name__}"


def test_a_piece_that_is_none_cuts_the_stream_off(caplog: pytest.LogCaptureFixture) -> None:
    given: Any = iter(["a", 1])
    sent = answer(StreamingResponse(given))
    until(lambda: sent.ended is not None)
    assert sent.ended == "a piece failed: TypeError"
    assert "a piece of a StreamingResponse is bytes or text, not int" in caplog.text


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (None, "returned None; return a Response or text"),
        (Response, "returned the class Response"),
        (("a", 404), "returned tuple; status and headers are arguments"),
        (1, "returned int; return a Response, str, bytes, dict or list"),
        (object(), "returned object; return a Response"),
        (print, "returned builtin_function_or_method print; call it"),
        ({"a": object()}, "returned dict that has no JSON"),
    ],
)
def test_what_is_no_answer(result: Any, told: str) -> None:
    with pytest.raises(HandlerError) as caught:
        answer(result)
    assert str(caught.value).startswith(f"the handler fetch (entry.py:1) {told}")
