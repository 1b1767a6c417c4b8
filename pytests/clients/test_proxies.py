"""Proxies: by argument and by the environment, plain and over TLS, with a password, and around them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import aiohttp
import httpx
import pytest
import requests
import urllib3
from adapters import TIMEOUT, Client

AUTHORITY = str(Path(__file__).parent.parent / "tls" / "authority.pem")
PASSWORD = "user:pass%20word@"


class Proxy:
    """One of servers/proxy.mjs."""

    def __init__(self, url: str, server: str, kind: str) -> None:
        self.url = url
        self.with_password = url.replace("://", f"://{PASSWORD}")
        self._log = f"{server}/seen-by-proxy?kind={kind}"
        self.seen()

    def seen(self) -> list[str]:
        """What it was asked for since this was asked last."""
        found: list[str] = json.loads(urllib3.request("GET", self._log, retries=False, timeout=TIMEOUT).data)
        return found


@pytest.fixture
def proxy(server: str, other: Callable[..., str]) -> Callable[[str], Proxy]:
    return lambda kind: Proxy(other("proxy", name=kind), server, kind)


@pytest.fixture
def secure(other: Callable[..., str]) -> str:
    return other("secure", certificate="server")


@pytest.fixture
def no_environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


@pytest.mark.parametrize("kind", ["plain", "tls"])
@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_http_is_forwarded(client: Client, server: str, proxy: Callable[[str], Proxy], kind: str) -> None:
    between = proxy(kind)
    answer = client("POST", f"{server}/echo?a=1", body=b"payload", proxy=between.url, verify=AUTHORITY)
    assert answer.all("via") == [kind]
    assert json.loads(answer.body)["body"] == "payload"
    assert between.seen() == ["POST /echo"]


@pytest.mark.parametrize("kind", ["plain", "tls"])
def test_https_goes_through_a_tunnel(client: Client, secure: str, proxy: Callable[[str], Proxy], kind: str) -> None:
    between = proxy(kind)
    answer = client("POST", f"{secure}/echo?a=1", body=bytes(100_000), proxy=between.url, verify=AUTHORITY)
    assert answer.all("via") == []
    assert json.loads(answer.body)["body"] == "\0" * 100_000
    assert [line.partition(" ")[0] for line in between.seen()] == ["CONNECT"]


def test_certificates_behind_a_tunnel_are_verified(client: Client, secure: str, proxy: Callable[[str], Proxy]) -> None:
    between = proxy("plain")
    with pytest.raises(Exception, match="CERTIFICATE_VERIFY_FAILED"):
        client("GET", f"{secure}/echo", proxy=between.url)
    assert [line.partition(" ")[0] for line in between.seen()] == ["CONNECT"]


def test_a_password(client: Client, server: str, secure: str, proxy: Callable[[str], Proxy]) -> None:
    between = proxy("auth")
    if client.name == "urllib3":  # which takes it as a header alone
        headers = urllib3.make_headers(proxy_basic_auth="user:pass word")
        with urllib3.ProxyManager(between.url, proxy_headers=headers, ca_certs=AUTHORITY) as pool:
            assert pool.request("GET", f"{server}/client").data == b"undefined"
            assert pool.request("GET", f"{secure}/client").data == b"false"
        return
    assert client("GET", f"{server}/client", proxy=between.with_password).body == b"undefined"
    assert client("GET", f"{secure}/client", proxy=between.with_password, verify=AUTHORITY).body == b"false"
    assert len(between.seen()) == 2


def test_requests_looks_into_the_environment(
    server: str, secure: str, proxy: Callable[[str], Proxy], no_environment: pytest.MonkeyPatch
) -> None:
    between = proxy("auth")
    no_environment.setenv("HTTP_PROXY", between.with_password)
    no_environment.setenv("http_proxy", between.with_password)
    no_environment.setenv("https_proxy", between.with_password)
    no_environment.setenv("REQUESTS_CA_BUNDLE", AUTHORITY)
    assert requests.get(f"{server}/echo", timeout=TIMEOUT).headers["via"] == "auth"
    assert requests.get(f"{secure}/client", timeout=TIMEOUT).text == "false"
    assert len(between.seen()) == 2
    no_environment.setenv("no_proxy", "127.0.0.1,localhost")
    assert "via" not in requests.get(f"{server}/echo", timeout=TIMEOUT).headers
    with requests.Session() as session:
        session.trust_env = False
        assert "via" not in session.get(f"{server}/echo", timeout=TIMEOUT).headers
    assert between.seen() == []


def test_requests_asks_with_a_header_for_the_tunnel(secure: str, proxy: Callable[[str], Proxy]) -> None:
    between = proxy("auth")
    with pytest.raises(requests.exceptions.ProxyError, match="407"):
        requests.get(f"{secure}/client", proxies={"https": between.url}, verify=AUTHORITY, timeout=TIMEOUT)
    proxies = {"https": between.with_password}
    assert requests.get(f"{secure}/client", proxies=proxies, verify=AUTHORITY, timeout=TIMEOUT).text == "false"


def test_httpx_looks_into_the_environment(
    server: str, proxy: Callable[[str], Proxy], no_environment: pytest.MonkeyPatch
) -> None:
    between = proxy("plain")
    no_environment.setenv("ALL_PROXY", between.url)
    with httpx.Client() as client:
        assert client.get(f"{server}/echo").headers["via"] == "plain"
    no_environment.setenv("NO_PROXY", "127.0.0.1")
    with httpx.Client() as client:
        assert "via" not in client.get(f"{server}/echo").headers
    with httpx.Client(trust_env=False) as client:
        assert "via" not in client.get(f"{server}/echo").headers
    assert between.seen() == ["GET /echo"]


def test_httpx_chooses_by_host(server: str, proxy: Callable[[str], Proxy]) -> None:
    between = proxy("plain")
    mounts = {"all://localhost": httpx.HTTPTransport(proxy=between.url)}
    with httpx.Client(mounts=mounts) as client:
        assert "via" not in client.get(f"{server}/echo").headers
        assert client.get(f"{server.replace('127.0.0.1', 'localhost')}/echo").headers["via"] == "plain"


async def test_aiohttp_looks_into_the_environment(
    server: str, proxy: Callable[[str], Proxy], no_environment: pytest.MonkeyPatch
) -> None:
    between = proxy("auth")
    no_environment.setenv("http_proxy", between.with_password)
    async with aiohttp.ClientSession(trust_env=True) as session, session.get(f"{server}/echo") as got:
        assert got.headers["via"] == "auth"
    async with aiohttp.ClientSession() as session, session.get(f"{server}/echo") as got:
        assert "via" not in got.headers
    assert between.seen() == ["GET /echo"]
