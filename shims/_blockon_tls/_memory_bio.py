"""MemoryBIO: bytes between an SSLObject and whoever carries them."""

from __future__ import annotations

from typing import Any

from ._errors import SSLError

__all__ = ["MemoryBIO"]


class MemoryBIO:
    """A buffer in memory, first in, first out."""

    __slots__ = ("_at_end", "_data")

    def __init__(self) -> None:
        self._data = bytearray()
        self._at_end = False

    @property
    def pending(self) -> int:
        """The number of bytes in it."""
        return len(self._data)

    @property
    def eof(self) -> bool:
        """Whether it is empty and nothing more will come."""
        return self._at_end and not self._data

    def read(self, size: int = -1, /) -> bytes:
        """Take up to `size` bytes, all by default."""
        data = self._data
        if size < 0 or size >= len(data):
            taken = bytes(data)
            data.clear()
            return taken
        taken = bytes(data[:size])
        del data[:size]
        return taken

    def write(self, data: Any, /) -> int:
        """Append the bytes, and return how many there are."""
        with memoryview(data) as view:
            if not view.contiguous:
                raise BufferError("memoryview: underlying buffer is not C-contiguous")
            if self._at_end:
                raise SSLError("cannot write() after write_eof()")
            size = view.nbytes
            self._data += view
        return size

    def write_eof(self) -> None:
        """Say that nothing more will come."""
        self._at_end = True


MemoryBIO.__module__ = "ssl"
