"""The cases of ./dev bench http as Python has them: the same file on CPython, on stock Pyodide and on blockon's.

``main`` takes {"case", "n", "url"} as JSON and prints a line: {"us": microseconds of all n} or {"error": text}.
"""

from __future__ import annotations

import asyncio
import functools
import http.client
import json
import sys
import threading
import time
import urllib.parse
from collections.abc import Callable

SHORT = b"hello, world\n"
LARGE = 10 * 1024 * 1024
HAS_THREADS = sys.platform != "emscripten"


def _checked(body: bytes) -> None:
    if body != SHORT:
        raise AssertionError(f"the server answered {body[:40]!r}")


# Each of these makes a function that does one request, on a connection that is kept.


@functools.cache
def http_client(url: str) -> Callable[[], None]:
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc)

    def get() -> None:
        connection.request("GET", "/short")
        _checked(connection.getresponse().read())

    return get


@functools.cache
def urllib3_get(url: str) -> Callable[[], None]:
    import urllib3

    pool = urllib3.PoolManager()
    return lambda: _checked(pool.request("GET", f"{url}/short").data)


@functools.cache
def requests_get(url: str) -> Callable[[], None]:
    import requests

    session = requests.Session()
    return lambda: _checked(session.get(f"{url}/short").content)


@functools.cache
def httpx_get(url: str) -> Callable[[], None]:
    import httpx

    client = httpx.Client()
    return lambda: _checked(client.get(f"{url}/short").content)


@functools.cache
def down(url: str) -> Callable[[], None]:
    import urllib3

    pool = urllib3.PoolManager()

    def get() -> None:
        if len(pool.request("GET", f"{url}/large").data) != LARGE:
            raise AssertionError("the body is not whole")

    return get


@functools.cache
def up(url: str) -> Callable[[], None]:
    import urllib3

    pool = urllib3.PoolManager()
    body = bytes(LARGE)

    def post() -> None:
        if int(pool.request("POST", f"{url}/take", body=body).data) != LARGE:
            raise AssertionError("the body did not come whole")

    return post


def _at_once(count: int, function: Callable[[], None]) -> None:
    """All of them at the same time: threads where there are any, else tasks, each of which blocks by itself."""
    done = []

    def call() -> None:
        function()
        done.append(None)

    if HAS_THREADS:
        threads = [threading.Thread(target=call) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    else:
        from pyodide.ffi import run_sync

        async def task() -> None:
            call()

        async def tasks() -> None:
            await asyncio.gather(*(task() for _ in range(count)))

        run_sync(tasks())
    if len(done) != count:
        raise AssertionError(f"{count - len(done)} of {count} requests failed")


@functools.cache
def many(url: str, count: int) -> Callable[[], None]:
    import requests
    from requests.adapters import HTTPAdapter

    session = requests.Session()
    session.mount("http://", HTTPAdapter(pool_connections=1, pool_maxsize=count))
    return lambda: _at_once(count, lambda: _checked(session.get(f"{url}/slow").content))


def _timed(function: Callable[[], None], n: int) -> float:
    begin = time.perf_counter()
    for _ in range(n):
        function()
    return (time.perf_counter() - begin) * 1e6


def _bridge(url: str, n: int) -> float:
    """What a request costs more where it cannot suspend, since JavaScript called Python synchronously."""
    import js
    from pyodide.ffi import create_proxy

    get = urllib3_get(url)
    suspended = _timed(get, n)
    blocked: list[float] = []
    proxy = create_proxy(lambda *_: blocked.append(_timed(get, n)))
    try:
        js.Array.of(0).forEach(proxy)
    finally:
        proxy.destroy()
    return blocked[0] - suspended


CASES: dict[str, Callable[[str, int], float]] = {
    "http_client": lambda url, n: _timed(http_client(url), n),
    "urllib3": lambda url, n: _timed(urllib3_get(url), n),
    "requests": lambda url, n: _timed(requests_get(url), n),
    "httpx": lambda url, n: _timed(httpx_get(url), n),
    "requests_100": lambda url, n: _timed(many(url, 100), n),
    "requests_1000": lambda url, n: _timed(many(url, 1000), n),
    "down_10m": lambda url, n: _timed(down(url), n),
    "up_10m": lambda url, n: _timed(up(url), n),
    "bridge": _bridge,
}


def main(arguments: str) -> int:
    asked = json.loads(arguments)
    try:
        answer = {"us": CASES[asked["case"]](asked["url"], asked["n"])}
    except Exception as error:  # noqa: BLE001 - the other side is told
        answer = {"error": f"{type(error).__name__}: {error}"[:300]}
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
    return 0
