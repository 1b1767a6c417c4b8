"""A fetch that was set: which one counts, where it cannot be reached, and what stays with sockets."""

from __future__ import annotations

import asyncio
import http.client
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import blockon
import httpx
import js
import pytest
import requests
import urllib3
from blockon import _client_adapters, _clients, _fetch
from pyodide.ffi import create_proxy, run_sync
from urllib3.exceptions import NewConnectionError, ProtocolError


def answers(text: str) -> Any:
    return lambda _url, _options: js.Response.new(text)


@pytest.fixture
def no_fetch() -> Iterator[None]:
    yield
    blockon.set_fetch(None)


@pytest.fixture
def own_fetch() -> Iterator[Any]:
    own = js.fetch
    yield own
    js.fetch = own


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as response:
        return response.read().decode()


def test_the_one_that_was_given_comes_before_that_of_the_realm(no_fetch: None, own_fetch: Any, server: str) -> None:
    assert _fetch.current() is None
    js.fetch = answers("the realm's")
    assert get(f"{server}/status?code=200") == "the realm's"
    blockon.set_fetch(answers("given"))
    assert get(f"{server}/status?code=200") == "given"
    blockon.set_fetch(None)
    assert get(f"{server}/status?code=200") == "the realm's"
    js.fetch = own_fetch
    assert _fetch.current() is None
    assert get(f"{server}/status?code=200") == "status body"


def test_a_binding(no_fetch: None) -> None:
    class Binding:
        name = "binding"

        async def fetch(self, url: str, options: Any) -> Any:
            return js.Response.new(f"{self.name} {options.method} {url}")

    blockon.set_fetch(Binding())
    assert get("http://a.example/b") == "binding GET http://a.example/b"
    binding = js.Object.new()
    proxy = create_proxy(answers("an object of JavaScript"))
    binding.fetch = proxy
    blockon.set_fetch(binding)
    assert get("http://a.example/b") == "an object of JavaScript"
    proxy.destroy()


def test_a_function_of_javascript(no_fetch: None, server: str) -> None:
    blockon.set_fetch(js.fetch)
    assert get(f"{server}/status?code=200") == "status body"


@pytest.mark.parametrize("wrong", [5, "fetch", object()])
def test_what_is_no_fetch(wrong: object) -> None:
    with pytest.raises(TypeError, match="a function, or an object that has a function fetch, is needed, not"):
        blockon.set_fetch(wrong)
    assert _fetch.current() is None


def called_by_javascript(call: Any) -> list[Any]:
    """What a call returns or raises that JavaScript makes synchronously."""
    outcome: list[Any] = []

    def inner(*_: object) -> None:
        try:
            outcome.append(call())
        except Exception as error:
            outcome.append(error)

    js.Array.of(1).forEach(inner)
    return outcome


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (lambda: get("http://a.example/"), ConnectionError),
        (lambda: http.client.HTTPConnection("a.example").request("GET", "/"), ConnectionError),
        (lambda: urllib3.request("GET", "https://a.example/", retries=False), NewConnectionError),
        (lambda: urllib3.request("GET", "http://a.example/", retries=False), NewConnectionError),
        (lambda: requests.get("http://a.example/", timeout=5), requests.ConnectionError),
        (lambda: httpx.get("http://a.example/"), httpx.ConnectError),
    ],
    ids=["urllib", "http.client", "urllib3 https", "urllib3", "requests", "httpx"],
)
def test_it_cannot_be_reached_from_a_synchronous_entry(call: Any, kind: type[Exception], no_fetch: None) -> None:
    blockon.set_fetch(answers("text"))
    [error] = called_by_javascript(call)
    if isinstance(error, urllib.error.URLError):
        error = error.reason
    assert isinstance(error, kind)
    assert "this call cannot wait for it: JavaScript called Python synchronously" in str(error)
    assert "blockon.set_fetch(None)" in str(error)


def test_a_socket_that_is_taken_into_a_synchronous_entry(no_fetch: None) -> None:
    blockon.set_fetch(answers("text"))
    connection = http.client.HTTPConnection("a.example")
    connection.request("GET", "/")
    [error] = called_by_javascript(connection.getresponse)
    assert isinstance(error, ConnectionError)
    assert "cannot wait for it" in str(error)
    connection.close()


def test_proxies_are_refused(no_fetch: None) -> None:
    blockon.set_fetch(answers("text"))
    proxy = "http://proxy.example:8080"
    for scheme in ("http", "https"):
        url = f"{scheme}://a.example/"
        with pytest.raises((urllib3.exceptions.ProxyError, ProtocolError), match="use no proxy"):
            urllib3.ProxyManager(proxy).request("GET", url, retries=False)
        with pytest.raises(requests.ConnectionError, match="use no proxy"):
            requests.get(url, proxies={scheme: proxy}, timeout=5)
        with pytest.raises(httpx.TransportError, match="use no proxy"), httpx.Client(proxy=proxy) as client:
            client.get(url)

        async def main(url: str = url) -> None:
            async with aiohttp.ClientSession() as session:
                with pytest.raises(aiohttp.ClientConnectionError, match="use no proxy"):
                    await session.get(url, proxy=proxy)

        run_sync(main())


