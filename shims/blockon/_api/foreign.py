"""Responses of other libraries, told by their classes, so that none has to be imported."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._exchange import Head
from .._wsgi_environ import environ
from .headers import RawHeaders
from .response import Response, StreamingResponse

__all__ = ["is_asgi_response", "is_scripts", "known_response", "name_of"]

# What belongs to the connection that a client had, and not to its response.
_HOP_BY_HOP = frozenset({
    b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"te", b"trailer", b"trailers",
    b"transfer-encoding", b"upgrade",
})  # fmt: skip
# What is no longer so when the body was decoded.
_OF_ENCODED = frozenset({b"content-encoding", b"content-length"})
_PIECE = 64 * 1024


def _classes(value: Any) -> set[str]:
    """The roots of the packages that classes of it called Response are of."""
    return {base.__module__.partition(".")[0] for base in type(value).__mro__ if base.__name__.endswith("Response")}


def is_asgi_response(value: Any) -> bool:
    """Starlette's, and so FastAPI's: called with scope, receive and send."""
    return "starlette" in _classes(value) and callable(value)


def is_scripts(value: Any) -> bool:
    """Whether it is JavaScript's, or the SDK's."""
    return type(value).__module__.partition(".")[0] in ("pyodide", "workers")


def name_of(value: Any) -> str:
    """The name of its class, as its language has it."""
    return str(getattr(getattr(value, "constructor", None), "name", type(value).__name__))


def known_response(value: Any, head: Head, env: Any) -> Response | StreamingResponse | None:
    """A response of a library that is known, as one of ours; None for anything else."""
    classes = _classes(value)
    if "werkzeug" in classes:
        return _of_werkzeug(value, head, env)
    if classes & {"httpx", "httpx2"}:
        return _of_httpx(value)
    if "requests" in classes:
        return _of_requests(value)
    return None


def _with_raw(response: Response | StreamingResponse, headers: RawHeaders) -> Any:
    # As the library made them: what it has checked is not for us to change.
    response.headers.raw[:] = headers
    return response


def _without(headers: Any, names: frozenset[bytes]) -> RawHeaders:
    made = [(name.lower(), value) for name, value in headers]
    return [pair for pair in made if pair[0] not in names]


def _of_werkzeug(value: Any, head: Head, env: Any) -> Any:
    body, status, headers = value.get_wsgi_response(environ(head, None, env))
    raw = [(str(name).lower().encode("latin-1"), str(text).encode("latin-1")) for name, text in headers]
    code = int(status.split(" ", 1)[0])
    if value.is_streamed:
        return _with_raw(StreamingResponse(body, code), raw)
    try:
        return _with_raw(Response(b"".join(body), code), raw)
    finally:
        close = getattr(body, "close", None)
        if close is not None:
            close()


def _of_httpx(value: Any) -> Any:
    headers = value.headers.raw
    if hasattr(value, "_content"):
        return _with_raw(Response(value.content, value.status_code), _without(headers, _HOP_BY_HOP | _OF_ENCODED))
    # As the server sent it, compressed or not.
    raw = _without(headers, _HOP_BY_HOP)
    if hasattr(value.stream, "__aiter__"):
        return _with_raw(StreamingResponse(_async_pieces(value), value.status_code), raw)
    return _with_raw(StreamingResponse(_pieces(value), value.status_code), raw)


def _pieces(response: Any) -> Iterator[bytes]:
    try:
        yield from response.iter_raw()
    finally:
        response.close()


async def _async_pieces(response: Any) -> Any:
    try:
        async for piece in response.aiter_raw():
            yield piece
    finally:
        await response.aclose()


def _of_requests(value: Any) -> Any:
    # Those of urllib3 keep a name that comes several times apart.
    fields = getattr(value.raw, "headers", None) or value.headers
    headers = [(name.encode("latin-1"), text.encode("latin-1")) for name, text in fields.items()]
    if value._content_consumed:
        return _with_raw(Response(value.content, value.status_code), _without(headers, _HOP_BY_HOP | _OF_ENCODED))
    raw = _without(headers, _HOP_BY_HOP)
    return _with_raw(StreamingResponse(_raw_pieces(value), value.status_code), raw)


def _raw_pieces(response: Any) -> Iterator[bytes]:
    try:
        yield from response.raw.stream(_PIECE, decode_content=False)
    finally:
        response.close()
