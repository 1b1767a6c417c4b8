"""Ending a wait from outside: cancellation, time limits, and the list of fibers that is there to choose from."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import blockon
import js
import pytest
from pyodide.ffi import create_once_callable, run_sync

LONG = 60


def pending() -> Any:
    """A JavaScript promise that never settles."""
    return js.Promise.withResolvers().promise


def in_a_task(function: Callable[[], Any]) -> asyncio.Task[Any]:
    """Run it in a task that blocks."""

    async def body() -> Any:
        return function()

    return asyncio.ensure_future(body())


def turn() -> None:
    run_sync(asyncio.sleep(0.002))


WAITS: dict[str, Callable[[], Any]] = {
    "promise": lambda: run_sync(pending()),
    "call": lambda: run_sync(js.Promise.new(lambda *_: None)),
    "future": lambda: run_sync(asyncio.get_event_loop().create_future()),
    "coroutine": lambda: run_sync(asyncio.sleep(LONG)),
    "awaited promise": lambda: run_sync(awaits(pending())),
    "event": lambda: run_sync(asyncio.Event().wait()),
    "sleep": lambda: time.sleep(LONG),
}


async def awaits(awaitable: Any) -> Any:
    return await awaitable


@pytest.fixture(params=list(WAITS))
def wait(request: pytest.FixtureRequest) -> Callable[[], Any]:
    return WAITS[request.param]


class Blocked:
    """A task that blocks, and what it did."""

    def __init__(self, wait: Callable[[], Any]) -> None:
        self.fiber = 0
        self.steps: list[str] = []
        self.caught: BaseException | None = None
        self.task = in_a_task(lambda: self._run(wait))
        turn()

    def _run(self, wait: Callable[[], Any]) -> None:
        self.fiber = blockon.current_fiber()
        try:
            wait()
            self.steps.append("returned")
        except BaseException as error:
            self.caught = error
            raise
        finally:
            self.steps.append("finally")


@pytest.mark.parametrize("error", [None, KeyError("mine")])
def test_cancelled_where_it_waits(wait: Callable[[], Any], error: BaseException | None) -> None:
    blocked = Blocked(wait)
    assert blockon.cancel(blocked.fiber, error)
    with pytest.raises(type(error) if error else asyncio.CancelledError):
        run_sync(blocked.task)
    assert blocked.steps == ["finally"]
    assert error is None or blocked.caught is error


def test_cancelled_task(wait: Callable[[], Any]) -> None:
    blocked = Blocked(wait)
    assert blocked.task.cancel("enough")
    with pytest.raises(asyncio.CancelledError):
        run_sync(blocked.task)
    assert blocked.task.cancelled()
    assert blocked.steps == ["finally"]


def test_a_cancellation_that_is_caught_is_not_repeated(wait: Callable[[], Any]) -> None:
    seen: list[Any] = []

    async def stubborn() -> str:
        try:
            wait()
        except asyncio.CancelledError:
            seen.append(asyncio.current_task().cancelling())  # type: ignore[union-attr]
        await asyncio.sleep(0)
        run_sync(asyncio.sleep(0))
        return "went on"

    task = asyncio.ensure_future(stubborn())
    turn()
    task.cancel()
    assert run_sync(task) == "went on"
    assert seen == [1]


def test_the_outer_of_two_tasks_is_cancelled() -> None:
    steps = []

    async def inner() -> None:
        try:
            await asyncio.sleep(LONG)
        finally:
            steps.append("inner")

    async def outer() -> None:
        try:
            run_sync(inner())
        finally:
            steps.append("outer")

    task = asyncio.ensure_future(outer())
    turn()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        run_sync(task)
    assert steps == ["inner", "outer"]


def test_asyncio_cancels_what_blocks(wait: Callable[[], Any]) -> None:
    async def blocks() -> None:
        wait()

    async def limited() -> None:
        await asyncio.wait_for(blocks(), 0.01)

    async def under_timeout() -> None:
        async with asyncio.timeout(0.01):
            wait()
            await asyncio.sleep(0)

    for limit in (limited, under_timeout):
        with pytest.raises(TimeoutError):
            run_sync(limit())


@pytest.mark.parametrize("make", [pending, lambda: js.Promise.race(js.Array.new())])
def test_asyncio_ends_an_await_of_a_promise(make: Callable[[], Any]) -> None:
    """The fiber that runs the coroutine waits in its place, and has to hear of it."""

    async def under_timeout() -> None:
        async with asyncio.timeout(0.01):
            await make()

    with pytest.raises(TimeoutError):
        run_sync(asyncio.wait_for(make(), 0.01))
    with pytest.raises(TimeoutError):
        run_sync(under_timeout())


def test_a_future_that_is_settled_by_hand_ends_an_await() -> None:
    async def waits(how: str, *arguments: Any) -> Any:
        future = js.Promise.race(js.Array.new())
        asyncio.get_event_loop().call_later(0.005, getattr(future, how), *arguments)
        return await future

    assert run_sync(waits("set_result", 7)) == 7
    with pytest.raises(asyncio.CancelledError):
        run_sync(waits("cancel"))


def test_task_group_cancels_the_others(wait: Callable[[], Any]) -> None:
    async def fails() -> None:
        await asyncio.sleep(0.005)
        raise ValueError("one of them")

    async def blocks() -> None:
        wait()

    async def group() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(blocks())
            tasks.create_task(fails())

    with pytest.raises(ExceptionGroup) as caught:
        run_sync(group())
    assert [type(error) for error in caught.value.exceptions] == [ValueError]


def test_a_second_exception_is_refused() -> None:
    blocked = Blocked(WAITS["promise"])
    assert blockon.cancel(blocked.fiber, KeyError("first"))
    assert not blockon.cancel(blocked.fiber, KeyError("second"))
    with pytest.raises(KeyError, match="first"):
        run_sync(blocked.task)


def test_a_timeout_that_is_over_before_its_block_begins() -> None:
    never = js.Promise.new(lambda *_: None)
    limit = blockon.timeout(0)
    for _ in range(100):  # the same block can begin again once it has ended
        with pytest.raises(TimeoutError), limit:
            run_sync(never)
        assert limit.expired()


def test_no_such_fiber() -> None:
    with pytest.raises(LookupError, match="there is no fiber 999999"):
        blockon.cancel(999999)
    with pytest.raises(TypeError):
        blockon.cancel(1, "text")  # type: ignore[arg-type]


def test_what_an_abandoned_promise_gives_is_dropped() -> None:
    resolvers = js.Promise.withResolvers()
    blocked = Blocked(lambda: run_sync(resolvers.promise))
    blockon.cancel(blocked.fiber)
    with pytest.raises(asyncio.CancelledError):
        run_sync(blocked.task)
    resolvers.reject(js.Error.new("too late"))
    turn()


class TestTimeout:
    def test_ends_a_wait(self, wait: Callable[[], Any]) -> None:
        steps = []
        limit = blockon.timeout(0.01)
        with pytest.raises(TimeoutError, match=r"more than 0\.01 s"), limit:
            try:
                wait()
            finally:
                steps.append("finally")
        assert steps == ["finally"]
        assert limit.expired()

    def test_ends_a_computation(self) -> None:
        with pytest.raises(TimeoutError), blockon.timeout(0.02):
            while True:
                pass

    def test_is_over_with_its_block(self) -> None:
        for _ in range(50):
            with blockon.timeout(0.001):
                pass
        run_sync(asyncio.sleep(0.005))

    def test_none_is_no_limit(self) -> None:
        with blockon.timeout(None):
            run_sync(asyncio.sleep(0.002))

    def test_the_inner_of_two(self) -> None:
        with blockon.timeout(LONG) as outer:
            with pytest.raises(TimeoutError), blockon.timeout(0.005):
                run_sync(pending())
            run_sync(asyncio.sleep(0.001))
        assert not outer.expired()

    def test_the_outer_of_two(self) -> None:
        with pytest.raises(TimeoutError, match=r"more than 0\.005 s"), blockon.timeout(0.005), blockon.timeout(LONG):
            run_sync(pending())

    def test_another_exception_goes_through(self) -> None:
        with pytest.raises(KeyError), blockon.timeout(LONG):
            raise KeyError("mine")

    def test_of_others_does_not_matter(self) -> None:
        def limited() -> str:
            with blockon.timeout(0.005):
                run_sync(pending())
            return "never"

        task = in_a_task(limited)
        run_sync(asyncio.sleep(0.02))
        with pytest.raises(TimeoutError):
            run_sync(task)

    @pytest.mark.parametrize("seconds", ["1", object()])
    def test_wrong_type(self, seconds: Any) -> None:
        with pytest.raises(TypeError, match="a number of seconds or None"):
            blockon.timeout(seconds)

    def test_used_twice(self) -> None:
        limit = blockon.timeout(LONG)
        with limit, pytest.raises(RuntimeError, match="in use already"):
            limit.__enter__()


def test_list_of_fibers() -> None:
    blocked = Blocked(WAITS["promise"])
    listed = {fiber.id: fiber for fiber in blockon.fibers()}
    mine = listed[blockon.current_fiber()]
    other = listed[blocked.fiber]
    assert (mine.state, mine.waits_for) == ("running", None)
    assert (other.state, other.waits_for) == ("suspended", "a promise")
    assert 0 <= other.age <= mine.age
    assert other.stack()[-1].name == "<lambda>"
    assert "_run" in [frame.name for frame in other.stack()]
    assert "test_list_of_fibers" in [frame.name for frame in mine.stack()]
    blockon.cancel(blocked.fiber)
    with pytest.raises(asyncio.CancelledError):
        run_sync(blocked.task)


def test_a_timer_that_is_cancelled_is_gone() -> None:
    import _blockon

    before = _blockon.stats()["pending_timers"]
    handles = [asyncio.get_event_loop().call_later(LONG + number, print) for number in range(100)]
    assert _blockon.stats()["pending_timers"] == before + 100
    for handle in handles[::2] + handles[1::2]:
        handle.cancel()
    assert _blockon.stats()["pending_timers"] == before


def test_callbacks_run_in_the_order_of_their_times() -> None:
    order: list[int] = []
    loop = asyncio.get_event_loop()
    first = loop.time() + 0.2  # all are known before one is due
    for number in (3, 1, 4, 0, 2):
        loop.call_at(first + 0.002 * number, order.append, number)
    js.setTimeout(create_once_callable(lambda: None), 1)
    run_sync(asyncio.sleep(0.25))
    assert order == sorted(order)
    assert len(order) == 5
