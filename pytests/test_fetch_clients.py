"""A fetch that was set, in the way of each HTTP client: what it is asked, and what the client makes of the answer."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import blockon
import httpx
import js
import pytest
import requests
import urllib3
from pyodide.ffi import run_sync
from threads import run

TIMEOUT = 5.0

# (method, URL, headers, body) to (status, headers, body).
Exchange = Callable[[str, str, dict[str, str], bytes | None], tuple[int, Any, bytes]]


def by_http_client(method: str, url: str, headers: dict[str, str], body: bytes | None) -> tuple[int, Any, bytes]:
    parts = urlsplit(url)
    class_ = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = class_(parts.netloc, timeout=TIMEOUT)
    connection.request(method, parts.path + (f"?{parts.query}" if parts.query else ""), body, headers)
    response = connection.getresponse()
    return response.status, response.headers, response.read()


def by_urllib(method: str, url: str, headers: dict[str, str], body: bytes | None) -> tuple[int, Any, bytes]:
    request = urllib.request.Request(url, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def by_urllib3(method: str, url: str, headers: dict[str, str], body: bytes | None) -> tuple[int, Any, bytes]:
    with urllib3.PoolManager() as pool:  # whose connections are new
        response = pool.request(method, url, headers=headers, body=body, timeout=TIMEOUT, retries=False, redirect=False)
        return response.status, response.headers, response.data


def by_requests(method: str, url: str, headers: dict[str, str], body: bytes | None) -> tuple[int, Any, bytes]:
    response = requests.request(method, url, headers=headers, data=body, timeout=TIMEOUT, allow_redirects=False)
    return response.status_code, response.raw.headers, response.content


def by_httpx(method: str, url: str, headers: dict[str, str], body: bytes | None) -> tuple[int, Any, bytes]:
    response = httpx.request(method, url, headers=headers, content=body, timeout=TIMEOUT)
    return response.status_code, response.headers, response.content


def by_httpx_async(method: str, url: str, headers: dict[str, str], body: bytes | None) -> tuple[int, Any, bytes]:
    async def main() -> tuple[int, Any, bytes]:
        async with httpx.AsyncClient(timeout=TIMEOUT) as client:
            response = await client.request(method, url, headers=headers, content=body)
            return response.status_code, response.headers, response.content

    return run_sync(main())


def by_aiohttp(method: str, url: str, headers: dict[str, str], body: bytes | None) -> tuple[int, Any, bytes]:
    async def main() -> tuple[int, Any, bytes]:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(TIMEOUT)) as session,
            session.request(method, url, headers=headers, data=body, allow_redirects=False) as response,
        ):
            return response.status, response.headers, await response.read()

    return run_sync(main())


CLIENTS = [by_http_client, by_urllib, by_urllib3, by_requests, by_httpx, by_httpx_async, by_aiohttp]
every_client = pytest.mark.parametrize("exchange", CLIENTS)


class Recorder:
    """A fetch that notes what it is asked, and asks the Worker's own."""

    def __init__(self) -> None:
        self.urls: list[str] = []
        self.options: list[Any] = []

    async def __call__(self, url: str, options: Any) -> Any:
        self.urls.append(url)
        self.options.append(options)
        return await js.fetch(url, options)


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    recorder = Recorder()
    blockon.set_fetch(recorder)
    yield recorder
    blockon.set_fetch(None)


@every_client
def test_get(exchange: Exchange, recorder: Recorder, server: str) -> None:
    status, headers, body = exchange("GET", f"{server}/echo?a=1", {"X-Mine": "yes"}, None)
    assert (status, headers["content-type"]) == (200, "application/json")
    echoed = json.loads(body)
    assert (echoed["method"], echoed["query"]) == ("GET", "?a=1")
    sent = dict(zip(map(str.lower, echoed["headers"][::2]), echoed["headers"][1::2], strict=True))
    assert sent["x-mine"] == "yes"
    assert recorder.urls == [f"{server}/echo?a=1"]
    assert recorder.options[0].redirect == "manual"


@every_client
def test_in_a_thread(exchange: Exchange, recorder: Recorder, server: str) -> None:
    """With a body that is sent while it is written."""
    body = b"payload" * 20_000
    assert json.loads(run(lambda: exchange("POST", f"{server}/echo", {}, body))[2])["body"] == body.decode()
    assert len(recorder.urls) == 1


