"""wsgi.input: the request's body as a file that is read as the application reads, which blocks until there is more."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from ._bridge import block_on

if TYPE_CHECKING:
    from ._exchange import Exchange

__all__ = ["open_input"]


class _Pieces(io.RawIOBase):
    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._piece = memoryview(b"")
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        while not self._piece and not self._ended:
            piece = self._exchange.read()
            if piece is not None and not isinstance(piece, bytes):
                piece = self._exchange.taken(block_on(piece))
            if piece is None:
                self._ended = True
            else:
                self._piece = memoryview(piece)
        count = min(len(buffer), len(self._piece))
        buffer[:count] = self._piece[:count]
        self._piece = self._piece[count:]
        return count


def open_input(exchange: Exchange) -> io.BufferedReader:
    """The file. Reading raises ClientDisconnectedError when the client has gone before the end."""
    return io.BufferedReader(_Pieces(exchange), 64 * 1024)
