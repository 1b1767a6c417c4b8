"""A body that urllib3 has read to its end is as it is otherwise: both ways to look for more are compared."""

from __future__ import annotations

import io
from http import client
from typing import Any

import pytest
from urllib3 import response


def test_the_installed_version_is_known() -> None:
    assert "/blockon/" in response.HTTPResponse._raw_read.__code__.co_filename


class Pool:
    """Notes that it got a connection back."""

    def __init__(self) -> None:
        self.returned: list[Any] = []

    def _put_conn(self, connection: Any) -> None:
        self.returned.append(connection)


class Connection:
    def __init__(self) -> None:
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


class Socket:
    def __init__(self, data: bytes) -> None:
        self.file = io.BufferedReader(io.BytesIO(data))  # type: ignore[arg-type]

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


READS: dict[str, Any] = {
    "stream": read_all,
    "stream in pieces": lambda made: list(made.stream(2)),
    "read": lambda made: [made.read(), made.read()],
    "read again": lambda made: [made.read(3), made.read(3), made.read(3), made.read(0), made.read(-1)],
    "read as it is": lambda made: [made.read(9, decode_content=False), made.read(9, decode_content=False)],
    "read1": lambda made: [made.read1(3), made.read1(9), made.read1(9), made.read1()],
    "data": lambda made: [made.data, made.data],
    "readinto": lambda made: [made.readinto(bytearray(9)), made.readinto(bytearray(9))],
    "drain": lambda made: [made.drain_conn(), made.read(1)],
    "closed before": lambda made: [made.close(), made.read(1), made.read()],
    "released before": lambda made: [made.release_conn(), *read_all(made)],
}


def outcome(answer: bytes, read: Any, method: str = "GET") -> Any:
    under: Any = client.HTTPResponse(Socket(answer), method=method)  # type: ignore[arg-type]
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
    except Exception as error:
        result = type(error), str(error)
    left = (made.length_remaining, made._fp_bytes_read, made.closed, made._connection is None, under.isclosed())
    return result, left, under.closed, len(pool.returned), connection.closed


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("answer", ANSWERS)
def test_reads_are_as_they_were(answer: str, read: str, monkeypatch: pytest.MonkeyPatch) -> None:
    replaced: Any = response.HTTPResponse._raw_read
    outcomes = []
    for function in (replaced, replaced.__wrapped__):
        monkeypatch.setattr(response.HTTPResponse, "_raw_read", function)
        outcomes.append([outcome(ANSWERS[answer], READS[read], method) for method in ("GET", "HEAD")])
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
