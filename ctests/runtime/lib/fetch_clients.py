"""For fetch.test.ts: each client, one way to send a body in parts and one to read an answer in parts."""

from __future__ import annotations

import asyncio
import http.client
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httpx
import requests
import urllib3
from pyodide.ffi import run_sync

# How long a client waits for the fetch; None for as long as it takes.
limit: float | None = None


def _http_client(url: str, parts: Iterator[bytes] | None) -> Iterator[bytes]:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.netloc, timeout=limit)
    connection.request("POST" if parts else "GET", address.path, parts)
    response = connection.getresponse()
    yield from iter(lambda: response.read1(1000), b"")
    connection.close()


def _urllib(url: str, parts: Iterator[bytes] | None) -> Iterator[bytes]:
    with urllib.request.urlopen(urllib.request.Request(url, parts), timeout=limit) as response:
        yield from iter(lambda: response.read1(1000), b"")


def _urllib3(url: str, parts: Iterator[bytes] | None) -> Iterator[bytes]:
    response = urllib3.request(
        "POST" if parts else "GET", url, body=parts, preload_content=False, timeout=limit, retries=False
    )
    yield from response.stream(1000)


def _requests(url: str, parts: Iterator[bytes] | None) -> Iterator[bytes]:
    with requests.request("POST" if parts else "GET", url, data=parts, stream=True, timeout=limit) as response:
        yield from response.iter_content(1000)


def _httpx(url: str, parts: Iterator[bytes] | None) -> Iterator[bytes]:
    with (
        httpx.Client(timeout=limit) as client,
        client.stream("POST" if parts else "GET", url, content=parts) as response,
    ):
        yield from response.iter_bytes()


def _from_async(generator: Any) -> Iterator[bytes]:
    """A generator of what an asynchronous one yields."""
    try:
        while True:
            yield run_sync(anext(generator))
    except StopAsyncIteration:
        return
    finally:
        run_sync(generator.aclose())


async def _to_async(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
        await asyncio.sleep(0)


async def _httpx_async(url: str, parts: Iterator[bytes] | None) -> AsyncIterator[bytes]:
    async with (
        httpx.AsyncClient(timeout=limit) as client,
        client.stream("POST" if parts else "GET", url, content=parts and _to_async(parts)) as response,
    ):
        async for part in response.aiter_bytes():
            yield part


async def _aiohttp(url: str, parts: Iterator[bytes] | None) -> AsyncIterator[bytes]:
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(limit)) as session,
        session.request("POST" if parts else "GET", url, data=parts and _to_async(parts)) as response,
    ):
        async for part in response.content.iter_any():
            yield part


clients: dict[str, Callable[[str, Any], Any]] = {
    "http.client": _http_client,
    "urllib.request": _urllib,
    "urllib3": _urllib3,
    "requests": _requests,
    "httpx": _httpx,
    "httpx, asynchronous": lambda url, parts: _from_async(_httpx_async(url, parts)),
    "aiohttp": lambda url, parts: _from_async(_aiohttp(url, parts)),
}


def body_of(parts: Any) -> Iterator[bytes]:
    """Generate what JavaScript has of a body, the second part when its gate is open."""
    yield parts.next().encode()
    run_sync(parts.gate)
    while isinstance(part := parts.next(), str):
        yield part.encode()


def ask(client: str, url: str, parts: Iterator[bytes] | None = None, most: int | None = None) -> str:
    """The text of the answer's body, or of its first part that holds `most` bytes; or the exception's classes."""
    text = ""
    try:
        answer = clients[client](url, parts)
        try:
            for part in answer:
                text += part.decode()
                if most is not None and len(text) >= most:
                    break
        finally:
            answer.close()
    except Exception as error:
        return " ".join(class_.__name__ for class_ in type(error).__mro__) + f": {error}"
    return text
