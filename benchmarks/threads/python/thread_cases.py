"""The cases of ./dev bench threads: on CPython and on blockon's; gevent_cases.py has what gevent does otherwise.

``main`` takes {"case", "n", "url"} as JSON and prints a line: {"us": microseconds of all n} or {"error": text}.
"""

from __future__ import annotations

import json
import queue
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

REQUESTS = 1000
WORKERS = 100
QUEUE_SIZE = 64


def start_join(_url: str, n: int) -> float:
    begin = time.perf_counter()
    for _ in range(n):
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
    return (time.perf_counter() - begin) * 1e6


def lock_uncontended(_url: str, n: int) -> float:
    lock = threading.Lock()
    begin = time.perf_counter()
    for _ in range(n):
        lock.acquire()
        lock.release()
    return (time.perf_counter() - begin) * 1e6


def ping_pong(_url: str, n: int) -> float:
    """There and back between two threads, each of which waits for a lock that the other releases."""
    ping, pong = threading.Lock(), threading.Lock()
    ping.acquire()
    pong.acquire()

    def answer() -> None:
        for _ in range(n):
            ping.acquire()
            pong.release()

    thread = threading.Thread(target=answer)
    thread.start()
    begin = time.perf_counter()
    for _ in range(n):
        ping.release()
        pong.acquire()
    us = (time.perf_counter() - begin) * 1e6
    thread.join()
    return us


def greenlet_switch(_url: str, n: int) -> float:
    """There and back between two greenlets."""
    import greenlet

    here = greenlet.getcurrent()

    def loop() -> None:
        while True:
            here.switch()

    other = greenlet.greenlet(loop)
    switch = other.switch
    switch()
    begin = time.perf_counter()
    for _ in range(n):
        switch()
    return (time.perf_counter() - begin) * 1e6


def through_queue(_url: str, n: int) -> float:
    """Items from one thread to another."""
    items: queue.Queue[int] = queue.Queue(QUEUE_SIZE)

    def put() -> None:
        for i in range(n):
            items.put(i)

    thread = threading.Thread(target=put)
    begin = time.perf_counter()
    thread.start()
    total = 0
    for _ in range(n):
        total += items.get()
    us = (time.perf_counter() - begin) * 1e6
    thread.join()
    if total != n * (n - 1) // 2:
        raise AssertionError("items were lost")
    return us


def sleepers(_url: str, n: int) -> float:
    """Start n threads that sleep, until all have been started and for a moment after, for their memory to be seen."""
    wakes = time.monotonic() + 3 + n / 2000
    woke = []

    def sleep() -> None:
        time.sleep(max(0.0, wakes - time.monotonic()))
        woke.append(None)

    threads = [threading.Thread(target=sleep) for _ in range(n)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    us = (time.perf_counter() - begin) * 1e6
    if time.monotonic() > wakes - 0.2:
        raise AssertionError(f"{n} threads were not started in time")
    for thread in threads:
        thread.join()
    if len(woke) != n:
        raise AssertionError(f"{n - len(woke)} threads did not wake")
    return us


def pool_requests(url: str, n: int) -> float:
    """n times: a thousand requests by a hundred threads, each answered after 100 ms."""
    import requests

    def get(_: int) -> int:
        return len(requests.get(f"{url}/slow").content)

    begin = time.perf_counter()
    for _ in range(n):
        with ThreadPoolExecutor(WORKERS) as pool:
            if set(pool.map(get, range(REQUESTS))) != {13}:
                raise AssertionError("a request failed")
    return (time.perf_counter() - begin) * 1e6


CASES: dict[str, Callable[[str, int], float]] = {
    "start_join": start_join,
    "lock_uncontended": lock_uncontended,
    "ping_pong": ping_pong,
    "greenlet_switch": greenlet_switch,
    "queue": through_queue,
    "sleep_10k_ms": sleepers,
    "pool_requests_ms": pool_requests,
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
