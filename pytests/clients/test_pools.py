"""Connections that are kept, shared, waited for and given up: counted where they arrive."""

from __future__ import annotations

import asyncio
import itertools
import json
import ssl
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
import requests
import urllib3
from adapters import TIMEOUT
from at_once import at_once

AUTHORITY = str(Path(__file__).parent.parent / "tls" / "authority.pem")
Get = Callable[[str], bytes]
_names = itertools.count()


def number(answer: bytes) -> int:
    """Of the connection that it came on."""
    found: int = json.loads(answer)["number"]
    return found


def by_urllib3(pool: urllib3.PoolManager) -> Get:
    return lambda url: pool.request("GET", url, retries=False, timeout=TIMEOUT).data


def by_requests(session: requests.Session) -> Get:
    return lambda url: session.get(url, timeout=TIMEOUT, verify=AUTHORITY).content


def by_httpx(client: httpx.Client) -> Get:
    return lambda url: client.get(url).content


KEEPING = {
    "urllib3": lambda: by_urllib3(urllib3.PoolManager(ca_certs=AUTHORITY)),
    "requests": lambda: by_requests(requests.Session()),
    "httpx": lambda: by_httpx(httpx.Client(timeout=TIMEOUT, verify=ssl.create_default_context(cafile=AUTHORITY))),
}


@pytest.mark.parametrize("keeping", KEEPING)
def test_connections_are_kept(server: str, other: Callable[..., str], keeping: str) -> None:
    get = KEEPING[keeping]()
    for url in (server, other("secure", certificate="server")):
        first = json.loads(get(f"{url}/connection"))
        for path in ("/status?code=404", "/status?code=204", "/gzip", "/large"):
            get(f"{url}{path}")
        last = json.loads(get(f"{url}/connection"))
        assert last == {"number": first["number"], "requests": first["requests"] + 5}


def test_without_a_session_none_is_kept(server: str) -> None:
    numbers = {number(requests.get(f"{server}/connection", timeout=TIMEOUT).content) for _ in range(3)}
    assert len(numbers) == 3


def test_a_connection_that_the_server_closed_is_replaced(server: str) -> None:
    for make in KEEPING.values():
        get = make()
        assert get(f"{server}/last") == b"closes"
        assert get(f"{server}/last") == b"closes"


@pytest.mark.tasks
def test_two_tasks_share_one_connection(server: str) -> None:
    """A pool with ``block=True``: the second waits for the first."""
    with urllib3.connectionpool.connection_from_url(server, maxsize=1, block=True) as pool:
        answers = at_once(*[lambda: pool.request("GET", "/slow-connection?ms=20").data] * 4)
        assert len(set(map(number, answers))) == 1
        assert (pool.num_connections, pool.num_requests) == (1, 4)


@pytest.mark.tasks
def test_a_pool_is_not_waited_for_without_an_end(server: str) -> None:
    with urllib3.connectionpool.connection_from_url(server, maxsize=1, block=True) as pool:
        response = pool.request("GET", "/large", preload_content=False)
        with pytest.raises(urllib3.exceptions.EmptyPoolError):
            pool.request("GET", "/echo", pool_timeout=0.05)

        def give_back() -> None:
            time.sleep(0.05)
            response.drain_conn()
            response.release_conn()

        got = at_once(lambda: pool.request("GET", "/echo", pool_timeout=TIMEOUT).status, give_back)
        assert got == [200, None]


@pytest.mark.tasks
def test_requests_blocks_on_its_pool(server: str) -> None:
    with requests.Session() as session:
        session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=2, pool_block=True))
        answers = at_once(*[lambda: session.get(f"{server}/gathered?count=2", timeout=TIMEOUT).content] * 6)
        assert len(set(map(number, answers))) == 2


@pytest.mark.tasks
def test_httpx_waits_for_its_pool(server: str) -> None:
    with httpx.Client(limits=httpx.Limits(max_connections=2), timeout=TIMEOUT) as client:
        answers = at_once(*[lambda: client.get(f"{server}/gathered?count=2").content] * 6)
        # In threads of the system httpcore's pool may close a connection that another thread is about to read from.
        if sys.platform != "emscripten" and any(isinstance(each, httpx.ReadError) for each in answers):
            pytest.xfail("httpcore's pool raced with itself")
        assert len(set(map(number, answers))) == 2


def test_a_pool_that_does_not_wait_opens_more(server: str) -> None:
    with urllib3.PoolManager(maxsize=1, retries=False) as pool:
        held = [pool.request("GET", f"{server}/large", preload_content=False) for _ in range(3)]
        assert [len(response.data) for response in held] == [1_000_000] * 3
        known = pool.connection_from_url(server)
        assert (known.num_connections, known.num_requests) == (3, 3)


