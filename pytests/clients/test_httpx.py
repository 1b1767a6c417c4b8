"""httpx alone and httpx2, in both of their forms."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from adapters import TIMEOUT

if TYPE_CHECKING:
    import httpx


@pytest.fixture(name="httpx", params=["httpx", "httpx2"])
def module(request: pytest.FixtureRequest) -> Any:
    return importlib.import_module(request.param)


@pytest.fixture
def http(httpx: Any) -> Iterator[httpx.Client]:
    with httpx.Client(timeout=TIMEOUT) as client:
        yield client


def test_get(http: httpx.Client, server: str) -> None:
    response = http.get(f"{server}/echo", params={"a": "1"}, headers={"X-Mine": "yes"})
    assert (response.status_code, response.reason_phrase, response.http_version) == (200, "OK", "HTTP/1.1")
    assert response.json()["query"] == "?a=1"
    assert 0 <= response.elapsed.total_seconds() < 60


def test_bodies(http: httpx.Client, server: str) -> None:
    assert http.post(f"{server}/echo", json={"a": 1}).json()["body"] == '{"a":1}'
    assert http.post(f"{server}/echo", data={"a": "1 2"}).json()["body"] == "a=1+2"
    assert 'filename="name"' in http.post(f"{server}/echo", files={"f": ("name", b"content")}).json()["body"]


def test_digest(httpx: Any, http: httpx.Client, server: str) -> None:
    assert http.get(f"{server}/digest", auth=httpx.DigestAuth("user", "pass")).status_code == 200


@pytest.mark.tasks  # a lock that is held is an error at once in a synchronous call, since nobody could release it
def test_the_pool_has_a_time_limit(httpx: Any, server: str) -> None:
    limits = httpx.Limits(max_connections=1)
    with httpx.Client(limits=limits, timeout=httpx.Timeout(TIMEOUT, pool=0.1)) as one:
        with one.stream("GET", f"{server}/large"), pytest.raises(httpx.PoolTimeout):
            one.get(f"{server}/echo")
        assert one.get(f"{server}/echo").status_code == 200


def test_writes_have_a_time_limit(httpx: Any, raw: str) -> None:
    """The server reads nothing behind the head."""
    with (
        httpx.Client(timeout=httpx.Timeout(TIMEOUT, write=0.2)) as client,
        pytest.raises((httpx.WriteTimeout, httpx.WriteError)),
    ):
        client.post(f"{raw}/reads-nothing", content=(bytes(1 << 20) for _ in range(64)))


def test_events(httpx: Any, server: str) -> None:
    seen: list[object] = []
    hooks = {
        "request": [lambda each: seen.append(each.method)],
        "response": [lambda each: seen.append(each.status_code)],
    }
    with httpx.Client(event_hooks=hooks, timeout=TIMEOUT, base_url=server) as client:
        client.put("/status?code=404")
    assert seen == ["PUT", 404]


async def test_many_at_once(httpx: Any, server: str) -> None:
    async with httpx.AsyncClient(timeout=TIMEOUT) as client:
        responses = await asyncio.gather(*(client.get(f"{server}/gathered?count=20") for _ in range(20)))
    assert len({response.json()["number"] for response in responses}) == 20


async def test_a_deadline_of_asyncio(httpx: Any, server: str) -> None:
    async with httpx.AsyncClient(timeout=TIMEOUT) as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await client.get(f"{server}/slow-head?ms=20000")
        assert (await client.get(f"{server}/echo")).status_code == 200
