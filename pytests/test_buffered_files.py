"""Buffered files over a raw file that blocks: one fiber is inside, the others wait."""

from __future__ import annotations

import io
import time
from functools import partial
from typing import Any

import pytest
from fibers import synchronously, together


class Raw(io.RawIOBase):
    """Blocks in each call, and says when two are inside."""

    def __init__(self, content: bytes = b"") -> None:
        self.content = bytearray(content)
        self.position = 0
        self.inside = 0
        self.on_read: Any = None

    def block(self) -> None:
        self.inside += 1
        assert self.inside == 1
        time.sleep(0.001)
        self.inside -= 1

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self.on_read:
            self.on_read()
        self.block()
        part = self.content[self.position : self.position + min(len(buffer), 10)]
        buffer[: len(part)] = part
        self.position += len(part)
        return len(part)

    def write(self, data: Any) -> int:
        self.block()
        self.content += data
        return len(data)


def test_reader() -> None:
    reader = io.BufferedReader(Raw(b"".join(b"line %02d\n" % number for number in range(20))), 10)
    lines: list[bytes] = []

    def reads() -> None:
        for _ in range(5):
            line = reader.read(8)
            lines.append(line)

    together(*([reads] * 4))
    assert sorted(lines) == [b"line %02d\n" % number for number in range(20)]


def test_writer() -> None:
    raw = Raw()
    writer = io.BufferedWriter(raw, 16)

    def writes(number: int) -> None:
        for _ in range(5):
            writer.write(b"%02d-------\n" % number)

    together(*(partial(writes, number) for number in range(5)))
    writer.flush()
    assert sorted(raw.content.split(b"\n")) == sorted([b"%02d-------" % number for number in range(5)] * 5 + [b""])


def test_text() -> None:
    raw = Raw()
    text = io.TextIOWrapper(io.BufferedWriter(raw, 16), encoding="utf-8", write_through=True)

    def writes(number: int) -> None:
        for _ in range(5):
            text.write(f"{number:02d}-------\n")

    together(*(partial(writes, number) for number in range(5)))
    text.flush()
    assert sorted(raw.content.split(b"\n")) == sorted([b"%02d-------" % number for number in range(5)] * 5 + [b""])


def test_re_entry_is_still_an_error() -> None:
    raw = Raw(b"text")
    reader = io.BufferedReader(raw)
    raw.on_read = reader.read
    with pytest.raises(RuntimeError, match="reentrant call inside"):
        reader.read()
    raw.on_read = None
    assert reader.read() == b"text"


def test_synchronous_entry() -> None:
    raw = Raw(b"text" * 10)
    reader = io.BufferedReader(raw, 10)
    error = together(partial(reader.read, 20), lambda: synchronously(partial(reader.read, 20)), raising=False)[1]
    assert isinstance(error, RuntimeError)
    assert "callPromising" in str(error)
    assert reader.read(5) == b"textt"