@pytest.mark.parametrize("path", ["/slow-head", "/slow-body"])
def test_pools_are_usable_after_a_timeout(server: str, path: str) -> None:
    short = urllib3.Timeout(connect=TIMEOUT, read=0.1)
    with urllib3.PoolManager(maxsize=1, block=True, retries=False) as pool:
        before = number(pool.request("GET", f"{server}/connection").data)
        with pytest.raises(urllib3.exceptions.ReadTimeoutError):
            pool.request("GET", f"{server}{path}?ms=20000", timeout=short)
        assert number(pool.request("GET", f"{server}/connection", timeout=TIMEOUT).data) != before
    with requests.Session() as session:
        session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=1, pool_block=True))
        with pytest.raises((requests.exceptions.ReadTimeout, requests.exceptions.ConnectionError)):
            session.get(f"{server}{path}?ms=20000", timeout=(TIMEOUT, 0.1))
        assert session.get(f"{server}/echo", timeout=TIMEOUT).status_code == 200
    with httpx.Client(limits=httpx.Limits(max_connections=1)) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.get(f"{server}{path}?ms=20000", timeout=httpx.Timeout(TIMEOUT, read=0.1))
        assert client.get(f"{server}/echo", timeout=TIMEOUT).status_code == 200


def test_retries(server: str) -> None:
    with urllib3.PoolManager() as pool:
        retries = urllib3.Retry(5, backoff_factor=0.001, status_forcelist=[503])
        name = f"retry-{next(_names)}"
        response = pool.request("GET", f"{server}/third-time?name={name}", retries=retries)
        assert (response.data, len(response.retries.history)) == (b"now", 2)
        with pytest.raises(urllib3.exceptions.MaxRetryError, match="too many 503 error responses"):
            few = urllib3.Retry(1, status_forcelist=[503])
            pool.request("GET", f"{server}/third-time?name={name}-few", retries=few)


def closing() -> dict[str, Callable[[str], None]]:
    """Begin to read a body that goes on, and give it up."""

    def with_urllib3(url: str) -> None:
        response = urllib3.PoolManager().request("GET", url, preload_content=False)
        assert response.read1() == b"begin"
        response.close()

    def with_requests(url: str) -> None:
        with requests.get(url, stream=True, timeout=TIMEOUT) as response:
            assert next(response.iter_content(None)) == b"begin"

    def with_httpx(url: str) -> None:
        with httpx.stream("GET", url, timeout=TIMEOUT) as response:
            assert next(response.iter_raw()) == b"begin"

    return {"urllib3": with_urllib3, "requests": with_requests, "httpx": with_httpx}


@pytest.mark.parametrize("how", ["urllib3", "requests", "httpx"])
def test_closing_early_closes_the_connection(server: str, how: str) -> None:
    query = f"name=closed-{how}-{next(_names)}"
    closing()[how](f"{server}/held?{query}&body")
    assert urllib3.request("GET", f"{server}/held-has-gone?{query}", timeout=TIMEOUT, retries=False).data == b"gone"


async def test_asynchronous_clients_keep_connections(server: str) -> None:
    async with httpx.AsyncClient(timeout=TIMEOUT) as client, aiohttp.ClientSession() as session:

        async def with_httpx(path: str) -> bytes:
            return (await client.get(server + path)).content

        async def with_aiohttp(path: str) -> bytes:
            async with session.get(server + path) as got:
                return await got.read()

        for get in (with_httpx, with_aiohttp):
            first = number(await get("/connection"))
            await get("/large")
            assert number(await get("/connection")) == first
            numbers = await asyncio.gather(*(get("/gathered?count=3") for _ in range(3)))
            assert len(set(map(number, numbers))) == 3


async def test_asynchronous_clients_wait_for_a_connection(server: str) -> None:
    async with (
        httpx.AsyncClient(limits=httpx.Limits(max_connections=2), timeout=TIMEOUT) as client,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=2)) as session,
    ):

        async def with_httpx() -> bytes:
            return (await client.get(f"{server}/gathered?count=2")).content

        async def with_aiohttp() -> bytes:
            async with session.get(f"{server}/gathered?count=2") as got:
                return await got.read()

        for get in (with_httpx, with_aiohttp):
            answers = await asyncio.gather(*(get() for _ in range(6)))
            assert len(set(map(number, answers))) == 2


async def test_cancelling_closes_the_connection(server: str) -> None:
    async def with_httpx(url: str) -> Any:
        async with httpx.AsyncClient(timeout=TIMEOUT) as client:
            return await client.get(url)

    async def with_aiohttp(url: str) -> Any:
        async with aiohttp.ClientSession() as session, session.get(url) as got:
            return await got.read()

    async with aiohttp.ClientSession() as session:

        async def told(path: str) -> str:
            async with session.get(server + path) as got:
                return await got.text()

        for get in (with_httpx, with_aiohttp):
            query = f"name={get.__name__}-{next(_names)}"
            task = asyncio.ensure_future(get(f"{server}/held?{query}&body"))
            assert await told(f"/held-has-come?{query}") == "come"
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await told(f"/held-has-gone?{query}") == "gone"
