"""The one module that touches JavaScript: everything else here takes what it defines, or a stand-in for it.

Blocking is ``pyodide.ffi.run_sync``; HTTP is the realm's ``fetch``. Nothing here knows of any client library.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import js
from pyodide.ffi import JsException, can_run_sync, run_sync, to_js

from ._abort import abort_on_cancel

__all__ = [
    "Exchange",
    "FetchError",
    "Fetcher",
    "Head",
    "block_on",
    "can_block",
    "fetch",
]


class FetchError(Exception):
    """A fetch that failed.

    ``code`` is the host's: a system error (``ECONNREFUSED``), one of undici (``UND_ERR_HEADERS_TIMEOUT``), of TLS
    (``CERT_HAS_EXPIRED``), or ``ERR_FETCH`` when there is none. ``message`` is the host's text.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Head:
    """Status line and headers of a response. The body has been decoded if ``content-encoding`` was one fetch knows."""

    status: int
    reason: str
    url: str
    headers: list[tuple[str, str]]


class Exchange(Protocol):
    """One request and its response, as far as it has come."""

    head: Head

    def read(self) -> bytes:
        """Block until the whole body is there. Raises FetchError."""

    def close(self) -> None:
        """Give up what is still under way."""


class Fetcher(Protocol):
    """What a client's transport needs of the host."""

    def __call__(
        self,
        method: str,
        url: str,
        headers: Iterable[tuple[str, str]],
        body: bytes | None,
        *,
        connect_timeout: float | None,
        read_timeout: float | None,
    ) -> Exchange:
        """Block until the headers of the response are there. Timeouts in seconds. Raises FetchError."""


def can_block() -> bool:
    """Whether a call made here may block on a JavaScript promise."""
    return can_run_sync()


def block_on[T](awaitable: Awaitable[T]) -> T:
    """Wait for an awaitable, others running meanwhile.

    Raises RuntimeError where blocking is impossible: it names the compatibility flag, or the synchronous entry.
    """
    return run_sync(awaitable)


def _milliseconds(seconds: float | None) -> int | None:
    # undici takes 0 for "no timeout".
    return None if seconds is None else max(1, round(seconds * 1000))


def _fetch_error(error: JsException) -> FetchError:
    cause = getattr(error, "cause", None)
    if cause is not None and hasattr(cause, "code"):
        return FetchError(str(cause.code), str(cause.message))
    return FetchError("ERR_FETCH", f"{error.name}: {error.message}")


class _FetchExchange:
    def __init__(self, response: Any, controller: Any) -> None:
        self.head = Head(
            status=response.status,
            reason=response.statusText,
            url=response.url,
            headers=[(str(name), str(value)) for name, value in response.headers],
        )
        self._response = response
        self._controller = controller
        self._read = False

    def read(self) -> bytes:
        try:
            with abort_on_cancel(self._controller):
                buffer = block_on(self._response.arrayBuffer())
        except JsException as error:
            raise _fetch_error(error) from error
        self._read = True
        return buffer.to_bytes()

    def close(self) -> None:
        if not self._read:
            self._controller.abort()


def fetch(
    method: str,
    url: str,
    headers: Iterable[tuple[str, str]],
    body: bytes | None,
    *,
    connect_timeout: float | None,
    read_timeout: float | None,
) -> Exchange:
    """The Fetcher of this interpreter. Redirects are not followed: that is the client's to do."""
    controller = js.AbortController.new()
    init: dict[str, Any] = {
        "method": method,
        "headers": [list(pair) for pair in headers],
        "redirect": "manual",
        "signal": controller.signal,
        "timeouts": {"connect": _milliseconds(connect_timeout), "read": _milliseconds(read_timeout)},
    }
    if body is not None:
        init["body"] = body
    try:
        promise = js.fetch(url, to_js(init, dict_converter=js.Object.fromEntries))
        with abort_on_cancel(controller):
            response = block_on(promise)
    except JsException as error:
        raise _fetch_error(error) from error
    return _FetchExchange(response, controller)
