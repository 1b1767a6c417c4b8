"""What a handler returned, on its way to the client."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from .. import _asgi_http, _asgi_scope
from .._exchange import ClientDisconnectedError, Exchange, Stream
from .._handler_errors import HandlerError
from . import foreign
from .contents import TEXT, as_bytes, to_json
from .host import block_on, host
from .response import Response, StreamingResponse

__all__ = ["respond"]

_logger = logging.getLogger("blockon")
_OK = 200
_as_text = [(b"content-type", TEXT.encode())]
_as_json = [(b"content-type", b"application/json")]


def respond(result: Any, exchange: Exchange, env: Any, describe: Callable[[], str]) -> Any:
    """Answer with it; returns the platform's response, or an awaitable of it.

    Raises HandlerError, which names the handler, for what is no answer.
    """
    if isinstance(result, Response):
        return exchange.respond(result.status_code, "", result.headers.raw, result.body)
    if isinstance(result, str):
        return exchange.respond(_OK, "", _as_text, result.encode())
    if isinstance(result, (dict, list)):
        return exchange.respond(_OK, "", _as_json, _json_of(result, describe))
    if isinstance(result, bytes):
        return exchange.respond(_OK, "", [], result)
    if isinstance(result, StreamingResponse):
        return _stream(result, exchange)
    if foreign.is_asgi_response(result):
        return _run_asgi(result, exchange, env)
    known = foreign.known_response(result, exchange.head, env)
    if known is None:
        raise HandlerError(f"the handler {describe()} {_instead(result)}")
    return respond(known, exchange, env, describe)


def _json_of(value: Any, describe: Callable[[], str]) -> bytes:
    try:
        return to_json(value)
    except (TypeError, ValueError) as error:
        raise HandlerError(
            f"the handler {describe()} returned {type(value).__name__} that has no JSON: {error}"
        ) from error


async def _run_asgi(app: Any, exchange: Exchange, env: Any) -> Any:
    """Starlette's responses are applications."""
    connection, task = _asgi_http.serve(app, exchange, _asgi_scope.scope(exchange.head, "http", env, {}))
    return await connection.answer(task)


def _stream(response: StreamingResponse, exchange: Exchange) -> Any:
    answer, stream = exchange.stream(response.status_code, "", response.headers.raw)
    content = response.content
    if hasattr(content, "__aiter__"):
        host().spawn_async(_send_async(content, stream), "StreamingResponse")
    else:
        host().spawn(lambda: _send(content, stream), "StreamingResponse")
    return answer


def _failed(stream: Stream, error: BaseException) -> None:
    if isinstance(error, ClientDisconnectedError):
        _logger.debug("the client has gone", exc_info=error)
    else:
        _logger.error("a StreamingResponse failed after its beginning", exc_info=error)
    stream.abort(f"a piece failed: {type(error).__name__}")


def _send(content: Iterable[Any], stream: Stream) -> None:
    iterator = iter(content)
    try:
        for piece in iterator:
            data = as_bytes(piece, "a piece of a StreamingResponse")
            room = stream.write(data) if data else None
            if room is not None:
                stream.sent(block_on(room))
    except BaseException as error:  # noqa: BLE001
        _failed(stream, error)
    else:
        stream.close()
    finally:
        _close(iterator, content)


def _close(iterator: Any, content: Any) -> None:
    """A generator's finally runs now, and what has a close() is closed, as WSGI has it."""
    for each in (iterator, content) if iterator is not content else (iterator,):
        close = getattr(each, "close", None)
        if close is None:
            continue
        try:
            close()
        except Exception:
            _logger.exception("the end of a StreamingResponse failed")


async def _send_async(content: Any, stream: Stream) -> None:
    iterator = aiter(content)
    # Whoever waits for the answer has a turn to send it, whatever the iterator does next: it may block.
    await asyncio.sleep(0)
    try:
        async for piece in iterator:
            data = as_bytes(piece, "a piece of a StreamingResponse")
            room: Awaitable[Any] | None = stream.write(data) if data else None
            if room is not None:
                stream.sent(await room)
    except BaseException as error:
        _failed(stream, error)
        if isinstance(error, asyncio.CancelledError):
            raise
    else:
        stream.close()
    finally:
        close = getattr(iterator, "aclose", None)
        if close is not None:
            try:
                await close()
            except Exception:
                _logger.exception("the end of a StreamingResponse failed")


def _instead(value: Any) -> str:
    """What was returned, and what to return."""
    how = "(`from blockon import Response`)"
    if value is None:
        return f'returned None; return a Response or text {how}: is there a way through it without "return"?'.replace(
            '"', "`"
        )
    if isinstance(value, type):
        return f"returned the class {value.__name__}; make one: `{value.__name__}(...)`"
    if isinstance(value, tuple):
        return f"returned tuple; status and headers are arguments: `Response(body, status_code=404, headers=...)` {how}"
    if inspect.isasyncgen(value) or inspect.isgenerator(value):
        return (
            f"returned {type(value).__name__}; return `StreamingResponse(...)` of it, a handler itself has no `yield`"
        )
    if foreign.is_scripts(value):
        return f"returned JavaScript's {foreign.name_of(value)}; return a Response {how}"
    if callable(value):
        return f"returned {type(value).__name__} {getattr(value, '__name__', '')}; call it".replace("  ", " ")
    return (
        f"returned {type(value).__name__}; return a Response, str, bytes, dict or list {how}, or a response of "
        "Starlette, Werkzeug, httpx or requests"
    )
