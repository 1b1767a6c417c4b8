"""urllib3 alone: what it takes, and its own limits."""

from __future__ import annotations

import io
import socket
from collections.abc import Callable
from http.client import HTTPConnection

import pytest
import urllib3
from adapters import TIMEOUT
from urllib3.exceptions import MaxRetryError, NewConnectionError

# Nobody listens there: the port is reserved.
REFUSED = "http://127.0.0.1:1/"


@pytest.fixture
def http() -> urllib3.PoolManager:
    return urllib3.PoolManager(retries=False)


def test_connections_are_its_own() -> None:
    assert urllib3.connection.HTTPConnection.__mro__[1] is HTTPConnection


def test_get(http: urllib3.PoolManager, server: str) -> None:
    response = http.request("GET", f"{server}/echo", fields={"a": "1 2"}, headers={"X-Mine": "yes"})
    assert isinstance(response, urllib3.HTTPResponse)
    assert (response.status, response.reason, response.version, response.version_string) == (200, "OK", 11, "HTTP/1.1")
    echoed = response.json()
    assert (echoed["method"], echoed["query"]) == ("GET", "?a=1+2")
    sent = dict(zip(map(str.lower, echoed["headers"][::2]), echoed["headers"][1::2], strict=True))
    assert sent["x-mine"] == "yes"
    assert sent["user-agent"].startswith("python-urllib3/")


@pytest.mark.parametrize(
    "body",
    [
        lambda: b"payload",
        lambda: "payload",
        lambda: bytearray(b"payload"),
        lambda: memoryview(b"payload"),
        lambda: io.BytesIO(b"payload"),
        lambda: io.StringIO("payload"),
        lambda: ["pay", b"load"],
    ],
    ids=["bytes", "str", "bytearray", "memoryview", "file", "text file", "list"],
)
def test_bodies(http: urllib3.PoolManager, server: str, body: Callable[[], object]) -> None:
    response = http.request("POST", f"{server}/echo", body=body())
    assert response.json()["body"] == "payload"


def test_bodies_of_a_wrong_type(http: urllib3.PoolManager, server: str) -> None:
    with pytest.raises(TypeError, match="bytes-like object, file-like object, or iterable"):
        http.request("POST", f"{server}/echo", body=5)
    with pytest.raises(TypeError, match="both 'body' and 'json'"):
        http.request("POST", f"{server}/echo", body=b"", json=[])


def test_forms(http: urllib3.PoolManager, server: str) -> None:
    assert http.request("POST", f"{server}/echo", json={"a": 1}).json()["body"] == '{"a":1}'
    echoed = http.request(
        "POST", f"{server}/echo", fields={"file": ("name.txt", b"content")}, multipart_boundary="edge"
    ).json()
    assert echoed["body"].startswith('--edge\r\nContent-Disposition: form-data; name="file"; filename="name.txt"\r\n')
    assert echoed["body"].endswith("\r\n\r\ncontent\r\n--edge--\r\n")


def test_the_reason_of_retries(http: urllib3.PoolManager) -> None:
    with pytest.raises(MaxRetryError) as caught:
        urllib3.PoolManager(retries=1).request("GET", REFUSED)
    assert isinstance(caught.value.reason, NewConnectionError)
    with pytest.raises(NewConnectionError, match="Connection refused"):
        http.request("GET", REFUSED)


def test_total_time(http: urllib3.PoolManager, server: str) -> None:
    with pytest.raises(urllib3.exceptions.ReadTimeoutError, match="read timeout="):
        http.request("GET", f"{server}/slow-head?ms=20000", timeout=urllib3.Timeout(total=0.2))
    assert http.request("GET", f"{server}/slow-head?ms=50", timeout=TIMEOUT).data == b"late"


def test_options_of_its_sockets(server: str) -> None:
    options = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
    with urllib3.PoolManager(socket_options=options, source_address=("127.0.0.1", 0)) as pool:
        response = pool.request("GET", f"{server}/large", preload_content=False)
        sock = response.connection.sock
        assert [sock.getsockopt(*option[:2]) != 0 for option in options] == [True, True]
        assert sock.getsockname()[0] == "127.0.0.1"
        response.close()
