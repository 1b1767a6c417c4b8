"""concurrent.futures' threads, and asyncio's ways to them and back."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any

import pytest
from fibers import synchronously
from pyodide.ffi import run_sync


@pytest.fixture
def default_executor() -> Iterator[None]:
    """Ends the loop's own after the test."""
    yield
    run_sync(asyncio.get_event_loop().shutdown_default_executor())


class TestThreadPoolExecutor:
    def test_runs_side_by_side(self) -> None:
        barrier = threading.Barrier(4)

        def meets(number: int) -> int:
            barrier.wait(10)
            return number * number

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(meets, range(4))) == [0, 1, 4, 9]

    def test_more_work_than_threads(self) -> None:
        def sleeps(number: int) -> tuple[int, int]:
            time.sleep(0.001)
            return number, threading.get_ident()

        with ThreadPoolExecutor(3, thread_name_prefix="pool") as pool:
            futures = [pool.submit(sleeps, number) for number in range(30)]
            results = [future.result() for future in as_completed(futures)]
        assert sorted(number for number, _ in results) == list(range(30))
        assert len({ident for _, ident in results}) == 3

    def test_an_exception_is_the_futures(self) -> None:
        with ThreadPoolExecutor(1) as pool, pytest.raises(ZeroDivisionError):
            pool.submit(lambda: 1 // 0).result()

    def test_a_result_has_a_timeout(self) -> None:
        gate = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(gate.wait)
            with pytest.raises(FutureTimeoutError):
                future.result(0.001)
            gate.set()
            assert future.result() is True

    def test_an_initializer(self) -> None:
        local = threading.local()
        with ThreadPoolExecutor(2, initializer=lambda: setattr(local, "value", 1)) as pool:
            assert pool.submit(lambda: local.value).result() == 1
        assert not hasattr(local, "value")

    def test_where_nothing_can_be_suspended(self) -> None:
        pool = ThreadPoolExecutor(1)
        error = synchronously(lambda: pool.submit(int))
        assert isinstance(error, RuntimeError)
        assert str(error).startswith("can't start new thread: JavaScript called Python synchronously")
        pool.shutdown()


@pytest.mark.usefixtures("default_executor")
class TestAsyncio:
    def test_to_thread(self) -> None:
        async def both() -> list[Any]:
            return await asyncio.gather(*(asyncio.to_thread(self._sleeps, number) for number in range(3)))

        results = run_sync(both())
        assert [number for number, _ in results] == [0, 1, 2]
        assert threading.main_thread().ident not in {ident for _, ident in results}

    @staticmethod
    def _sleeps(number: int) -> tuple[int, int]:
        time.sleep(0.001)
        return number, threading.get_ident()

    def test_run_in_executor(self) -> None:
        async def both() -> list[Any]:
            loop = asyncio.get_running_loop()
            with ThreadPoolExecutor(1) as pool:
                return [await loop.run_in_executor(pool, int, "7"), await loop.run_in_executor(None, int, "8")]

        assert run_sync(both()) == [7, 8]

    def test_an_exception_comes_back(self) -> None:
        with pytest.raises(ValueError, match="invalid literal"):
            run_sync(asyncio.to_thread(int, "x"))

    def test_at_once_where_nothing_can_be_suspended(self) -> None:
        loop = asyncio.get_event_loop()
        future = synchronously(lambda: loop.run_in_executor(None, int, "7"))
        assert future.result() == 7

    def test_a_thread_has_no_running_loop(self) -> None:
        with pytest.raises(RuntimeError, match="no running event loop"):
            run_sync(asyncio.to_thread(asyncio.get_running_loop))

    def test_call_soon_threadsafe(self) -> None:
        async def waits() -> int:
            loop = asyncio.get_running_loop()
            future: asyncio.Future[int] = loop.create_future()
            thread = threading.Thread(target=loop.call_soon_threadsafe, args=(future.set_result, 5))
            thread.start()
            result = await future
            thread.join()
            return result

        assert run_sync(waits()) == 5

    @pytest.mark.parametrize("sleep", [0, 0.001])
    def test_run_coroutine_threadsafe(self, sleep: float) -> None:
        main = threading.get_ident()

        async def where() -> int:
            await asyncio.sleep(sleep)
            return threading.get_ident()

        async def asks() -> Any:
            loop = asyncio.get_running_loop()
            return await asyncio.to_thread(lambda: asyncio.run_coroutine_threadsafe(where(), loop).result(10))

        assert run_sync(asks()) == main

    def test_a_cancelled_await_leaves_the_thread(self) -> None:
        gate, ended = threading.Event(), []

        def body() -> None:
            gate.wait()
            ended.append(True)

        async def gives_up() -> None:
            async with asyncio.timeout(0.001):
                await asyncio.to_thread(body)

        with pytest.raises(TimeoutError):
            run_sync(gives_up())
        gate.set()
        while not ended:
            time.sleep(0)


def test_awaiting_many_threads() -> None:
    async def all_of_them() -> list[int]:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(50) as pool:
            return await asyncio.gather(*(loop.run_in_executor(pool, abs, -number) for number in range(200)))

    assert run_sync(all_of_them()) == list(range(200))
