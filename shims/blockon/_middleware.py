"""What a middleware of Starlette's ``BaseHTTPMiddleware`` has around it, and below it, in fewer steps.

Starlette runs the application below as a task of anyio's, in a group of tasks, and its answer comes through a stream
of anyio's that holds nothing: seven turns of the event loop for an answer that is there at once. Here the application
is a task that begins at once, and a message goes from hand to hand (``_middleware_channel``):

   dispatch(request, call_next)      the application, a task with a copy of the context
     call_next ------- begins -----> send(start): taken
       <- a response ------------.   send(the last of the body): waits until all is sent
     response ----- body ------->|
     its client has it --------------> goes on, at once: background tasks; then the middleware ends

What a middleware sees is what it would see: the application goes no further than Starlette lets it, is cancelled when
the middleware fails, and fails where it would. A request that runs within a cancel scope of anyio's goes Starlette's
way, and all do where its code is not known.
"""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

from ._asgi_http import LastPiece
from ._known_code import all_known
from ._middleware_channel import Channel, Message
from ._middleware_reading import Reading

__all__ = ["change_base"]

type _Scope = dict[str, Any]
type _Send = Callable[[Message], Awaitable[None]]

# By CPython 3.14's compiler, of Starlette 1.10 and anyio 4.16.
_KNOWN = {
    "starlette.middleware.base:BaseHTTPMiddleware": {
        "__init__": frozenset({0x1039598B}),
        "__call__": frozenset({0xCE74C171}),
    },
    "starlette.middleware.base:_CachedRequest": {
        "__init__": frozenset({0x9283076F}),
        "wrapped_receive": frozenset({0xFFDFE4CF}),
    },
    "starlette.middleware.base:_StreamingResponse": {
        "__init__": frozenset({0xF208029E}),
        "__call__": frozenset({0x82D87729}),
    },
    "starlette._utils:create_collapsing_task_group": {"__wrapped__": frozenset({0x3997363E})},
}

# As anyio names it.
_NAME = "starlette.middleware.base.BaseHTTPMiddleware.__call__.<locals>.call_next.<locals>.coro"
# Between two looks at a task that is not to be cancelled now.
_SHIELDED_SECONDS = 0.01


def _scopes_of(task: Any) -> Any:
    """The innermost cancel scope of anyio's that a task is in, None for none."""
    backend: Any = sys.modules.get("anyio._backends._asyncio")
    state = None if backend is None else backend._task_states.get(task)
    return None if state is None else state.cancel_scope


def _is_shielded(task: Any) -> bool:
    scope = _scopes_of(task)
    while scope is not None:
        if scope.shield and not scope.cancel_called:
            return True
        scope = scope._parent_scope
    return False