def test_what_fetch_cannot_promise_of_tls_is_refused(no_fetch: None) -> None:
    blockon.set_fetch(answers("text"))
    for wrong in ({"cert_file": "client.pem"}, {"assert_fingerprint": "aa" * 32}):
        with pytest.raises(urllib3.exceptions.SSLError, match="makes its own TLS"):
            urllib3.PoolManager(**wrong).request("GET", "https://a.example/", retries=False)

    async def main() -> None:
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientSSLError):
                await session.get("https://a.example/", ssl=aiohttp.Fingerprint(b"a" * 32))

    run_sync(main())


def test_who_asks_for_no_verification_is_warned(no_fetch: None) -> None:
    blockon.set_fetch(answers("text"))
    with pytest.warns(urllib3.exceptions.InsecureRequestWarning):
        assert requests.get("https://a.example/", verify=False, timeout=5).text == "text"
    assert requests.get("https://a.example/", timeout=5).text == "text"


def test_ways_to_connect_of_a_programs_own_stay(no_fetch: None, server: str) -> None:
    class Connection(urllib3.connection.HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return socket.create_connection((self.host, self.port))

    class Pool(urllib3.HTTPConnectionPool):
        ConnectionCls = Connection

    blockon.set_fetch(answers("by fetch"))
    host, port = urlsplit(server).hostname, urlsplit(server).port
    with Pool(host, port) as pool:
        assert pool.request("GET", "/status?code=200").data == b"status body"

    class SecureConnection(urllib3.connection.HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return socket.create_connection((self.host, self.port))

    class SecurePool(urllib3.HTTPSConnectionPool):
        ConnectionCls = SecureConnection

    with Pool(host, port) as pool:
        secure = urlsplit(pool.request("GET", "/secure-url?certificate=server").data.decode())
    authority = str(Path(__file__).parent / "tls" / "authority.pem")
    with SecurePool(secure.hostname, secure.port, ca_certs=authority) as secure_pool:
        assert secure_pool.request("GET", "/status?code=200").data == b"status body"
    connection = http.client.HTTPConnection(host, port)
    connection._create_connection = lambda address, *_: socket.create_connection(address)
    connection.request("GET", "/status?code=200")
    assert connection.getresponse().read() == b"status body"
    connection.close()


def test_a_version_that_is_not_known_is_left_alone_and_told(no_fetch: None) -> None:
    module = ModuleType("httpcore._backends.sync")
    try:
        _clients._adapt(module)
        with pytest.raises(
            RuntimeError, match=r"no fetch gets into the way of httpcore\._backends\.sync: .*SyncBackend"
        ):
            blockon.set_fetch(js.fetch)
        blockon.set_fetch(None)
        assert _fetch.current() is None
    finally:
        _clients._unknown.clear()


def test_sockets_stay_sockets(no_fetch: None, server: str) -> None:
    blockon.set_fetch(answers("by fetch"))
    with socket.create_connection((urlsplit(server).hostname, urlsplit(server).port)) as plain:
        plain.sendall(b"GET /status?code=200 HTTP/1.0\r\n\r\n")
        assert plain.makefile("rb").read().endswith(b"status body")


def test_only_what_is_imported_is_changed() -> None:
    assert set(_clients._CONNECTING) == set(_client_adapters.ADAPTERS)
    names = [name for name in _clients._CONNECTING if name in sys.modules]
    kept = {name: sys.modules.pop(name) for name in names}
    try:
        before = set(sys.modules)
        blockon.set_fetch(answers("text"))
        assert set(sys.modules) == before
        fresh = __import__("http.client", fromlist=["client"])
        assert fresh is not kept["http.client"]
        assert type(fresh.__spec__.loader) is type(kept["http.client"].__spec__.loader)
        connection = fresh.HTTPConnection("a.example")
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"text"
    finally:
        blockon.set_fetch(None)
        sys.modules.update(kept)
        http.client = kept["http.client"]


def test_a_client_that_is_imported_where_there_is_no_ssl(monkeypatch: pytest.MonkeyPatch, no_fetch: None) -> None:
    blockon.set_fetch(answers("text"))
    for name in [name for name in sys.modules if name.partition(".")[0] == "urllib3"]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("ssl", "_ssl"):
        monkeypatch.setitem(sys.modules, name, None)
    fresh = __import__("urllib3")
    with pytest.raises(ImportError, match="SSL module is not available"):
        fresh.request("GET", "https://a.example/", retries=False)
    assert fresh.request("GET", "http://a.example/").data == b"text"


def test_closing_ends_the_fetch(no_fetch: None, server: str) -> None:
    signals = []

    async def fetch(url: str, options: Any) -> Any:
        signals.append(options.signal)
        return await js.fetch(url, options)

    blockon.set_fetch(fetch)
    connection = http.client.HTTPConnection(urlsplit(server).netloc)
    connection.request("GET", "/held?name=closed")
    run_sync(asyncio.sleep(0.01))
    connection.close()
    assert signals[0].aborted


def test_a_cancelled_task_ends_the_fetch(no_fetch: None, server: str) -> None:
    signals: asyncio.Queue[Any] = asyncio.Queue()

    async def fetch(url: str, options: Any) -> Any:
        signals.put_nowait(options.signal)
        return await js.fetch(url, options)

    async def asks() -> None:
        requests.get(f"{server}/held?name=cancelled", timeout=30)

    async def main() -> None:
        task = asyncio.create_task(asks())
        signal = await signals.get()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert signal.aborted

    blockon.set_fetch(fetch)
    run_sync(main())


def test_a_client_inside_of_the_fetch_connects(no_fetch: None, server: str) -> None:
    def fetch(url: str, _options: Any) -> Any:
        return js.Response.new("through " + requests.get(url, timeout=5).text)

    blockon.set_fetch(fetch)
    assert requests.get(f"{server}/status?code=200", timeout=5).text == "through status body"
    assert get(f"{server}/status?code=200") == "through status body"


@pytest.mark.parametrize("host", ["a.example@b.example", "a.example/path", "a.example?", "a.example#", "a\\b"])
def test_what_is_no_host(host: str, no_fetch: None) -> None:
    blockon.set_fetch(answers("text"))
    connection = http.client.HTTPConnection("a.example")
    connection.host = host
    with pytest.raises(ConnectionError, match="is no host"):
        connection.request("GET", "/")
    connection.close()


def test_a_socket_that_does_not_wait(no_fetch: None) -> None:
    blockon.set_fetch(answers("text"))
    connection = http.client.HTTPConnection("a.example")
    connection.request("GET", "/")
    connection.sock.settimeout(0)
    with pytest.raises(BlockingIOError):
        connection.sock.recv(10)
    with pytest.raises(ValueError, match="Timeout value out of range"):
        connection.sock.settimeout(-1)
    connection.sock.settimeout(None)
    assert connection.getresponse().read() == b"text"
    connection.close()


def test_a_body_that_is_waited_for(no_fetch: None) -> None:
    """aiohttp waits for the server's word before it sends one."""

    async def fetch(url: str, options: Any) -> Any:
        return js.Response.new(options.body.to_bytes().decode())

    async def main() -> str:
        async with (
            aiohttp.ClientSession() as session,
            session.post("http://a.example/", data=b"payload", expect100=True) as response,
        ):
            return await response.text()

    blockon.set_fetch(fetch)
    assert run_sync(main()) == "payload"


@pytest.mark.parametrize("attribute", ["js_object", "js_response"])
def test_a_response_of_pythons(attribute: str, no_fetch: None) -> None:
    wrapper = type("Response", (), {attribute: js.Response.new("wrapped")})
    blockon.set_fetch(lambda _url, _options: wrapper())
    assert get("http://a.example/") == "wrapped"


def test_a_status_that_no_response_has(no_fetch: None) -> None:
    class Fake:
        js_object = None

    response = js.Object.new()
    response.status = 101
    response.statusText = ""
    response.headers = js.Headers.new()
    response.arrayBuffer = js.Response.new("").arrayBuffer
    fake = Fake()
    fake.js_object = response
    blockon.set_fetch(lambda _url, _options: fake)
    with pytest.raises(ConnectionError, match="cannot be passed on: 101 is no status"):
        get("http://a.example/")


def test_a_proxied_request_by_hand(no_fetch: None) -> None:
    blockon.set_fetch(answers("text"))
    connection = http.client.HTTPConnection("a.example")
    connection.set_tunnel("b.example", 443)
    with pytest.raises(ConnectionError, match="use no proxy"):
        connection.request("GET", "/")
    connection.close()


@pytest.mark.gate_closed
def test_where_nothing_may_block(server: str) -> None:
    blockon.set_fetch(answers("text"))
    try:
        with pytest.raises(requests.ConnectionError, match="no_python_run_sync"):
            requests.get("http://a.example/", timeout=5)
    finally:
        blockon.set_fetch(None)
    assert requests.get(f"{server}/status?code=200", timeout=5).text == "status body"
