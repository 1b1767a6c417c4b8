"""One way to ask for all clients: what is told of a request, and of a response, is what each of them has."""

from __future__ import annotations

import asyncio
import inspect
import ssl
import sys
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

import aiohttp
import httpx
import requests
import urllib3

TIMEOUT = 20  # of what is not to take long, on the slowest machine
REDIRECTS_ALONE = urllib3.Retry(total=None, connect=False, read=False, status=False, other=False, redirect=3)


@dataclass(frozen=True)
class Answer:
    status: int
    reason: str
    version: str
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]


@dataclass(frozen=True)
class Request:
    method: str
    url: str
    headers: dict[str, str]
    body: Any
    timeout: float | tuple[float, float]
    redirects: bool
    proxy: str | None
    verify: str | bool

    def times(self) -> tuple[float, float]:
        """To connect, and to read."""
        return self.timeout if isinstance(self.timeout, tuple) else (self.timeout, self.timeout)


def _with_urllib3(asked: Request) -> Answer:
    connect, read = asked.times()
    known: dict[str, Any] = {"retries": REDIRECTS_ALONE if asked.redirects else False}
    if isinstance(asked.verify, str):
        known["ca_certs"] = asked.verify
    elif not asked.verify:
        known["cert_reqs"] = "CERT_NONE"
    pool = urllib3.ProxyManager(asked.proxy, **known) if asked.proxy else urllib3.PoolManager(**known)
    with pool:
        got = pool.request(
            asked.method,
            asked.url,
            headers=asked.headers,
            body=asked.body,
            timeout=urllib3.Timeout(connect=connect, read=read),
            redirect=asked.redirects,
        )
    return Answer(
        got.status, got.reason, f"{got.version // 10}.{got.version % 10}", list(got.headers.items()), got.data
    )


def _with_requests(asked: Request) -> Answer:
    with requests.Session() as session:
        session.max_redirects = 3
        got = session.request(
            asked.method,
            asked.url,
            headers=asked.headers,
            data=asked.body,
            timeout=asked.times(),
            allow_redirects=asked.redirects,
            proxies=asked.proxy and {"http": asked.proxy, "https": asked.proxy},
            verify=asked.verify,
        )
        version = f"{got.raw.version // 10}.{got.raw.version % 10}"
        return Answer(got.status_code, got.reason, version, list(got.raw.headers.items()), got.content)


def _tls(verify: str | bool) -> ssl.SSLContext | bool:
    return ssl.create_default_context(cafile=verify) if isinstance(verify, str) else verify


def _for_httpx(asked: Request) -> tuple[dict[str, Any], dict[str, Any]]:
    connect, read = asked.times()
    tls = _tls(asked.verify)
    proxy = asked.proxy
    if asked.proxy is not None and asked.proxy.startswith("https:"):
        proxy = httpx.Proxy(asked.proxy, ssl_context=tls if isinstance(tls, ssl.SSLContext) else None)
    client = {
        "timeout": httpx.Timeout(read, connect=connect),
        "verify": tls,
        "proxy": proxy,
        "follow_redirects": asked.redirects,
        "max_redirects": 3,
    }
    return client, {"method": asked.method, "url": asked.url, "headers": asked.headers, "content": asked.body}


def _httpx_answer(got: httpx.Response) -> Answer:
    headers = [(name.decode(), value.decode("latin-1")) for name, value in got.headers.raw]
    return Answer(got.status_code, got.reason_phrase, got.http_version.removeprefix("HTTP/"), headers, got.content)


def _with_httpx(asked: Request) -> Answer:
    client, request = _for_httpx(asked)
    with httpx.Client(**client) as opened:
        return _httpx_answer(opened.request(**request))


async def _in_parts(body: Iterable[bytes]) -> Any:
    for part in body:
        yield part


async def _with_httpx_async(asked: Request) -> Answer:
    client, request = _for_httpx(asked)
    async with httpx.AsyncClient(**client) as opened:
        content = _in_parts(asked.body) if hasattr(asked.body, "__next__") else asked.body
        return _httpx_answer(await opened.request(**{**request, "content": content}))


async def _with_aiohttp(asked: Request) -> Answer:
    connect, read = asked.times()
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(sock_connect=connect, sock_read=read)) as session,
        session.request(
            asked.method,
            asked.url,
            headers=asked.headers,
            data=_in_parts(asked.body) if inspect.isgenerator(asked.body) else asked.body,
            allow_redirects=asked.redirects,
            max_redirects=3,
            proxy=asked.proxy,
            ssl=_tls(asked.verify),
        ) as got,
    ):
        version = f"{got.version.major}.{got.version.minor}"
        headers = [(name.decode(), value.decode("latin-1")) for name, value in got.raw_headers]
        return Answer(got.status, got.reason, version, headers, await got.read())


def _run(coroutine: Any) -> Any:
    if sys.platform != "emscripten":
        return asyncio.run(coroutine)
    from pyodide.ffi import run_sync

    return run_sync(coroutine)


@dataclass(frozen=True)
class Client:
    name: str
    call: Callable[[Request], Answer | Awaitable[Answer]]
    asynchronous: bool = False

    def __call__(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str] | None = None,
        body: Any = None,
        timeout: float | tuple[float, float] = TIMEOUT,
        redirects: bool = True,
        proxy: str | None = None,
        verify: str | bool = True,
    ) -> Answer:
        """Ask on a connection of its own. Raises what the client raises."""
        asked = Request(method, url, headers or {}, body, timeout, redirects, proxy, verify)
        answer = self.call(asked)
        return _run(answer) if self.asynchronous else answer

    def __repr__(self) -> str:
        return self.name


CLIENTS = {
    client.name: client
    for client in (
        Client("urllib3", _with_urllib3),
        Client("requests", _with_requests),
        Client("httpx", _with_httpx),
        Client("httpx-async", _with_httpx_async, asynchronous=True),
        Client("aiohttp", _with_aiohttp, asynchronous=True),
    )
}
