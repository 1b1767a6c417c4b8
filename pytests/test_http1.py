"""The requests that a client writes to a fetch, byte by byte and at once; what is malformed is refused."""

from __future__ import annotations

import pytest
from blockon._http1 import MalformedRequestError, RequestReader, chunk, response_head


def read(data: bytes, size: int) -> tuple[RequestReader, bytes]:
    reader = RequestReader()
    body = b""
    for start in range(0, len(data), size):
        body += b"".join(reader.feed(data[start : start + size]))
    return reader, body


CHUNKED = b"POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n"


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(
    ("data", "length", "body"),
    [
        (b"GET /a?b=c HTTP/1.1\r\nHost: a\r\n\r\n", 0, b""),
        (b"GET / HTTP/1.0\r\n\r\n", 0, b""),
        (b"POST / HTTP/1.1\r\ncontent-length:  5 \r\n\r\nhello", 5, b"hello"),
        (b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 0, b""),
        (CHUNKED + b"5\r\nhello\r\n0\r\n\r\n", None, b"hello"),
        (CHUNKED + b'2;a="b"\r\nhe\r\n00A ; x\r\nllo, there\r\n000\r\nTrailer: 1\r\n\r\n', None, b"hello, there"),
    ],
)
def test_requests(data: bytes, length: int | None, body: bytes, size: int) -> None:
    reader, found = read(data, size)
    assert reader.head is not None
    assert (reader.head.length, reader.ended, found) == (length, True, body)
    assert not read(data[:-1], size)[0].ended


def test_heads() -> None:
    reader, _ = read(b"PUT /\xc3 HTTP/1.1\r\n\r\n".replace(b"\xc3", b"x"), 100)
    assert reader.head is not None
    reader, _ = read(
        b"PUT /x HTTP/1.1\r\nA: b, c\r\na:\td\xe9\t \r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n", 100
    )
    head = reader.head
    assert head is not None
    assert (head.method, head.target, head.expects_continue) == ("PUT", "/x", True)
    assert head.headers[:2] == [("A", "b, c"), ("a", "d\xe9")]
    assert head.values("a") == ["b", "c", "d\xe9"]
    reader, _ = read(b"PUT /x HTTP/1.0\r\nExpect: 100-continue\r\n\r\n", 100)
    assert reader.head is not None
    assert not reader.head.expects_continue


@pytest.mark.parametrize("size", [1, 1000])
def test_values_of_several_lines(size: int) -> None:
    head = b"GET / HTTP/1.1\r\nA: b\r\n  c \r\n\td\r\nB:\r\n e\r\nC: f\n g\rh\r i\r\nD:  \r\n \r\n\r\n"
    head = head.replace(b"\rh", b"h")
    reader, _ = read(head, size)
    assert reader.head is not None
    assert reader.head.headers == [("A", "b c d"), ("B", "e"), ("C", "f gh i"), ("D", "")]


class Searched(bytearray):
    """Counts the bytes that were looked at for the end of a line."""

    count = 0

    def find(self, end: bytes, start: int = 0) -> int:  # type: ignore[override]
        found = super().find(end, start)
        self.count += (len(self) if found < 0 else found) - start
        return found


@pytest.mark.parametrize("size", [1, 100])
def test_each_byte_is_searched_once(size: int) -> None:
    data = b"POST / HTTP/1.1\r\nA: " + b"b" * 20_000 + b"\r\nTransfer-Encoding: chunked\r\n\r\n"
    data += b"1;" + b"c" * 10_000 + b"\r\nx\r\n0\r\nD: " + b"e" * 10_000 + b"\r\n\r\n"
    reader = RequestReader()
    buffer = reader._buffer = Searched()
    for start in range(0, len(data), size):
        reader.feed(data[start : start + size])
    assert reader.ended
    # But for the last bytes of each piece, where an end may have begun.
    assert buffer.count <= len(data) + 3 * len(data) // size + 100


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize(
    "data",
    [
        b"GET /\r\n\r\n",
        b"GET / HTTP/2.0\r\n\r\n",
        b"G@T / HTTP/1.1\r\n\r\n",
        b"GET  / HTTP/1.1\r\n\r\n",
        b"GET /a b HTTP/1.1\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
        b"\r\nGET / HTTP/1.1\r\n\r\n",
        b"\x05\x01\x00\r\n\r\n",
        b"GET / HTTP/1.1\r\nA : b\r\n\r\n",
        b"GET / HTTP/1.1\r\n folded\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\nB: c\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\rB\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: \0\r\n\r\n",
        b"GET / HTTP/1.1\r\n: b\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: \xb2\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nExpect: miracles\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\nmore",
        CHUNKED + b"x\r\n",
        CHUNKED + b"-1\r\n",
        CHUNKED + b"\r\n",
        CHUNKED + b"1\r\nab\r\n",
        CHUNKED + b"1" * 16 + b"\r\n",
        CHUNKED + b"0\r\nno trailer\r\n\r\n",
        CHUNKED + b"0\r\n\r\nGET",
        CHUNKED + b"1;" + b"a" * 20_000,
        b"GET / HTTP/1.1\r\n" + b"A: " + b"b" * 2_000_000,
    ],
    ids=range(32),
)
def test_malformed_requests(data: bytes, size: int) -> None:
    if len(data) > 100_000:
        size = 1000
    with pytest.raises(MalformedRequestError):
        read(data, size)


def test_responses() -> None:
    assert response_head(404, "", [("a", "b")]) == b"HTTP/1.1 404 Not Found\r\na: b\r\n\r\n"
    assert response_head(299, "", []) == b"HTTP/1.1 299 \r\n\r\n"
    assert response_head(200, "Fine", [("a", "\xe9")]) == b"HTTP/1.1 200 Fine\r\na: \xe9\r\n\r\n"
    assert chunk(b"x" * 17) == b"11\r\n" + b"x" * 17 + b"\r\n"
    for wrong in (
        (99, "", []),
        (600, "", []),
        (200, "a\r\nb: c", []),
        (200, "", [("a", "b\r\nc: d")]),
        (200, "", [("a b", "c")]),
    ):
        with pytest.raises(ValueError):
            response_head(*wrong)
