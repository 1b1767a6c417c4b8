"""What stands in for Starlette's ``BaseHTTPMiddleware`` does what that does: each request is made both ways."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import middleware_cases as cases
import pytest
from blockon._asgi_http import LastPiece, serve
from blockon._asgi_scope import scope
from exchanges import FakeExchange
from pyodide.ffi import run_sync
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import PlainTextResponse


def originals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BaseHTTPMiddleware, "__call__", BaseHTTPMiddleware.__call__.__wrapped__)  # type: ignore[attr-defined]


def test_the_installed_version_is_known() -> None:
    assert "/blockon/" in BaseHTTPMiddleware.__call__.__code__.co_filename


def name_of(value: Any) -> str:
    return str(value.__name__)


@pytest.mark.parametrize(("app", "dispatch"), cases.PAIRS, ids=name_of)
def test_requests(monkeypatch: pytest.MonkeyPatch, app: Any, dispatch: Any) -> None:
    ours = run_sync(cases.ask(app, dispatch))
    originals(monkeypatch)
    assert ours == run_sync(cases.ask(app, dispatch))


@pytest.mark.parametrize("app", cases.APPLICATIONS, ids=name_of)
def test_two_middlewares(monkeypatch: pytest.MonkeyPatch, app: Any) -> None:
    dispatches = cases.sets, cases.through
    ours = run_sync(cases.ask(app, *dispatches))
    originals(monkeypatch)
    assert ours == run_sync(cases.ask(app, *dispatches))


def test_what_is_no_exception_is_raised_as_it_is() -> None:
    """Starlette has it in a group."""
    assert run_sync(cases.ask(cases.exits, cases.catches))[1:3] == (cases.OwnExit, "out")


def test_a_request_that_is_cancelled_ends_its_application(monkeypatch: pytest.MonkeyPatch) -> None:
    async def cancelled() -> tuple[Any, ...]:
        async def app(*_: Any) -> None:
            try:
                await asyncio.sleep(60)
            finally:
                cases.events.append("the application's end")

        task = asyncio.create_task(cases.ask(app, cases.through))
        await asyncio.sleep(0.005)
        task.cancel()
        return (await asyncio.gather(task, return_exceptions=True))[0]

    ours = run_sync(cancelled())
    originals(monkeypatch)
    assert repr(ours) == repr(run_sync(cancelled()))


def test_within_a_cancel_scope_it_is_starlettes_way(monkeypatch: pytest.MonkeyPatch) -> None:
    async def in_time(app: Any) -> list[Any]:
        cases.events.clear()
        middleware = BaseHTTPMiddleware(app, cases.through)
        with anyio.move_on_after(0.005) as whole:
            await middleware({"type": "http", "method": "GET", "headers": []}, asyncio.Future, asyncio.Future)
        return [whole.cancelled_caught, *cases.events]

    async def app(*_: Any) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            cases.events.append("the application's end")

    assert run_sync(in_time(app)) == [True, "the application's end"]


def test_its_application_goes_on_at_once_when_all_is_sent() -> None:
    """In no further turn of the loop."""
    turns: list[str] = []

    async def app(*arguments: Any) -> None:
        asyncio.get_running_loop().call_soon(turns.append, "a turn")
        await PlainTextResponse("text")(*arguments)

    async def ask() -> Any:
        exchange = FakeExchange("GET", "http://host/")
        middleware = BaseHTTPMiddleware(BaseHTTPMiddleware(app, cases.through), cases.sets)
        connection, task = serve(middleware, exchange, scope(exchange.head, "http", None, {}))
        assert (task.done(), turns) == (True, [])
        return await connection.answer(task)

    answer = run_sync(ask())
    assert (answer.body, dict(answer.headers)[b"x-set"]) == (b"text", b"the middleware's")


def test_a_last_piece_is_sent_with_the_end() -> None:
    start = {"type": "http.response.start", "status": 200, "headers": []}

    def last(body: bytes) -> Any:
        return LastPiece(type="http.response.body", body=body, more_body=True)

    async def whole(*messages: Any) -> Any:
        async def app(_scope: Any, _receive: Any, send: Any) -> None:
            for message in (start, *messages):
                await send(message)

        exchange = FakeExchange("GET", "http://host/")
        connection, task = serve(app, exchange, scope(exchange.head, "http", None, {}))
        answer = await connection.answer(task)
        await task
        return answer

    end = {"type": "http.response.body", "body": b"", "more_body": False}
    answer = run_sync(whole(last(b"all"), end))
    assert (answer.body, answer.streamed) == (b"all", False)
    more = {"type": "http.response.body", "body": b"b", "more_body": True}
    # Who is around it has more to say, or has sent before.
    assert run_sync(whole(last(b"a"), more, end)).pieces == [b"ab"]
    assert run_sync(whole(more, last(b"a"), end)).pieces == [b"b", b"a"]
