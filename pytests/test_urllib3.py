"""urllib3, unmodified, over sockets: responses, bodies, and urllib3's own exceptions."""

from __future__ import annotations

import gzip
import io
from http.client import HTTPConnection

import pytest
import urllib3
from fibers import together
from urllib3.exceptions import (
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
)


@pytest.fixture
def http() -> urllib3.PoolManager:
    return urllib3.PoolManager(retries=False)


def test_get(http: urllib3.PoolManager, server: str) -> None:
    response = http.request("GET", f"{server}/echo?a=1", headers={"X-Mine": "yes"})
    assert isinstance(response, urllib3.HTTPResponse)
    assert (response.status, response.reason, response.version) == (200, "OK", 11)
    assert response.headers["Content-Type"] == "application/json"
    echoed = response.json()
    assert echoed["method"] == "GET"
    assert echoed["query"] == "?a=1"
    sent = dict(zip(map(str.lower, echoed["headers"][::2]), echoed["headers"][1::2], strict=True))
    assert sent["x-mine"] == "yes"
    assert sent["user-agent"].startswith("python-urllib3/")


@pytest.mark.parametrize(
    "body",
    [
        b"payload",
        "payload",
        bytearray(b"payload"),
        io.BytesIO(b"payload"),
        (part for part in (b"pay", b"load")),
        ["pay", b"load"],
    ],
    ids=["bytes", "str", "bytearray", "file", "generator", "list"],
)
def test_post(http: urllib3.PoolManager, server: str, body: object) -> None:
    response = http.request("POST", f"{server}/echo", body=body)
    assert response.json()["body"] == "payload"


@pytest.mark.parametrize("code", [200, 201, 204, 304, 400, 404, 500])
def test_status(http: urllib3.PoolManager, server: str, code: int) -> None:
    response = http.request("GET", f"{server}/status?code={code}")
    assert response.status == code
    assert response.data == (b"" if code in (204, 304) else b"status body")


def test_head(http: urllib3.PoolManager, server: str) -> None:
    response = http.request("HEAD", f"{server}/echo")
    assert response.status == 200
    assert response.data == b""


def test_headers_that_come_twice(http: urllib3.PoolManager, server: str) -> None:
    response = http.request("GET", f"{server}/cookies")
    assert response.headers.getlist("Set-Cookie") == ["a=1; Path=/", "b=2; Path=/"]


def test_gzip(http: urllib3.PoolManager, server: str) -> None:
    assert http.request("GET", f"{server}/gzip").data == b"packed " * 100


def test_redirect(server: str) -> None:
    response = urllib3.PoolManager().request("GET", f"{server}/redirect")
    assert response.json()["query"] == "?redirected"
    response = urllib3.PoolManager().request("GET", f"{server}/redirect", redirect=False)
    assert response.status == 302
    assert response.headers["Location"] == "/echo?redirected"


def test_reading_in_parts(http: urllib3.PoolManager, server: str) -> None:
    response = http.request("GET", f"{server}/large", preload_content=False)
    assert response.read(10) == b"x" * 10
    assert sum(map(len, response.stream(65536))) == 999_990
    response.release_conn()


def test_read_timeout_of_the_head(http: urllib3.PoolManager, server: str) -> None:
    with pytest.raises(ReadTimeoutError, match=r"Read timed out. \(read timeout=0.2\)"):
        http.request("GET", f"{server}/slow-head?ms=5000", timeout=urllib3.Timeout(connect=5, read=0.2))


def test_read_timeout_of_the_body(http: urllib3.PoolManager, server: str) -> None:
    with pytest.raises(ReadTimeoutError, match="Read timed out"):
        http.request("GET", f"{server}/slow-body?ms=5000", timeout=urllib3.Timeout(connect=5, read=0.2))


def test_slow_but_in_time(http: urllib3.PoolManager, server: str) -> None:
    assert http.request("GET", f"{server}/slow-head?ms=50", timeout=10).data == b"late"


def test_refused(http: urllib3.PoolManager) -> None:
    with pytest.raises(NewConnectionError, match="Connection refused"):
        http.request("GET", "http://127.0.0.1:40001/")
    with pytest.raises(MaxRetryError) as caught:
        urllib3.PoolManager(retries=1).request("GET", "http://127.0.0.1:40001/")
    assert isinstance(caught.value.reason, NewConnectionError)


def test_unknown_host(http: urllib3.PoolManager) -> None:
    with pytest.raises(NameResolutionError):
        http.request("GET", "http://no-such-host.invalid/")


def test_reset(http: urllib3.PoolManager, server: str) -> None:
    with pytest.raises(ProtocolError, match="Connection aborted"):
        http.request("GET", f"{server}/reset")


def test_cut_body(http: urllib3.PoolManager, server: str) -> None:
    with pytest.raises(ProtocolError):
        http.request("GET", f"{server}/cut")


def test_a_body_of_a_wrong_type(http: urllib3.PoolManager, server: str) -> None:
    with pytest.raises(TypeError, match="bytes-like object, file-like object, or iterable"):
        http.request("POST", f"{server}/echo", body=5)


def test_get_with_a_body(http: urllib3.PoolManager, server: str) -> None:
    assert http.request("GET", f"{server}/echo", body=b"payload").json()["body"] == "payload"


def test_headers_go_as_they_are(http: urllib3.PoolManager, server: str) -> None:
    headers = {"X-CamelCase": "1", "Host": "other.example", "x-lower": "2", "Expect": "100-continue"}
    sent = http.request("GET", f"{server}/echo", headers=headers).json()["headers"]
    pairs = list(zip(sent[::2], sent[1::2], strict=True))
    assert [pair for pair in pairs if pair[0] in headers] == list(headers.items())


def test_a_compressed_body_stays_so_if_asked(http: urllib3.PoolManager, server: str) -> None:
    response = http.request("GET", f"{server}/gzip", decode_content=False)
    assert response.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(response.data) == b"packed " * 100


def test_a_pool_keeps_its_connection(server: str) -> None:
    with urllib3.connectionpool.connection_from_url(server) as pool:
        for _ in range(5):
            assert pool.request("GET", "/status?code=200").status == 200
        assert (pool.num_connections, pool.num_requests) == (1, 5)


def test_a_blocking_pool_makes_tasks_wait(server: str) -> None:
    pool = urllib3.connectionpool.connection_from_url(server, maxsize=2, block=True)
    got = together(*[lambda: pool.request("GET", "/slow-head?ms=30").data] * 6)
    assert got == [b"late"] * 6
    assert pool.num_connections == 2


def test_urllib3_has_its_own_connections() -> None:
    assert urllib3.connection.HTTPConnection.__mro__[1] is HTTPConnection
