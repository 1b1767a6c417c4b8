"""sys.stdin over a stream of JavaScript's: who reads from it waits for the next piece, and others go on meanwhile."""

from __future__ import annotations

import io
import sys
from typing import Any

from . import _bridge
from ._bridge import JsException, JsProxy

__all__ = ["read_from"]


class _HostStream(io.RawIOBase):
    """The pieces of an asynchronous iterator of text and bytes. Raises TypeError for a piece that is neither."""

    def __init__(self, iterator: Any) -> None:
        self._iterator = iterator
        self._rest = memoryview(b"")
        # What was asked for and not waited for to its end: where nothing can wait, or when the wait was interrupted.
        self._asked: Any = None
        self._ended = False

    def readable(self) -> bool:
        return True

    def _next(self) -> memoryview:
        while not self._ended:
            if self._asked is None:
                self._asked = self._iterator.next()
            try:
                result = _bridge.block_on(self._asked)
            except JsException:
                self._ended = True
                raise
            self._asked = None
            if result.done:
                self._ended = True
                break
            piece = result.value
            if isinstance(piece, str):
                data = piece.encode()
            elif isinstance(piece, JsProxy) and hasattr(piece, "to_bytes"):
                data = piece.to_bytes()
            else:
                raise TypeError(f"the stream of the option input gave {type(piece).__name__}; expected text or bytes")
            if data:
                return memoryview(data)
        return memoryview(b"")

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = self._next()
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def read_from(iterator: Any) -> None:
    """Have ``sys.stdin``, and so ``input()``, read from an asynchronous iterator of JavaScript's."""
    file = io.TextIOWrapper(io.BufferedReader(_HostStream(iterator)), encoding="utf-8", errors="surrogateescape")
    sys.stdin = sys.__stdin__ = file  # type: ignore[misc]
