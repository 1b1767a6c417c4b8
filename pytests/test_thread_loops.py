"""Event loops in threads: each its thread's own, which blocks while it turns; what goes between them."""

from __future__ import annotations

import _thread
import asyncio
import contextvars
import threading
import time
from collections.abc import Iterator
from typing import Any

import js
import pytest
from pyodide.ffi import JsException, create_once_callable, run_sync
from pyodide.webloop import WebLoop
from threads import run


async def later(value: object) -> Any:
    """Awaits a promise that settles in a later turn of the host's loop."""
    both = js.Promise.withResolvers()
    js.setTimeout(create_once_callable(lambda: both.resolve(value)), 1)
    return await both.promise


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """One that runs for ever in a thread of its own, until the test ends."""
    made = run(asyncio.new_event_loop)
    thread = threading.Thread(target=made.run_forever)
    thread.start()
    yield made
    made.call_soon_threadsafe(made.stop)
    thread.join()
    assert not made.is_running()
    made.close()
    assert made.is_closed()


class TestRun:
    def test_in_a_thread(self) -> None:
        async def main() -> tuple[asyncio.AbstractEventLoop, int]:
            await asyncio.sleep(0.001)
            return asyncio.get_running_loop(), threading.get_ident()

        def body() -> tuple[Any, int]:
            return asyncio.run(main()), threading.get_ident()

        (own, in_loop), ident = run(body)
        assert in_loop == ident
        assert own is not asyncio.get_event_loop()
        assert own.is_closed()
        assert isinstance(asyncio.get_event_loop(), WebLoop)

    def test_side_by_side(self) -> None:
        barrier, order = threading.Barrier(3), []

        async def main(number: int) -> None:
            await asyncio.to_thread(barrier.wait)
            await asyncio.sleep(0.001)
            order.append(number)

        threads = [threading.Thread(target=lambda number=number: asyncio.run(main(number))) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(order) == [0, 1, 2]

    def test_blocks_its_thread_alone(self) -> None:
        gate, order = threading.Event(), []

        async def main() -> None:
            await asyncio.to_thread(gate.wait)
            order.append("thread")

        thread = threading.Thread(target=lambda: asyncio.run(main()))
        thread.start()
        run_sync(asyncio.sleep(0.005))
        order.append("main")
        gate.set()
        thread.join()
        assert order == ["main", "thread"]

    def test_an_exception_comes_out(self) -> None:
        async def fails() -> None:
            await asyncio.sleep(0)
            raise ValueError("in the loop")

        def body() -> str:
            with pytest.raises(ValueError, match="in the loop") as info:
                asyncio.run(fails())
            return str(info.value)

        assert run(body) == "in the loop"

    def test_time_limits(self) -> None:
        async def main() -> str:
            try:
                async with asyncio.timeout(0.001):
                    await asyncio.get_running_loop().create_future()
            except TimeoutError:
                return "in time"
            return "too late"

        assert run(lambda: asyncio.run(main())) == "in time"

    def test_a_runner_keeps_its_loop_and_context(self) -> None:
        variable = contextvars.ContextVar("variable", default=0)

        async def adds() -> tuple[int, asyncio.AbstractEventLoop]:
            variable.set(variable.get() + 1)
            return variable.get(), asyncio.get_running_loop()

        def body() -> list[Any]:
            with asyncio.Runner() as runner:
                return [runner.run(adds()), runner.run(adds()), runner.get_loop()]

        (first, one), (second, other), own = run(body)
        assert (first, second) == (1, 2)
        assert one is other is own

    def test_a_loop_within_a_loop_is_refused(self) -> None:
        async def nothing() -> None:
            pass

        async def main() -> str:
            coroutine = nothing()
            with pytest.raises(RuntimeError) as info:
                asyncio.new_event_loop().run_until_complete(coroutine)
            coroutine.close()
            return str(info.value)

        assert run(lambda: asyncio.run(main())) == "Cannot run the event loop while another loop is running"

    def test_connections(self, address: tuple[str, int]) -> None:
        async def main() -> bytes:
            reader, writer = await asyncio.open_connection(*address)
            writer.write(b"GET / HTTP/1.0\r\n\r\n")
            line = await reader.readline()
            writer.close()
            return line

        assert run(lambda: asyncio.run(main())).startswith(b"HTTP/1.1 ")


class TestPromises:
    @pytest.mark.parametrize("debug", [False, True])
    def test_are_awaited(self, debug: bool) -> None:
        async def main() -> list[Any]:
            before = time.monotonic()
            values = [await js.Promise.resolve(1), await later(2)]
            values += await asyncio.gather(later(3), later(4))
            assert time.monotonic() - before < 20  # it was woken, and did not wait for a timer
            return values

        assert run(lambda: asyncio.run(main(), debug=debug)) == [1, 2, 3, 4]

    def test_a_rejection(self) -> None:
        async def main() -> str:
            with pytest.raises(JsException) as info:
                await js.Promise.reject(js.Error.new("refused"))
            return str(info.value)

        assert "refused" in run(lambda: asyncio.run(main()))

    def test_in_the_main_thread_as_well(self) -> None:
        """A program may run a loop of asyncio's own there."""

        async def main() -> Any:
            return await later(5)

        running = asyncio._get_running_loop()
        asyncio._set_running_loop(None)
        try:
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                assert runner.run(main()) == 5
        finally:
            asyncio._set_running_loop(running)
            asyncio.set_event_loop(running)

    def test_run_sync_goes_to_the_main_threads_loop(self) -> None:
        main_loop = asyncio.get_event_loop()

        async def where() -> tuple[bool, int]:
            await asyncio.sleep(0.001)
            return asyncio.get_running_loop() is main_loop, threading.get_ident()

        async def main() -> Any:
            return run_sync(where()), run_sync(later(6))

        expected = ((True, threading.get_ident()), 6)
        assert run(lambda: asyncio.run(main())) == expected

    def test_run_sync_refuses_what_its_own_loop_is_to_do(self) -> None:
        async def main() -> list[str]:
            refused = []
            for awaitable in (asyncio.get_running_loop().create_future(), asyncio.create_task(asyncio.sleep(0))):
                with pytest.raises(RuntimeError) as info:
                    run_sync(awaitable)
                refused.append(str(info.value))
            return refused

        for message in run(lambda: asyncio.run(main())):
            assert message.startswith("run_sync would wait for ever: the future is of the event loop that runs here")


class TestLoop:
    def test_there_is_none_until_one_is_set(self) -> None:
        def body() -> list[Any]:
            with pytest.raises(RuntimeError) as info:
                asyncio.get_event_loop()
            loop = asyncio.new_event_loop()
            asyncio.set_event_loop(loop)
            same = asyncio.get_event_loop() is loop
            asyncio.set_event_loop(None)
            loop.close()
            return [str(info.value), same]

        main_loop = asyncio.get_event_loop()
        assert run(body, name="bare") == ["There is no current event loop in thread 'bare'.", True]
        assert asyncio.get_event_loop() is main_loop

    def test_run_until_complete(self) -> None:
        async def doubles(number: int) -> int:
            await asyncio.sleep(0)
            return 2 * number

        def body() -> list[int]:
            loop = asyncio.new_event_loop()
            try:
                return [loop.run_until_complete(doubles(number)) for number in range(3)]
            finally:
                loop.close()

        assert run(body) == [0, 2, 4]

    def test_call_soon_threadsafe(self, loop: asyncio.AbstractEventLoop) -> None:
        called, seen = threading.Event(), []

        def callback(value: str) -> None:
            seen.append((value, asyncio.get_running_loop() is loop))
            called.set()

        loop.call_soon_threadsafe(callback, "given")
        assert called.wait(10)
        assert seen == [("given", True)]

    def test_run_coroutine_threadsafe(self, loop: asyncio.AbstractEventLoop) -> None:
        async def where() -> asyncio.AbstractEventLoop:
            await asyncio.sleep(0.001)
            return asyncio.get_running_loop()

        assert asyncio.run_coroutine_threadsafe(where(), loop).result(10) is loop
        main_loop = asyncio.get_event_loop()
        back = run(lambda: asyncio.run_coroutine_threadsafe(where(), main_loop).result(10))
        assert back is main_loop

    def test_a_loop_awaits_what_another_does(self, loop: asyncio.AbstractEventLoop) -> None:
        async def there() -> int:
            return threading.get_ident()

        async def here() -> int:
            return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(there(), loop))

        assert run_sync(here()) not in (0, threading.get_ident())

    def test_executors_of_its_own(self) -> None:
        async def main() -> tuple[int, int]:
            return threading.get_ident(), await asyncio.to_thread(threading.get_ident)

        of_loop, of_worker = run(lambda: asyncio.run(main()))
        assert len({of_loop, of_worker, threading.get_ident()}) == 3


class TestTasksOfAnEndedThread:
    """Made by what a thread lets go of at its end, when CPython has listed those that it leaves."""

    @pytest.mark.parametrize("keeps", ["a context variable", "threading.local"])
    def test_are_listed(self, keeps: str) -> None:
        variable: contextvars.ContextVar[Any] = contextvars.ContextVar("variable")
        local = threading.local()
        loop = asyncio.get_running_loop()
        gate = loop.create_future()
        context = contextvars.Context()
        made: list[asyncio.Task[None]] = []

        async def waits() -> None:
            await gate

        class MakesTask:
            def __del__(self) -> None:
                made.append(asyncio.Task(waits(), loop=loop, context=context))

        def body() -> None:
            if keeps == "threading.local":
                local.kept = MakesTask()
            else:
                variable.set(MakesTask())

        for _ in range(20):
            # A Thread has a reference to its context, which may outlive it.
            _thread.start_joinable_thread(body).join()
        assert len(made) == 20
        assert set(made) <= asyncio.all_tasks(loop)
        gate.set_result(None)
        run_sync(asyncio.wait(made))
