"""httpx, unmodified, over sockets: in both of its forms."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pyodide.ffi import run_sync

TLS = Path(__file__).parent / "tls"
# Nobody listens there.
REFUSED = "http://127.0.0.1:1/"


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=5) as client:
        yield client


def test_get(client: httpx.Client, server: str) -> None:
    response = client.get(f"{server}/echo", params={"a": "1"}, headers={"X-Mine": "yes"})
    assert (response.status_code, response.reason_phrase, response.http_version) == (200, "OK", "HTTP/1.1")
    assert response.json()["query"] == "?a=1"


def test_bodies(client: httpx.Client, server: str) -> None:
    def parts() -> Iterator[bytes]:
        yield b"pay"
        yield b"load"

    assert client.post(f"{server}/echo", content=parts()).json()["body"] == "payload"
    assert client.post(f"{server}/echo", json={"a": 1}).json()["body"] == '{"a":1}'
    with client.stream("GET", f"{server}/large") as response:
        assert sum(map(len, response.iter_bytes())) == 1_000_000


def test_timeouts(client: httpx.Client, server: str) -> None:
    with pytest.raises(httpx.ReadTimeout):
        client.get(f"{server}/slow-head?ms=5000", timeout=httpx.Timeout(5, read=0.1))
    limits = httpx.Limits(max_connections=1)
    with httpx.Client(limits=limits, timeout=httpx.Timeout(5, pool=0.1)) as one:
        with one.stream("GET", f"{server}/large"), pytest.raises(httpx.PoolTimeout):
            one.get(f"{server}/echo")
        assert one.get(f"{server}/echo").status_code == 200


def test_errors(client: httpx.Client, server: str) -> None:
    with pytest.raises(httpx.ConnectError, match="Connection refused"):
        client.get(REFUSED)
    with pytest.raises(httpx.ConnectError):
        client.get("http://no-such-host.invalid/")
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        client.get(f"{server}/reset")
    with pytest.raises(httpx.RemoteProtocolError):
        client.get(f"{server}/cut")


def test_certificates(client: httpx.Client, server: str) -> None:
    trusting = ssl.create_default_context(cafile=str(TLS / "authority.pem"))
    url = client.get(f"{server}/secure-url?certificate=server").text
    with httpx.Client(verify=trusting) as trusted:
        assert trusted.get(f"{url}/client").text == "false"
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        client.get(url)


def test_many_at_once(server: str) -> None:
    async def main() -> list[str]:
        async with httpx.AsyncClient(timeout=5) as client:
            responses = await asyncio.gather(*(client.get(f"{server}/slow-head?ms=100") for _ in range(20)))
            return [response.text for response in responses]

    assert run_sync(main()) == ["late"] * 20


def test_the_asynchronous_client_raises_the_same(server: str) -> None:
    async def main() -> None:
        async with httpx.AsyncClient(timeout=httpx.Timeout(5, read=0.1)) as client:
            with pytest.raises(httpx.ReadTimeout):
                await client.get(f"{server}/slow-head?ms=5000")
            with pytest.raises(httpx.ConnectError):
                await client.get(REFUSED)
            trusting = ssl.create_default_context(cafile=str(TLS / "authority.pem"))
            url = (await client.get(f"{server}/secure-url?certificate=server")).text
            async with httpx.AsyncClient(verify=trusting) as trusted:
                assert (await trusted.get(f"{url}/client")).text == "false"

    run_sync(main())