@every_client
def test_post(exchange: Exchange, recorder: Recorder, server: str) -> None:
    body = b"payload\0" * 100_000
    assert json.loads(exchange("POST", f"{server}/echo", {}, body)[2])["body"] == body.decode()
    assert len(recorder.urls) == 1


@every_client
@pytest.mark.parametrize("code", [200, 201, 204, 304, 400, 404, 500])
def test_status(exchange: Exchange, recorder: Recorder, server: str, code: int) -> None:
    status, _, body = exchange("GET", f"{server}/status?code={code}", {}, None)
    assert (status, body) == (code, b"" if code in (204, 304) else b"status body")


@every_client
def test_head(exchange: Exchange, recorder: Recorder, server: str) -> None:
    assert exchange("HEAD", f"{server}/large", {}, None)[::2] == (200, b"")
    assert recorder.options[0].method == "HEAD"


@every_client
def test_cookies(exchange: Exchange, recorder: Recorder, server: str) -> None:
    _, headers, body = exchange("GET", f"{server}/cookies", {"Cookie": "mine=3"}, None)
    lists = ("get_all", "get_list", "getall", "getlist")
    get_all = next(getattr(headers, name) for name in lists if hasattr(headers, name))
    assert get_all("Set-Cookie") == ["a=1; Path=/", "b=2; Path=/"]
    assert body == b"mine=3"


@every_client
def test_a_redirect_is_the_clients_to_follow(exchange: Exchange, recorder: Recorder, server: str) -> None:
    status, headers, body = exchange("GET", f"{server}/redirect", {}, None)
    if exchange is by_urllib:
        assert (status, json.loads(body)["query"]) == (200, "?redirected")
        assert recorder.urls == [f"{server}/redirect", f"{server}/echo?redirected"]
    else:
        assert (status, headers["location"]) == (302, "/echo?redirected")
        assert recorder.urls == [f"{server}/redirect"]


@every_client
def test_a_compressed_body_comes_unpacked(exchange: Exchange, recorder: Recorder, server: str) -> None:
    _, headers, body = exchange("GET", f"{server}/gzip", {"Accept-Encoding": "gzip"}, None)
    assert body == b"packed " * 100
    assert "content-encoding" not in headers


@every_client
def test_a_large_body(exchange: Exchange, recorder: Recorder, server: str) -> None:
    _, headers, body = exchange("GET", f"{server}/large", {}, None)
    assert (headers["content-length"], body) == ("1000000", b"x" * 1_000_000)


@every_client
def test_a_host_of_its_own_goes_along(exchange: Exchange, recorder: Recorder, server: str) -> None:
    exchange("GET", f"{server}/echo", {"Host": "other.example"}, None)
    exchange("GET", f"{server}/echo", {}, None)
    assert [options.headers.get("host") == "other.example" for options in recorder.options] == [True, False]
    assert not recorder.options[1].headers.has("host")


# Those over http.client send a value of several lines; the others refuse it, as they do on a connection.
REFUSES_FOLDS = {
    by_requests: requests.exceptions.InvalidHeader,
    by_httpx: httpx.LocalProtocolError,
    by_httpx_async: httpx.LocalProtocolError,
    by_aiohttp: ValueError,
}


@every_client
@pytest.mark.parametrize("value", ["a\r\n b", "a\n\tb", "a \r\n  b", "a\r b"])
def test_a_value_of_several_lines_goes_in_one(exchange: Exchange, recorder: Recorder, server: str, value: str) -> None:
    if refused := REFUSES_FOLDS.get(exchange):
        with pytest.raises(refused):
            exchange("GET", f"{server}/echo", {"X-Folded": value}, None)
    else:
        exchange("GET", f"{server}/echo", {"X-Folded": value}, None)
        assert recorder.options[0].headers.get("x-folded").split() == ["a", "b"]


@every_client
@pytest.mark.parametrize("value", ["a\r\nInjected: b", "a\nInjected: b", "a\rInjected: b", "a\r\n\r\nb"])
def test_a_value_has_no_other_header_in_it(exchange: Exchange, recorder: Recorder, server: str, value: str) -> None:
    with pytest.raises(REFUSES_FOLDS.get(exchange, ValueError)):
        exchange("GET", f"{server}/echo", {"X-Mine": value}, None)
    assert recorder.urls == []


