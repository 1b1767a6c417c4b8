"""WSGI over an exchange: https://peps.python.org/pep-3333/

The head goes out with the first piece of the body that is not empty. An answer that is whole then, by its
Content-Length or because the application returned a list of one piece, goes out as that; any other is a stream, for
which the application is asked as the client takes it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from ._bridge import block_on
from ._exchange import ClientDisconnectedError, Exchange, Headers, Stream
from ._wsgi_environ import environ as make_environ
from ._wsgi_input import open_input

__all__ = ["Answer"]

_logger = logging.getLogger("wsgi")


def _checked_status(status: Any) -> tuple[int, str]:
    if not isinstance(status, str):
        raise TypeError(f"start_response: the status is a str like '200 OK', not {type(status).__name__}")
    code, _, reason = status.partition(" ")
    if not code.isdecimal() or not 200 <= int(code) <= 599:
        raise ValueError(f"start_response: the status is a str like '200 OK', from 200 to 599, not {status!r}")
    return int(code), reason


def _checked_headers(headers: Any) -> Headers:
    checked = []
    for name, value in headers:
        if not isinstance(name, str) or not isinstance(value, str):
            raise TypeError(f"start_response: names and values of headers are str: {name!r}: {value!r}")
        try:
            checked.append((name.encode("latin-1"), value.encode("latin-1")))
        except UnicodeEncodeError as error:
            raise ValueError(f"start_response: a header has latin-1 characters alone: {name!r}: {value!r}") from error
    return checked


class Answer:
    """What an application makes of one request."""

    def __init__(self, exchange: Exchange, env: Any, answered: Callable[[], object]) -> None:
        """``answered`` is called when there is a response, or when there will be none."""
        self._exchange = exchange
        self._env = env
        self._answered = answered
        self._head: tuple[int, str, Headers] | None = None
        self._stream: Stream | None = None
        self.response: Any = None
        self.error: BaseException | None = None
        self._has_told_end = False

    def run(self, app: Any) -> None:
        """Call the application and send what it gives. ``error`` has what failed before the head was sent."""
        try:
            self._run(app)
        except BaseException as error:
            if self.response is None:
                self.error = error
            elif isinstance(error, ClientDisconnectedError):
                _logger.debug("the client has gone", exc_info=error)
            else:
                _logger.error("the application failed after its answer had begun", exc_info=error)
            if self._stream is not None:
                self._stream.abort(f"the application failed: {type(error).__name__}")
        finally:
            self.end()

    def end(self) -> None:
        """Nothing goes on for it any more: whoever waits for an answer that will not come is told so."""
        if self.response is None and self.error is None:
            self.error = RuntimeError("the thread of the WSGI application ended before it answered")
        if not self._has_told_end:
            self._answered()
            self._has_told_end = True

    def _run(self, app: Any) -> None:
        body = open_input(self._exchange)
        result: Iterable[bytes] | None = None
        try:
            result = app(make_environ(self._exchange.head, body, self._env), self._start_response)
            self._send_all(result)
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()
        if self._stream is not None:
            self._stream.close()

    def _start_response(self, status: Any, headers: Any, exc_info: Any = None) -> Callable[[bytes], None]:
        if exc_info:
            try:
                if self.response is not None:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self._head is not None:
            raise AssertionError("start_response was called twice: the second time it is given exc_info")
        self._head = (*_checked_status(status), _checked_headers(headers))
        return self._write

    def _needed_head(self) -> tuple[int, str, Headers]:
        if self._head is None:
            raise AssertionError("the WSGI application gave a body before it had called start_response")
        return self._head

    def _send_all(self, result: Iterable[bytes]) -> None:
        if isinstance(result, (list, tuple)) and len(result) == 1 and self.response is None:
            self._respond(_piece(result[0]))
            return
        for piece in result:
            if _piece(piece) or self.response is not None:
                self._send(piece)
        if self.response is None:
            self._respond(b"")

    def _respond(self, body: bytes) -> None:
        self.response = self._exchange.respond(*self._needed_head(), body)

    def _send(self, piece: bytes) -> None:
        if self.response is None:
            if self._is_whole(piece):
                self._respond(piece)
                return
            self._open()
        if self._stream is None:
            if piece:
                raise AssertionError("the WSGI application gave a longer body than its Content-Length")
        elif piece:
            room = self._stream.write(piece)
            if room is not None:
                self._stream.sent(block_on(room))

    def _is_whole(self, piece: bytes) -> bool:
        length = [value for name, value in self._needed_head()[2] if name.lower() == b"content-length"]
        return len(length) == 1 and length[0] == str(len(piece)).encode()

    def _open(self) -> None:
        self.response, self._stream = self._exchange.stream(*self._needed_head())
        self._answered()

    def _write(self, data: bytes) -> None:
        """What start_response returns, for applications that do not return their body."""
        _piece(data)
        if self.response is None:
            self._open()
        self._send(data)


def _piece(value: Any) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError(f"a WSGI application gives its body as bytes, not {type(value).__name__}")
    return value
