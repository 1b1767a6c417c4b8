"""A call of a fetch as JavaScript has it: the options, a body that is sent while it is written, the answer, errors."""

from __future__ import annotations

import errno
import inspect
import socket
from asyncio import Future
from collections.abc import Callable
from typing import Any

from . import _fetch
from ._bridge import JsException, JsProxy, js, to_js

__all__ = ["Abort", "Answer", "FetchError", "Upload", "call", "error_of"]

_NAME_ERRORS = {"ENOTFOUND": socket.EAI_NONAME, "EAI_AGAIN": socket.EAI_AGAIN}
# Of undici, which Node's fetch and a Worker's are.
_TIME_ERRORS = ("UND_ERR_BODY_TIMEOUT", "UND_ERR_CONNECT_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT")
# A cause may be its own, and then has no end.
_MOST_CAUSES = 16


class FetchError(ConnectionError):
    """A fetch failed."""


def _innermost(error: Any) -> Any:
    """The error that says what happened: where there is one, a cause's text tells more than "fetch failed"."""
    for _ in range(_MOST_CAUSES):
        errors = getattr(error, "errors", None)
        cause = errors[0] if isinstance(errors, JsProxy) and errors.length else getattr(error, "cause", None)
        if not isinstance(cause, JsException):
            break
        error = cause
    return error


def error_of(error: Exception) -> OSError:
    """The error of a connection for what a fetch, or a stream of its, failed with."""
    if isinstance(error, OSError):
        return error
    if not isinstance(error, JsException):
        return FetchError(f"the fetch that was set raised {type(error).__name__}: {error}")
    inner = _innermost(error)
    texts = (error.message, inner.message)
    text = ": ".join(str(text) for text in dict.fromkeys(texts) if text) or str(error.name)
    code = getattr(inner, "code", None)
    if "TimeoutError" in (error.name, inner.name) or code in _TIME_ERRORS:
        return TimeoutError(text)
    if code in _NAME_ERRORS:
        return socket.gaierror(_NAME_ERRORS[code], text)
    if isinstance(code, str) and isinstance(number := getattr(errno, code, None), int):
        return OSError(number, text)
    return FetchError(text)


def _forget(future: Future[Any]) -> None:
    """Nobody waits for this promise: what it fails with, the call of fetch fails with as well."""
    future.add_done_callback(lambda done: done.cancelled() or done.exception())


class Abort:
    """What ends a call from outside."""

    def __init__(self) -> None:
        self._controller = js.AbortController.new() if hasattr(js, "AbortController") else None
        self.signal = self._controller and self._controller.signal

    def __call__(self) -> None:
        if self._controller is not None:
            self._controller.abort()


class Upload:
    """A request's body that is sent while it is written."""

    available: bool = hasattr(js, "TransformStream")

    def __init__(self) -> None:
        stream = js.TransformStream.new()
        self.body = stream.readable
        self._writer = stream.writable.getWriter()
        self._ended = False

    def write(self, part: bytes) -> Future[Any]:
        """Done when the fetch has asked for this part, or will ask for no more."""
        written: Future[Any] = self._writer.write(to_js(part))
        _forget(written)
        return written

    def end(self) -> None:
        if not self._ended:
            self._ended = True
            _forget(self._writer.close())

    def abort(self) -> None:
        """Have the fetch fail that reads it, if it is not whole."""
        self._ended = True
        _forget(self._writer.abort())
        # Where nobody reads it, what was written waits for ever to be asked for.
        if not self.body.locked:
            _forget(self.body.cancel())


class Answer:
    """A Response. The bytes of its body are what its Content-Encoding, if any, was taken off from."""

    def __init__(self, response: Any) -> None:
        self._response = response
        self._reader: Any = None
        self._whole = not hasattr(js, "ReadableStream")
        self.status: int = response.status
        self.reason: str = response.statusText
        self.headers = self._read_headers(response.headers)
        # A Response that a program made may have any headers: those of the one that it was made from, most often.
        self.is_from_network = getattr(response, "type", None) != "default"
        body = None if self._whole else getattr(response, "body", None)
        if isinstance(body, JsProxy):
            self._reader = body.getReader()
        self.has_body = self._whole or self._reader is not None

    @staticmethod
    def _read_headers(headers: Any) -> list[tuple[str, str]]:
        pairs = [(str(name), str(value)) for name, value in js.Array.from_(headers).to_py()]
        if not any(name.lower() == "set-cookie" for name, _ in pairs):
            return pairs
        others = [(name, value) for name, value in pairs if name.lower() != "set-cookie"]
        return others + [("set-cookie", str(value)) for value in headers.getSetCookie()]

    async def read(self) -> bytes:
        """Return the next part of the body; nothing at its end."""
        if self._whole:
            if not self.has_body:
                return b""
            self.has_body = False
            return (await self._response.arrayBuffer()).to_bytes()
        while True:
            part = await self._reader.read()
            if part.done:
                return b""
            if not js.ArrayBuffer.isView(part.value):
                raise FetchError("the body of the fetch's response has a part that is no bytes")
            if data := part.value.to_bytes():
                return data

    def cancel(self) -> None:
        """Read no more."""
        if self._reader is not None:
            _forget(self._reader.cancel())


def _options(method: str, headers: list[tuple[str, str]], body: bytes | Upload | None, signal: Any) -> Any:
    options = js.Object.new()
    options.method = method
    pairs = to_js(headers)
    options.headers = js.Headers.new(pairs) if hasattr(js, "Headers") else pairs
    options.redirect = "manual"
    if signal is not None:
        options.signal = signal
    if isinstance(body, Upload):
        options.body = body.body
        options.duplex = "half"
    elif body:
        options.body = to_js(body)
    return options


def _answer_of(result: Any) -> Answer:
    response = result
    # Those of workers-runtime-sdk, and of pyodide.http.
    for attribute in ("js_object", "js_response"):
        response = getattr(response, attribute, response)
    if not isinstance(response, JsProxy) or not hasattr(response, "arrayBuffer"):
        raise FetchError(f"the fetch that was set returned no Response but {type(result).__name__}")
    if response.status == 0:
        raise FetchError(f"the fetch that was set returned a Response of the type {response.type}, which tells nothing")
    return Answer(response)


async def call(
    fetch: Callable[[str, Any], Any],
    url: str,
    method: str,
    headers: list[tuple[str, str]],
    body: bytes | Upload | None,
    abort: Abort,
) -> Answer:
    """Call a fetch of either language, in a task of its own. Raises OSError, whatever it failed with."""
    _fetch.enter()
    try:
        result = fetch(url, _options(method, headers, body, abort.signal))
        return _answer_of(await result if inspect.isawaitable(result) else result)
    except OSError:
        raise
    except Exception as error:
        raise error_of(error) from error
