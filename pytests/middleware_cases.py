"""Middlewares of ``BaseHTTPMiddleware`` over applications of each kind: what happens, in its order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextvars import ContextVar
from typing import Any

import anyio
from starlette.background import BackgroundTask
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

type Message = dict[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]
type App = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]
type Dispatch = Callable[[Request, Any], Awaitable[Any]]

#: What has happened.
events: list[Any] = []
variable: ContextVar[str] = ContextVar("variable", default="none")


class OwnError(Exception):
    """One of an application."""


class OwnExit(BaseException):
    """One that is no Exception."""


async def through(request: Request, call_next: Any) -> Any:
    return await call_next(request)


async def plain(scope: Any, receive: Receive, send: Send) -> None:
    await PlainTextResponse("plain", headers={"x-a": "1"})(scope, receive, send)
    events.append("the application's end")


async def empty(scope: Any, receive: Receive, send: Send) -> None:
    await Response(status_code=204)(scope, receive, send)


async def waits(scope: Any, receive: Receive, send: Send) -> None:
    await asyncio.sleep(0.001)
    await plain(scope, receive, send)


async def streams(scope: Any, receive: Receive, send: Send) -> None:
    async def pieces() -> AsyncGenerator[str]:
        for number in range(3):
            await asyncio.sleep(0.002)
            events.append(number)
            yield str(number)

    await StreamingResponse(pieces())(scope, receive, send)


async def background(scope: Any, receive: Receive, send: Send) -> None:
    async def task() -> None:
        events.append("in the background")
        await asyncio.sleep(0.001)
        events.append("and later")

    await PlainTextResponse("text", background=BackgroundTask(task))(scope, receive, send)


async def fails_behind(scope: Any, receive: Receive, send: Send) -> None:
    async def task() -> None:
        raise OwnError("in the background")

    await PlainTextResponse("text", background=BackgroundTask(task))(scope, receive, send)


async def fails(scope: Any, receive: Receive, send: Send) -> None:
    raise OwnError("at once") from KeyError("why")


async def fails_later(scope: Any, receive: Receive, send: Send) -> None:
    await asyncio.sleep(0)
    raise OwnError("later")


async def fails_within(scope: Any, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"a", "more_body": True})
    raise OwnError("within")


async def says_nothing(scope: Any, receive: Receive, send: Send) -> None:
    events.append(scope["path"])


async def begins(scope: Any, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})


async def exits(scope: Any, receive: Receive, send: Send) -> None:
    await asyncio.sleep(0)
    raise OwnExit("out")


async def reads(scope: Any, receive: Receive, send: Send) -> None:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    await PlainTextResponse(body)(scope, receive, send)
    events.append(await receive())


async def watches(scope: Any, receive: Receive, send: Send) -> None:
    """Streams until its client has gone, of which another task of its own learns."""
    async with anyio.create_task_group() as group:

        async def listen() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            events.append("told that it has gone")
            group.cancel_scope.cancel()

        group.start_soon(listen)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
            await asyncio.sleep(0)


async def shielded(scope: Any, receive: Receive, send: Send) -> None:
    try:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    except asyncio.CancelledError:
        with anyio.CancelScope(shield=True):
            await asyncio.sleep(0.03)
            events.append("cleaned up")
        raise
    finally:
        events.append("the application's end")


async def stubborn(scope: Any, receive: Receive, send: Send) -> None:
    for _ in range(3):
        try:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            events.append("cancelled")


async def puts(scope: Any, receive: Receive, send: Send) -> None:
    events.append(variable.get())
    variable.set("the application's")
    await asyncio.sleep(0)
    events.append(variable.get())
    await plain(scope, receive, send)
    events.append(variable.get())


async def sets(request: Request, call_next: Any) -> Any:
    variable.set("the middleware's")
    response = await call_next(request)
    events.append(variable.get())
    response.headers["x-set"] = variable.get()
    return response


async def reads_body(request: Request, call_next: Any) -> Any:
    events.append(await request.body())
    return await call_next(request)


async def reads_stream(request: Request, call_next: Any) -> Any:
    events.append([piece async for piece in request.stream()])
    return await call_next(request)


async def discards(request: Request, call_next: Any) -> Any:
    await call_next(request)
    return PlainTextResponse("another")


async def never_asks(request: Request, call_next: Any) -> Any:
    return PlainTextResponse("refused", 403)


async def takes_body(request: Request, call_next: Any) -> Any:
    response = await call_next(request)
    body = [piece async for piece in response.body_iterator]
    events.append(body)
    return Response(b"".join(body).upper(), response.status_code, dict(response.headers))


async def takes_and_returns(request: Request, call_next: Any) -> Any:
    response = await call_next(request)
    events.append([piece async for piece in response.body_iterator])
    return response


async def takes_one(request: Request, call_next: Any) -> Any:
    response = await call_next(request)
    async for piece in response.body_iterator:
        events.append(piece)
        break
    return response


async def wraps_body(request: Request, call_next: Any) -> Any:
    response = await call_next(request)
    before = response.body_iterator

    async def more() -> AsyncGenerator[bytes]:
        async for piece in before:
            yield piece
        yield b"!"

    response.body_iterator = more()
    return response


async def adds_background(request: Request, call_next: Any) -> Any:
    response = await call_next(request)

    async def task() -> None:
        events.append("the middleware's")

    response.background = BackgroundTask(task)
    return response


async def catches(request: Request, call_next: Any) -> Any:
    try:
        return await call_next(request)
    except (OwnError, RuntimeError) as error:
        return PlainTextResponse(f"caught {error!r}", 500)


async def fails_itself(request: Request, call_next: Any) -> Any:
    await call_next(request)
    raise OwnError("the middleware's")


async def fails_first(request: Request, call_next: Any) -> Any:
    raise OwnError("the middleware's")


async def asks_twice(request: Request, call_next: Any) -> Any:
    await call_next(request)
    return await call_next(request)


async def has_no_time(request: Request, call_next: Any) -> Any:
    with anyio.move_on_after(0.005):
        return await call_next(request)
    return PlainTextResponse("late", 504)


async def dies(scope: Any, receive: Receive, send: Send) -> None:
    await asyncio.sleep(60)


APPLICATIONS = [
    plain, empty, waits, streams, background, fails_behind, fails, fails_later, fails_within, says_nothing, begins,
    reads, shielded, puts,
]  # fmt: skip
DISPATCHES = [
    through, sets, reads_body, reads_stream, discards, never_asks, takes_body, takes_and_returns, takes_one, wraps_body,
    adds_background, catches, fails_itself, fails_first,
]  # fmt: skip
PAIRS: list[tuple[App, Dispatch]] = [
    *((app, dispatch) for app in APPLICATIONS for dispatch in DISPATCHES),
    (stubborn, fails_itself), (watches, discards), (plain, asks_twice), (dies, has_no_time),
]  # fmt: skip


async def ask(app: App, *dispatches: Dispatch, body: tuple[bytes, ...] = (b"one", b"two")) -> tuple[Any, ...]:
    """What is sent, what is raised and what has happened; the client goes when it has all, or ten pieces."""
    events.clear()
    sent: list[Message] = []
    has_gone = asyncio.Event()
    pieces = list(body)

    async def receive() -> Message:
        if pieces:
            return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}
        await has_gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append({**message, "headers": sorted(message.get("headers", ()))})
        if len(sent) > 10 or (message["type"] == "http.response.body" and not message.get("more_body")):
            has_gone.set()

    for dispatch in dispatches:
        app = BaseHTTPMiddleware(app, dispatch)
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": [], "state": {}}
    raised: BaseException | None = None
    try:
        # As a server calls it: in a task of its own.
        await asyncio.create_task(app(scope, receive, send))  # type: ignore[arg-type]
    except BaseException as error:
        raised = error
    cause = None if raised is None else raised.__cause__
    # What anyio says is Starlette's own affair.
    told = None if isinstance(cause, anyio.EndOfStream | ExceptionGroup) else cause
    return sent, type(raised), str(raised), type(told), list(events)