# What each client raises, for one that cannot connect and for one whose time is up.
ERRORS = {
    by_http_client: (ConnectionError, TimeoutError),
    by_urllib: (ConnectionError, TimeoutError),
    by_urllib3: (urllib3.exceptions.ProtocolError, urllib3.exceptions.ReadTimeoutError),
    by_requests: (requests.ConnectionError, requests.ReadTimeout),
    by_httpx: (httpx.ReadError, httpx.ReadTimeout),
    by_httpx_async: (httpx.ReadError, httpx.ReadTimeout),
    by_aiohttp: (aiohttp.ClientOSError, TimeoutError),
}


@every_client
def test_errors_are_the_clients_with_the_causes_text(exchange: Exchange, recorder: Recorder, server: str) -> None:
    refused, _ = ERRORS[exchange]
    with pytest.raises(refused, match="ECONNREFUSED"):
        exchange("GET", "http://127.0.0.1:2/", {}, None)
    with pytest.raises(refused, match="other side closed"):
        exchange("GET", f"{server}/reset", {}, None)


@every_client
def test_a_fetch_that_raises(exchange: Exchange) -> None:
    def fetch(url: str, options: Any) -> Any:
        raise ValueError(f"no {url}")

    blockon.set_fetch(fetch)
    try:
        with pytest.raises(
            ERRORS[exchange][0], match=r"the fetch that was set raised ValueError: no http://a\.example/"
        ):
            exchange("GET", "http://a.example/", {}, None)
    finally:
        blockon.set_fetch(None)


@every_client
@pytest.mark.parametrize("code", ["UND_ERR_CONNECT_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"])
def test_the_time_of_the_fetch_itself(exchange: Exchange, code: str) -> None:
    """Its cause is its own, too: whoever looks for the first one comes to an end."""

    async def fetch(url: str, options: Any) -> Any:
        error = js.Error.new("late")
        error.code = code
        error.cause = error
        raise error

    # aiohttp tells of its own limits alone by another error than that of a connection.
    expected = aiohttp.ClientOSError if exchange is by_aiohttp else ERRORS[exchange][1]
    blockon.set_fetch(fetch)
    try:
        with pytest.raises(expected, match=r"late|timed out|^$"):
            exchange("GET", "http://a.example/", {}, None)
    finally:
        blockon.set_fetch(None)


@every_client
@pytest.mark.parametrize("result", [None, "text", {}])
def test_a_fetch_without_a_response(exchange: Exchange, result: object) -> None:
    blockon.set_fetch(lambda _url, _options: result)
    try:
        with pytest.raises(ERRORS[exchange][0], match="returned no Response but"):
            exchange("GET", "http://a.example/", {}, None)
    finally:
        blockon.set_fetch(None)


@every_client
def test_the_time_of_a_client_ends_the_fetch(exchange: Exchange, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    signals = []

    async def fetch(url: str, options: Any) -> Any:
        signals.append(options.signal)
        return await js.fetch(url, options)

    monkeypatch.setitem(exchange.__globals__, "TIMEOUT", 0.1)
    blockon.set_fetch(fetch)
    try:
        with pytest.raises(ERRORS[exchange][1]):
            exchange("GET", f"{server}/slow-head?ms=30000", {}, None)
        assert signals[0].aborted
    finally:
        blockon.set_fetch(None)


@every_client
def test_https_is_fetchs(exchange: Exchange, recorder: Recorder, server: str) -> None:
    url = by_urllib3("GET", f"{server}/secure-url?certificate=self_signed", {}, None)[2].decode()
    with pytest.raises(ERRORS[exchange][0], match="self-signed certificate"):
        exchange("GET", f"{url}/client", {}, None)
    # aiohttp asks twice, as it does for any connection that is lost.
    assert {each for each in recorder.urls if each.startswith("https:")} == {f"{url}/client"}


@every_client
@pytest.mark.parametrize("encoding", ["gzip", None])
def test_a_response_that_a_program_made(exchange: Exchange, encoding: str | None) -> None:
    """Its headers may be those of another body."""

    async def fetch(url: str, options: Any) -> Any:
        headers = js.Headers.new()
        if encoding is not None:
            headers.set("content-encoding", encoding)
        headers.set("content-length", "5")
        headers.set("x-url", url)
        return js.Response.new("not packed and longer", status=418, statusText="Teapot", headers=headers)

    blockon.set_fetch(fetch)
    try:
        status, headers, body = exchange("GET", "https://a.example:444/b", {}, None)
        assert (status, headers["x-url"], body) == (418, "https://a.example:444/b", b"not packed and longer")
    finally:
        blockon.set_fetch(None)
