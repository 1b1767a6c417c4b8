"""Retries that sleep: tenacity and backoff, in the main thread, in threads and in coroutines."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import backoff
import pytest
import requests
import tenacity

MEETING = 20.0


def failing(times: int) -> Callable[[], str]:
    """A function that fails so often at first, in any thread."""
    left = threading.local()

    def call() -> str:
        left.count = getattr(left, "count", times)
        if left.count:
            left.count -= 1
            raise ConnectionError(f"{left.count} left")
        return "done"

    return call


@pytest.mark.parametrize("where", ["main", "threads"])
def test_tenacity_sleeps_between(where: str) -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        time.sleep(seconds)

    call = tenacity.retry(wait=tenacity.wait_fixed(0.002), stop=tenacity.stop_after_attempt(5), sleep=sleep)(failing(3))
    if where == "main":
        assert call() == "done"
    else:
        with ThreadPoolExecutor(4) as pool:
            assert [task.result() for task in [pool.submit(call) for _ in range(4)]].count("done") == 4
    assert set(slept) == {0.002}
    assert len(slept) >= 3


def test_tenacity_gives_up() -> None:
    call = tenacity.retry(wait=tenacity.wait_none(), stop=tenacity.stop_after_attempt(2), reraise=True)(failing(3))
    with pytest.raises(ConnectionError, match="1 left"):
        call()


async def test_tenacity_awaits_in_coroutines() -> None:
    attempts = 0

    @tenacity.retry(wait=tenacity.wait_fixed(0.002), stop=tenacity.stop_after_attempt(3))
    async def call() -> int:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            raise ConnectionError
        return attempts

    assert await call() == 3


def test_backoff_sleeps_between() -> None:
    waits: list[float] = []
    function = failing(3)

    @backoff.on_exception(
        backoff.expo,
        ConnectionError,
        max_tries=4,
        factor=0.002,
        jitter=None,
        on_backoff=lambda each: waits.append(each["wait"]),
    )
    def call() -> str:
        return function()

    assert call() == "done"
    assert waits == [0.002, 0.004, 0.008]


async def test_backoff_awaits_in_coroutines() -> None:
    answers = iter([None, None, "there"])

    @backoff.on_predicate(backoff.constant, interval=0.002, jitter=None, max_tries=5)
    async def call() -> str | None:
        return next(answers)

    assert await call() == "there"


def test_retries_of_requests(server: str) -> None:
    @tenacity.retry(
        wait=tenacity.wait_fixed(0.002),
        stop=tenacity.stop_after_attempt(3),
        retry=tenacity.retry_if_exception_type(requests.HTTPError),
        reraise=True,
    )
    def get() -> None:
        requests.get(f"{server}/nothing-is-here", timeout=MEETING).raise_for_status()

    with pytest.raises(requests.HTTPError, match="404"):
        get()
    assert get.statistics["attempt_number"] == 3
