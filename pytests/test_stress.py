"""Many tasks at once, each waiting in random ways from random places, while both collectors work.

BLOCKON_STRESS_ROUNDS says how often (10 unless told), BLOCKON_STRESS_SEED where the first round begins. A failure names
the seed of its round.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import os
import random
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

import js
import pytest
from pyodide.ffi import JsException, create_once_callable, run_sync

ROUNDS = int(os.environ.get("BLOCKON_STRESS_ROUNDS", "10"))
SEED = int(os.environ.get("BLOCKON_STRESS_SEED", "1"))
TASKS = 200
STEPS = 12


def promise(value: Any, ms: float, *, reject: bool = False) -> Any:
    resolvers = js.Promise.withResolvers()
    settle = resolvers.reject if reject else resolvers.resolve
    if ms < 0:
        settle(value)
    elif ms < 1:
        js.setImmediate(create_once_callable(lambda: settle(value)))
    else:
        js.setTimeout(create_once_callable(lambda: settle(value)), ms)
    return resolvers.promise


class Waits:
    """One task's ways to wait for a number; each returns that number."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def pause(self) -> float:
        return self.rng.choice((-1, 0, 0, 1, 3))

    def of_promise(self, number: int) -> int:
        return run_sync(promise(number, self.pause()))

    def of_rejection(self, number: int) -> int:
        with pytest.raises(JsException, match=f"^Error: number {number}$"):
            run_sync(promise(js.Error.new(f"number {number}"), self.pause(), reject=True))
        return number

    def of_coroutine(self, number: int) -> int:
        async def value() -> int:
            if self.rng.random() < 0.5:
                await promise(None, self.pause())
            return number

        return run_sync(value())

    def of_nested_coroutine(self, number: int) -> int:
        async def value() -> int:
            return self.of_promise(number) if self.rng.random() < 0.5 else self.of_future(number)

        return run_sync(value())

    def of_future(self, number: int) -> int:
        future = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(max(0, self.pause()) / 1000, future.set_result, number)
        return run_sync(future)

    def of_sleep(self, number: int) -> int:
        run_sync(asyncio.sleep(max(0, self.pause()) / 1000))
        return number

    def in_sort(self, number: int) -> int:
        first, _ = sorted([number + 1, number], key=self.of_promise)
        return first

    def in_reduce(self, number: int) -> int:
        return functools.reduce(lambda a, b: a + self.of_promise(b), [number, 1, -1])

    def in_sub(self, number: int) -> int:
        return int(re.sub(r"\d+", lambda match: str(self.of_promise(int(match[0]))), str(number)))

    def in_finally(self, number: int) -> int:
        try:
            raise KeyError(number)
        except KeyError as error:
            self.of_promise(number)
            assert sys.exception() is error
        finally:
            number = self.of_promise(number)
        return number

    def in_recursion(self, number: int, depth: int = 0) -> int:
        kept = [number] * 50
        result = self.of_promise(number) if depth == 40 else self.in_recursion(number, depth + 1)
        assert kept == [number] * 50
        return result

    def with_garbage(self, number: int) -> int:
        garbage: list[Any] = []
        for _ in range(100):
            garbage.append([garbage, {"number": number}])
        return self.of_promise(number)

    def ways(self) -> list[Callable[[int], int]]:
        return [getattr(self, name) for name in vars(type(self)) if name.startswith(("of_", "in_", "with_"))]


@pytest.fixture
def eager_collector() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(50, 2, 2)
    yield
    gc.set_threshold(*before)


@pytest.mark.usefixtures("eager_collector")
@pytest.mark.parametrize("seed", range(SEED, SEED + ROUNDS))
def test_random_waits(seed: int) -> None:
    master = random.Random(seed)
    order = [random.Random(master.getrandbits(64)) for _ in range(TASKS)]

    async def task(number: int, rng: random.Random) -> int:
        ways = Waits(rng).ways()
        for step in range(STEPS):
            expected = number * 1000 + step
            assert rng.choice(ways)(expected) == expected
        return number

    async def all_tasks() -> list[int]:
        return await asyncio.gather(*(task(number, rng) for number, rng in enumerate(order)))

    assert run_sync(all_tasks()) == list(range(TASKS))
