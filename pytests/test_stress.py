"""Many tasks at once, each waiting, raising, cancelling and recursing in random ways from random places.

Both collectors work meanwhile, and every piece of C stack that nobody may read is filled with 0xEE. Each task knows
what it must get. BLOCKON_STRESS_SECONDS says how long (10 unless told), BLOCKON_STRESS_SEED what the first round's seed
is. A failure names the seed of its round.
"""

from __future__ import annotations

import asyncio
import functools
import random
import re
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import _blockon
import blockon
import js
import pytest
from pyodide.ffi import JsException, create_once_callable, run_sync
from rounds import run_rounds

TASKS = 200
LOCK = threading.RLock()
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

    def of_time_sleep(self, number: int) -> int:
        time.sleep(max(0, self.pause()) / 1000)
        return number

    def of_lock(self, number: int) -> int:
        """Held while this task waits, so that others queue up for it."""
        with LOCK:
            return self.of_promise(number)

    def of_block_timeout(self, number: int) -> int:
        never = js.Promise.new(
            lambda *_: None
        )  # Pyodide's conversion hides an exception that comes in the middle of it.
        with pytest.raises(TimeoutError), blockon.timeout(max(0, self.pause()) / 1000):
            run_sync(never)
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

    def of_exception(self, number: int) -> int:
        error = KeyError(number)

        async def raises() -> None:
            await promise(None, self.pause())
            self.of_promise(number)
            raise error

        with pytest.raises(KeyError) as caught:
            run_sync(raises())
        assert caught.value is error
        return number

    def of_cancelled(self, number: int) -> int:
        """A task that is cancelled at some time, while it blocks, while it awaits, or too late; it takes it or not."""
        takes_it = self.rng.random() < 0.5
        ended: list[int] = []

        async def victim() -> int:
            try:
                result = self.of_promise(number)
                await asyncio.sleep(max(0, self.pause()) / 1000)
                return self.of_future(result)
            except asyncio.CancelledError:
                if takes_it:
                    raise
                return self.of_promise(number)
            finally:
                ended.append(self.of_promise(number))

        loop = asyncio.get_running_loop()
        task = loop.create_task(victim())
        loop.call_later(max(0, self.pause()) / 1000, task.cancel)
        try:
            return run_sync(task)
        except asyncio.CancelledError:
            return ended[0] if ended or not task.cancelled() else number  # it may not have begun
        finally:
            assert ended in ([number], [])
            assert task.done()

    def of_timeout(self, number: int) -> int:
        with pytest.raises(TimeoutError):
            run_sync(asyncio.wait_for(asyncio.get_running_loop().create_future(), max(0, self.pause()) / 1000))
        return number

    def of_interrupted_fiber(self, number: int) -> int:
        """A fiber that waits for ever, into which an exception is thrown."""
        if not hasattr(_blockon, "cancel"):
            return number
        error = KeyError(number)
        fiber = 0
        started = asyncio.Event()

        async def victim() -> None:
            nonlocal fiber
            fiber = _blockon.stats()["fiber_id"]
            started.set()
            run_sync(js.Promise.new(lambda *_: None))

        async def both() -> None:
            task = asyncio.ensure_future(victim())
            await started.wait()
            _blockon.cancel(fiber, error)
            await task

        with pytest.raises(KeyError) as caught:
            run_sync(both())
        assert caught.value is error
        return number

    def in_c_recursion(self, number: int) -> int:
        nested: list[Any] = [number]
        for _ in range(20_000):
            nested = [nested]
        with pytest.raises(RecursionError):
            repr(nested)
        result = self.of_promise(number)
        while isinstance(nested[0], list):
            nested = nested[0]
        assert nested == [number]
        return result

    def in_endless_recursion(self, number: int) -> int:
        waited = 0

        def endless(depth: int) -> int:
            nonlocal waited
            if depth == 100:
                waited = self.of_promise(number)
            return endless(depth + 1) + 1

        with pytest.raises(RecursionError):
            endless(0)
        return waited

    def with_garbage(self, number: int) -> int:
        garbage: list[Any] = []
        for _ in range(100):
            garbage.append([garbage, {"number": number}])
        return self.of_promise(number)

    def ways(self) -> list[Callable[[int], int]]:
        return [getattr(self, name) for name in vars(type(self)) if name.startswith(("of_", "in_", "with_"))]


def one_round(seed: int) -> None:
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

    try:
        assert run_sync(all_tasks()) == list(range(TASKS))
    except BaseException as error:
        error.add_note(f"BLOCKON_STRESS_SEED={seed}")
        raise


@pytest.mark.usefixtures("hostile")
def test_random_waits() -> None:
    run_rounds(one_round, usual_seconds=10)