class _Run:
    """One request's way through a middleware."""

    __slots__ = (
        "_app", "_base", "_body", "_channel", "_is_told", "_readings", "_receive", "_scope", "_send", "_tasks", "error",
    )  # fmt: skip

    def __init__(self, base: Any, app: Any, scope: _Scope, receive: Any, send: _Send, loop: Any) -> None:
        self._base = base
        self._app = app
        self._scope = scope
        self._receive = receive
        self._send = send
        self._channel = Channel(loop, base.anyio.ClosedResourceError)
        self._tasks: list[asyncio.Task[None]] = []
        self._readings: list[Reading] = []
        self._body: AsyncGenerator[Any] | None = None
        #: What the application has failed with, and whether the middleware was told.
        self.error: Exception | None = None
        self._is_told = False

    async def call_next(self, request: Any) -> Any:
        channel = self._channel
        channel.expect()
        self._tasks.append(asyncio.Task(self._run(), loop=channel.loop, name=_NAME, eager_start=True))
        info = None
        while True:
            message = await channel.take()
            if message is None:
                self._raise_for_nothing()
            elif message["type"] == "http.response.debug":
                info = message["info"]
            elif message["type"] == "http.response.early_hint":
                await self._send(message)
            else:
                break
        assert message["type"] == "http.response.start"
        body = self._body = self._pieces()
        response = self._base._StreamingResponse(status_code=message["status"], content=body, info=info)
        response.raw_headers = message.get("headers", [])
        return response

    def _raise_for_nothing(self) -> None:
        """Raise what the application has, before it answered."""
        self._raise_for_lost()
        error = self.error
        if error is not None:
            self._is_told = True
            raise error from error.__cause__ or error.__context__
        raise RuntimeError("No response returned.")

    async def _run(self) -> None:
        try:
            await self._app(self._scope, self._read, self._channel.send)
        except Exception as error:  # noqa: BLE001 - it is raised where the middleware learns of it
            self.error = error
        finally:
            self._channel.end()

    async def _read(self) -> Message:
        """receive() of the application: what the middleware has left of the request."""
        if self._channel.is_closed:
            return {"type": "http.disconnect"}
        reading = Reading(self._receive())
        message = reading.begin()
        if message is None:
            self._readings.append(reading)
            try:
                message = await reading
            finally:
                self._readings.remove(reading)
        return {"type": "http.disconnect"} if message is None or self._channel.is_closed else message

    async def _pieces(self) -> AsyncGenerator[Any]:
        """The response's body, for whoever asks for it."""
        while (message := await self._channel.take()) is not None:
            if message["type"] == "http.response.pathsend":
                yield message
                return
            assert message["type"] == "http.response.body", f"Unexpected message: {message}"
            body = message.get("body", b"")
            if body:
                yield body
            if not message.get("more_body", False):
                return

    async def send(self, response: Any) -> None:
        """Send what the middleware has returned."""
        body = self._body
        is_own = (
            type(response) is self._base._StreamingResponse
            and body is not None
            and response.body_iterator is body
            # Nobody has read of it.
            and body.ag_frame is not None
            and not body.ag_suspended
            and not body.ag_running
        )
        if not is_own:
            await response(self._scope, self._receive, self._send)
            return
        send = self._send
        if response.info is not None:
            await send({"type": "http.response.debug", "info": response.info})
        await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
        if await self._send_body():
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        if response.background:
            await response.background()

    async def _send_body(self) -> bool:
        """Whether its end is to be sent."""
        send = self._send
        while (message := await self._channel.take()) is not None:
            if message["type"] == "http.response.pathsend":
                await send(message)
                return False
            assert message["type"] == "http.response.body", f"Unexpected message: {message}"
            body = message.get("body", b"")
            has_more = message.get("more_body", False)
            if body:
                kind = dict if has_more and type(message) is not LastPiece else LastPiece
                await send(kind(type="http.response.body", body=body, more_body=True))
            if not has_more:
                break
        return True

    async def finish(self) -> None:
        """All is sent: the application goes on to its end. Raises what it failed with."""
        self._channel.close()
        for reading in self._readings:
            reading.end()
        await self._until_ended(cancels=False)
        if self.error is not None and not self._is_told:
            raise self.error

    async def abandon(self) -> None:
        """Have the application end: the middleware has failed, or is cancelled."""
        await self._until_ended(cancels=True)
        self._channel.close()

    async def _until_ended(self, *, cancels: bool) -> None:
        cancelled = None
        for task in self._tasks:
            while not task.done():
                seconds: float | None = None
                if cancels and not _is_shielded(task):
                    task.cancel()
                    # Again, should it go on: as anyio does.
                    seconds = 0
                elif cancels:
                    seconds = _SHIELDED_SECONDS
                try:
                    await asyncio.wait((task,), timeout=seconds)
                except asyncio.CancelledError as error:
                    cancelled, cancels = error, True
        if cancelled is not None:
            raise cancelled
        if not cancels:
            self._raise_for_lost()

    def _raise_for_lost(self) -> None:
        """Raise what has ended the application's task, which no middleware is told: it was cancelled, by itself."""
        for task in self._tasks:
            if task.done():
                task.result()


def change_base(base: Any) -> None:
    """``starlette.middleware.base``."""
    if not all_known(_KNOWN):
        return
    class_ = base.BaseHTTPMiddleware
    original = class_.__call__

    @functools.wraps(original)
    async def __call__(self: Any, scope: _Scope, receive: Any, send: _Send) -> None:  # noqa: N807 - it is one
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        loop = _plain_loop()
        if loop is None:
            await original(self, scope, receive, send)
            return
        request = base._CachedRequest(scope, receive, send)
        run = _Run(base, self.app, scope, request.wrapped_receive, send, loop)
        try:
            await run.send(await self.dispatch_func(request, run.call_next))
        except BaseException:
            await run.abandon()
            raise
        await run.finish()

    class_.__call__ = __call__


def _plain_loop() -> asyncio.AbstractEventLoop | None:
    """asyncio's loop, where what runs is a task within no cancel scope, and tasks are asyncio's own."""
    loop = asyncio._get_running_loop()
    task = None if loop is None else asyncio.current_task(loop)
    if loop is None or task is None or loop.get_task_factory() is not None or _scopes_of(task) is not None:
        return None
    return loop
