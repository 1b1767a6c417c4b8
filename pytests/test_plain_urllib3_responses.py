"""A body that urllib3 has read to its end is as it is otherwise: both ways to look for more are compared."""

from __future__ import annotations

import gzip
import io
import ssl
from http import client
from typing import Any

import pytest
from urllib3 import response


@pytest.mark.parametrize("name", ["_raw_read", "read"])
def test_the_installed_version_is_known(name: str) -> None:
    assert "/blockon/" in getattr(response.HTTPResponse, name).__code__.co_filename


class Pool:
    """Notes that it got a connection back."""

    def __init__(self) -> None:
        self.returned: list[Any] = []

    def _put_conn(self, connection: Any) -> None:
        self.returned.append(connection)

    def __repr__(self) -> str:
        return "a pool"


class Connection:
    def __init__(self) -> None:
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


class Ending(io.RawIOBase):
    """Some bytes, and an error or the end behind them."""

    def __init__(self, data: bytes, error: BaseException | None) -> None:
        self._data = data
        self._error = error

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part, self._data = self._data[: len(buffer)], self._data[len(buffer) :]
        if not part and self._error is not None:
            raise self._error
        buffer[: len(part)] = part
        return len(part)


class Socket:
    def __init__(self, data: bytes, error: BaseException | None = None) -> None:
        self.file = io.BufferedReader(Ending(data, error))

    def makefile(self, *_args: Any, **_keywords: Any) -> Any:
        return self.file


OK = b"HTTP/1.1 200 OK\r\n"
ANSWERS = {
    "length": OK + b"Content-Length: 5\r\n\r\nabcde",
    "none": OK + b"Content-Length: 0\r\n\r\n",
    "short": OK + b"Content-Length: 9\r\n\r\nabcde",
    "until the end": OK + b"\r\nabcde",
    "closes": OK + b"Connection: close\r\nContent-Length: 5\r\n\r\nabcde",
    "chunked": OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "coded": OK + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde",
}


def read_all(made: Any) -> Any:
    return list(made.stream(10240, decode_content=True))


ERRORS: list[BaseException | None] = [
    None,
    TimeoutError("late"),
    ConnectionResetError("gone"),
    client.IncompleteRead(b"a", 2),
    ssl.SSLError("bad record"),
    ValueError("none of its own"),
    KeyboardInterrupt(),
]

READS: dict[str, Any] = {
    "stream": read_all,
    "stream in pieces": lambda made: list(made.stream(2)),
    "read": lambda made: [made.read(), made.read()],
    "read more": lambda made: [made.read(9, True), made.read(9, True)],
    "read all but one": lambda made: [made.read(4, True), made.read(9, True)],
    "read again": lambda made: [made.read(3), made.read(3), made.read(3), made.read(0), made.read(-1)],
    "read as it is": lambda made: [made.read(9, decode_content=False), made.read(9, decode_content=False)],
    "read1": lambda made: [made.read1(3), made.read1(9), made.read1(9), made.read1()],
    "data": lambda made: [made.data, made.data],
    "readinto": lambda made: [made.readinto(bytearray(9)), made.readinto(bytearray(9))],
    "drain": lambda made: [made.drain_conn(), made.read(1)],
    "closed before": lambda made: [made.close(), made.read(1), made.read()],
    "released before": lambda made: [made.release_conn(), *read_all(made)],
}


def outcome(answer: bytes, read: Any, method: str = "GET", error: BaseException | None = None) -> Any:
    under: Any = client.HTTPResponse(Socket(answer, error), method=method)  # type: ignore[arg-type]
    under.begin()
    pool, connection = Pool(), Connection()
    made = response.HTTPResponse(
        body=under,
        headers=under.headers.items(),
        status=under.status,
        preload_content=False,
        original_response=under,
        pool=pool,  # type: ignore[arg-type]
        connection=connection,  # type: ignore[arg-type]
        request_method=method,
    )
    try:
        result = read(made)
    except BaseException as raised:
        result = type(raised), str(raised), type(raised.__cause__), type(raised.__context__)
    left = (made.length_remaining, made._fp_bytes_read, made.closed, made._connection is None, under.isclosed())
    noted = (made._uncached_read_occurred, made._decoder_initialized, len(made._decoded_buffer))
    return result, left, noted, under.closed, len(pool.returned), connection.closed


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("answer", ANSWERS)
def test_reads_are_as_they_were(answer: str, read: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = {name: getattr(response.HTTPResponse, name) for name in ("_raw_read", "read")}
    usual = {name: function.__wrapped__ for name, function in ours.items()}
    outcomes = []
    for functions in (ours, usual):
        for name, function in functions.items():
            monkeypatch.setattr(response.HTTPResponse, name, function)
        outcomes.append(
            [
                outcome(ANSWERS[answer], READS[read], method, error and type(error)(*error.args))
                for method in ("GET", "HEAD")
                for error in ERRORS
            ]
        )
    assert outcomes[0] == outcomes[1]


def test_who_reads_in_their_own_way_is_asked() -> None:
    asked = []

    class Own(response.HTTPResponse):
        def _fp_read(self, amt: Any = None, **how: Any) -> bytes:
            asked.append(amt)
            return super()._fp_read(amt, **how)

    under: Any = client.HTTPResponse(Socket(ANSWERS["length"]))  # type: ignore[arg-type]
    under.begin()
    made = Own(body=under, headers=under.headers.items(), preload_content=False, original_response=under)
    assert list(made.stream(100)) == [b"abcde"]
    assert asked == [100, 100]


def test_who_decodes_in_their_own_way_is_asked() -> None:
    class Own(response.HTTPResponse):
        def _init_decoder(self) -> None:
            super()._init_decoder()
            self._decoder = response._get_decoder("gzip")

    body = gzip.compress(b"abcde")
    under: Any = client.HTTPResponse(Socket(OK + b"Content-Length: %d\r\n\r\n" % len(body) + body))  # type: ignore[arg-type]
    under.begin()
    made = Own(body=under, headers=under.headers.items(), preload_content=False, original_response=under)
    assert made.read(100, decode_content=True) == b"abcde"
