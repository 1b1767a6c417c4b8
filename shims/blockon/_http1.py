"""HTTP/1.1 between a client and a fetch: what the client writes is read here, what it is to read is written.

Knows of no transport and waits for nothing. https://www.rfc-editor.org/rfc/rfc9112
"""

from __future__ import annotations

import http
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

__all__ = ["CONTINUE", "LAST_CHUNK", "MalformedRequestError", "RequestHead", "RequestReader", "chunk", "response_head"]

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"

_MOST_HEAD = 1 << 20
_MOST_LINE = 1 << 14

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_REQUEST_LINE = re.compile(rf"({_TOKEN.pattern}) ([\x21-\x7e]+) HTTP/1\.([01])")
_FIELD_END = re.compile(r"\r\n(?![\t ])")
# http.client lets a value go on in another line, behind any of these ends.
_FOLD = re.compile(r"(?:\r\n|\n|\r)(?=[\t ])")
_CHUNK_SIZE = re.compile(rf"([0-9A-Fa-f]{{1,15}})[\t ]*(?:;{_VALUE.pattern})?")


class MalformedRequestError(ConnectionError):
    """What a client wrote is no request, or none that a fetch can make."""


@dataclass(frozen=True, slots=True)
class RequestHead:
    """The first line and the headers of a request."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    length: int | None
    """Bytes of the body; None if it comes in chunks."""

    expects_continue: bool

    def values(self, name: str) -> list[str]:
        """The values of a header, whose name is given in lower case, each list of them taken apart."""
        lists = [value for key, value in self.headers if key.lower() == name]
        return [item.strip("\t ") for value in lists for item in value.split(",")]


def _unfolded(field: str) -> str:
    """A field in one line, as a server that takes several is to read it. https://www.rfc-editor.org/rfc/rfc9112#section-5.2"""
    first, *others = _FOLD.split(field)
    return " ".join((first, *(other.strip("\t ") for other in others)))


def _field(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    value = value.strip("\t ")
    if not colon or not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
        raise MalformedRequestError(f"a header of the request is malformed: {line[:200]!r}")
    return name, value


def _parse_head(text: str) -> RequestHead:
    first, *fields = _FIELD_END.split(text)
    match = _REQUEST_LINE.fullmatch(first)
    if match is None:
        raise MalformedRequestError(f"the first line of the request is malformed: {first[:200]!r}")
    method, target, minor = match.groups()
    headers = [_field(_unfolded(field)) for field in fields]
    head = RequestHead(method, target, headers, 0, expects_continue=False)
    codings, lengths = head.values("transfer-encoding"), head.values("content-length")
    expectations = [value.lower() for value in head.values("expect")]
    length: int | None = 0
    if codings:
        if lengths or minor == "0" or [coding.lower() for coding in codings] != ["chunked"]:
            raise MalformedRequestError(f"the request's body is framed in no known way: {codings}, {lengths}")
        length = None
    elif lengths:
        if len(lengths) != 1 or not re.fullmatch(r"[0-9]{1,18}", lengths[0]):
            raise MalformedRequestError(f"the request's Content-Length is malformed: {', '.join(lengths)!r}")
        length = int(lengths[0])
    if expectations not in ([], ["100-continue"]):
        raise MalformedRequestError(f"the request expects what is not known: {', '.join(expectations)!r}")
    return RequestHead(method, target, headers, length, expects_continue=bool(expectations) and minor == "1")


class RequestReader:
    """Takes one request apart, as it comes: ``head`` once it is whole, ``ended`` with the body's last byte."""

    def __init__(self) -> None:
        self.head: RequestHead | None = None
        self.ended = False
        self._buffer = bytearray()
        # Bytes in which there is no end of a line.
        self._searched = 0
        self._left = 0
        self._step: Callable[[], bytes | None] = self._read_head

    def feed(self, data: bytes | bytearray | memoryview) -> list[bytes]:
        """Take bytes; returns what they have of the body. Raises MalformedRequestError."""
        self._buffer += data
        parts = []
        while not self.ended and (part := self._step()) is not None:
            if part:
                parts.append(part)
        if self.ended and self._buffer:
            raise MalformedRequestError("there is more behind the end of the request: a connection has one here")
        return parts

    def _take(self, size: int) -> bytes:
        part = bytes(memoryview(self._buffer)[:size])
        del self._buffer[:size]
        return part

    def _line(self, what: str, end: bytes = b"\r\n", most: int = _MOST_LINE) -> str | None:
        """A line without its end; None if it is not there yet."""
        size = self._buffer.find(end, max(0, self._searched - len(end) + 1))
        self._searched = len(self._buffer) if size < 0 else 0
        if max(size, len(self._buffer) if size < 0 else 0) > most:
            raise MalformedRequestError(f"{what} of the request has more than {most} bytes")
        return None if size < 0 else self._take(size + len(end))[: -len(end)].decode("latin-1")

    def _read_head(self) -> bytes | None:
        text = self._line("the head", b"\r\n\r\n", _MOST_HEAD)
        if text is None:
            return None
        self.head = _parse_head(text)
        self._left = self.head.length or 0
        self._step = self._read_chunk_size if self.head.length is None else self._read_body
        self.ended = self.head.length == 0
        return b""

    def _read_body(self) -> bytes | None:
        part = self._take(self._left)
        self._left -= len(part)
        self.ended = self._left == 0
        return part or None

    def _read_chunk_size(self) -> bytes | None:
        line = self._line("a chunk's size")
        if line is None:
            return None
        match = _CHUNK_SIZE.fullmatch(line)
        if match is None:
            raise MalformedRequestError(f"a chunk's size in the request is malformed: {line[:200]!r}")
        self._left = int(match[1], 16)
        self._step = self._read_chunk if self._left else self._read_trailer
        return b""

    def _read_chunk(self) -> bytes | None:
        part = self._take(self._left)
        self._left -= len(part)
        if self._left == 0:
            self._step = self._read_chunk_end
        return part or None

    def _read_chunk_end(self) -> bytes | None:
        if len(self._buffer) < 2:
            return None
        if self._take(2) != b"\r\n":
            raise MalformedRequestError("a chunk of the request is longer than its size says")
        self._step = self._read_chunk_size
        return b""

    def _read_trailer(self) -> bytes | None:
        """A fetch sends no trailers: they go, as they may on any way."""
        line = self._line("a trailer")
        if line is None:
            return None
        if line:
            _field(line)
        else:
            self.ended = True
        return b""


def response_head(status: int, reason: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """The first line and the headers of a response. Raises ValueError for what would be read as something else."""
    if not 200 <= status <= 599:
        raise ValueError(f"{status} is no status of a response")
    if not reason:
        # HTTP/2 has none, nor has a Response that a program makes.
        reason = http.HTTPStatus(status).phrase if status in http.HTTPStatus else ""
    fields = list(headers)
    are_fields = all(_TOKEN.fullmatch(name) and _VALUE.fullmatch(value) for name, value in fields)
    if not are_fields or not _VALUE.fullmatch(reason):
        raise ValueError("a header of the response is malformed")
    lines = (f"{name}: {value}" for name, value in fields)
    return "\r\n".join((f"HTTP/1.1 {status} {reason}", *lines, "\r\n")).encode("latin-1")


def chunk(data: bytes) -> bytes:
    """A part of a body that comes in chunks; it is not empty."""
    return b"%x\r\n%b\r\n" % (len(data), data)
