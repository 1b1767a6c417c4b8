"""A socket to clients that block, and a fetch underneath."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Coroutine
from typing import Any, Self

from . import _bridge, _fetch, _fibers
from ._fetch_exchange import FetchExchange
from ._web_fetch import FetchError

__all__ = ["FetchSocket"]


class FetchSocket:
    """What ``http.client`` and those that are built on it use of a socket. TLS, if any, is the fetch's.

    Raises OSError: ConnectionError for what the fetch failed with, TimeoutError when the socket's time is up, which
    ends the exchange as ``close`` does. Files that were made of it keep it open, as they do a socket of the system.
    """

    def __init__(self, exchange: FetchExchange, timeout: float | None) -> None:
        self.exchange = exchange
        self._io_refs = 0
        self._closed = False
        self._timeout: float | None = None
        self.settimeout(timeout)

    # What CPython does for any socket, by the two methods below that do the work, and _real_close.
    makefile: Callable[..., Any] = socket.socket.makefile
    close: Callable[..., None] = socket.socket.close
    _decref_socketios: Callable[..., None] = socket.socket._decref_socketios  # type: ignore[attr-defined]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def settimeout(self, seconds: float | None) -> None:
        if seconds is not None and seconds < 0:
            raise ValueError("Timeout value out of range")
        self._timeout = seconds

    def gettimeout(self) -> float | None:
        return self._timeout

    def setsockopt(self, *_: object) -> None:
        """No option of a system's socket means anything here."""

    def sendall(self, data: bytes | bytearray | memoryview, _flags: int = 0) -> None:
        self._check()
        self.exchange.write(memoryview(data).cast("B"))
        if self.exchange.unsent:
            self._wait(self.exchange.drain())

    def send(self, data: bytes | bytearray | memoryview, _flags: int = 0) -> int:
        self.sendall(data)
        return memoryview(data).nbytes

    def recv(self, size: int, _flags: int = 0) -> bytes:
        self._check()
        if size < 0:
            raise ValueError("negative buffersize in recv")
        data = self.exchange.take(size)
        if data or size == 0:
            return data
        return self.exchange.take(size) if self._wait(self.exchange.fill()) else b""

    def recv_into(self, buffer: Any, size: int = 0, _flags: int = 0) -> int:
        view = memoryview(buffer).cast("B")
        if size > len(view):
            raise ValueError("buffer too small for requested bytes")
        data = self.recv(size or len(view))
        view[: len(data)] = data
        return len(data)

    def shutdown(self, how: int) -> None:
        """Sending ends with the request; ends reading."""
        if how != socket.SHUT_WR:
            self.exchange.abort()

    def fileno(self) -> int:
        """None of the system's: no selector can have it."""
        return -1

    def _real_close(self) -> None:
        self.exchange.abort()

    def _check(self) -> None:
        if self._closed and self._io_refs <= 0:
            raise OSError(errno.EBADF, "Bad file descriptor")

    def _wait[T](self, coroutine: Coroutine[Any, Any, T]) -> T:
        if why := _fetch.why_unreachable():
            coroutine.close()
            raise FetchError(why)
        if self._timeout == 0:
            coroutine.close()
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        if self._timeout is None:
            return _bridge.block_on(coroutine)
        limit = _fibers.timeout(self._timeout)
        try:
            with limit:
                return _bridge.block_on(coroutine)
        except TimeoutError:
            if not limit.expired():
                raise
            self.exchange.abort()
            raise TimeoutError("timed out") from None
