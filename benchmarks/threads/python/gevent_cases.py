"""The cases of thread_cases.py as gevent has them: its own greenlets, locks and queues, and patched modules."""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import time  # noqa: E402
from collections.abc import Callable  # noqa: E402

import gevent  # noqa: E402
import gevent.lock  # noqa: E402
import gevent.pool  # noqa: E402
import gevent.queue  # noqa: E402
import thread_cases  # noqa: E402


def start_join(_url: str, n: int) -> float:
    begin = time.perf_counter()
    for _ in range(n):
        gevent.spawn(int).join()
    return (time.perf_counter() - begin) * 1e6


def ping_pong(_url: str, n: int) -> float:
    ping, pong = gevent.lock.Semaphore(0), gevent.lock.Semaphore(0)

    def answer() -> None:
        for _ in range(n):
            ping.acquire()
            pong.release()

    other = gevent.spawn(answer)
    begin = time.perf_counter()
    for _ in range(n):
        ping.release()
        pong.acquire()
    us = (time.perf_counter() - begin) * 1e6
    other.join()
    return us


def through_queue(_url: str, n: int) -> float:
    items: gevent.queue.Queue[int] = gevent.queue.Queue(thread_cases.QUEUE_SIZE)

    def put() -> None:
        for i in range(n):
            items.put(i)

    begin = time.perf_counter()
    other = gevent.spawn(put)
    for _ in range(n):
        items.get()
    us = (time.perf_counter() - begin) * 1e6
    other.join()
    return us


def sleepers(_url: str, n: int) -> float:
    wakes = time.monotonic() + 3 + n / 2000

    def sleep() -> None:
        gevent.sleep(max(0.0, wakes - time.monotonic()))

    begin = time.perf_counter()
    greenlets = [gevent.spawn(sleep) for _ in range(n)]
    gevent.sleep(0)
    us = (time.perf_counter() - begin) * 1e6
    gevent.joinall(greenlets, raise_error=True)
    return us


def pool_requests(url: str, n: int) -> float:
    import requests

    def get(_: int) -> int:
        return len(requests.get(f"{url}/slow").content)

    begin = time.perf_counter()
    for _ in range(n):
        if set(gevent.pool.Pool(thread_cases.WORKERS).map(get, range(thread_cases.REQUESTS))) != {13}:
            raise AssertionError("a request failed")
    return (time.perf_counter() - begin) * 1e6


OWN: dict[str, Callable[[str, int], float]] = {
    "start_join": start_join,
    "ping_pong": ping_pong,
    "queue": through_queue,
    "sleep_10k_ms": sleepers,
    "pool_requests_ms": pool_requests,
}
thread_cases.CASES.update(OWN)
main = thread_cases.main
