"""pyodide.ffi.run_sync: what it waits for, what it raises, and what it preserves."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import json
import re
import sys
import time
from collections.abc import Generator
from typing import Any

import js
import pytest
from pyodide.ffi import JsException, can_run_sync, create_once_callable, create_proxy, run_sync


def later(value: Any, ms: int = 1) -> Any:
    """A JavaScript promise of a value."""
    resolvers = js.Promise.withResolvers()
    js.setTimeout(create_once_callable(lambda: resolvers.resolve(value)), ms)
    return resolvers.promise


def settled(value: Any) -> Any:
    """A fulfilled promise itself: what a call returns comes as a future of it."""
    resolvers = js.Promise.withResolvers()
    resolvers.resolve(value)
    return resolvers.promise


def failing(message: str, ms: int | None = 1) -> Any:
    if ms is None:
        return js.Promise.reject(js.Error.new(message))
    resolvers = js.Promise.withResolvers()
    js.setTimeout(create_once_callable(lambda: resolvers.reject(js.Error.new(message))), ms)
    return resolvers.promise


class Awaitable:
    def __init__(self, value: Any) -> None:
        self.value = value

    def __await__(self) -> Generator[Any, Any, Any]:
        yield from asyncio.sleep(0.001).__await__()
        return self.value


def test_can_run_sync() -> None:
    assert can_run_sync()


@pytest.mark.parametrize("value", [1, "text", None, True, 2.5])
def test_settled_promise(value: Any) -> None:
    assert run_sync(js.Promise.resolve(value)) == value
    assert run_sync(settled(value)) == value


def test_settled_promise_is_not_suspended_on() -> None:
    promise = settled(1)
    run_sync(later(None))  # the peeks of this turn begin anew
    ran: list[int] = []
    js.queueMicrotask(create_once_callable(lambda: ran.append(1)))
    assert run_sync(promise) == 1
    assert not ran


def test_pending_promise() -> None:
    assert run_sync(later(42)) == 42


@pytest.mark.parametrize("ms", [None, 1])
def test_rejected_promise(ms: int | None) -> None:
    with pytest.raises(JsException, match="no such thing"):
        run_sync(failing("no such thing", ms))


@pytest.mark.parametrize("ms", [None, 1])
@pytest.mark.parametrize("reason", ["a string", 5, None])
def test_rejection_with_no_error(reason: Any, ms: int | None) -> None:
    resolvers = js.Promise.withResolvers()
    if ms is None:
        resolvers.reject(reason)
    else:
        js.setTimeout(create_once_callable(lambda: resolvers.reject(reason)), ms)
    with pytest.raises(JsException):
        run_sync(resolvers.promise)


@pytest.mark.parametrize("reason", ["a string", 5, None])
def test_future_of_a_promise_rejected_with_no_error(reason: Any) -> None:
    with pytest.raises(JsException, match=str(reason)) as caught:
        run_sync(js.Promise.reject(reason))
    assert caught.value.cause == reason


def test_python_exception_through_a_promise() -> None:
    async def fails() -> None:
        await asyncio.sleep(0)
        raise KeyError("inner")

    with pytest.raises(KeyError, match="inner"):
        run_sync(fails())


def test_thenable() -> None:
    thenable = js.Object.new()
    thenable.then = create_proxy(lambda resolve, reject: resolve(7))
    try:
        assert run_sync(thenable) == 7
    finally:
        thenable.then.destroy()


def test_coroutine() -> None:
    async def add(a: int, b: int) -> int:
        return a + b + await later(3)

    assert run_sync(add(1, 2)) == 6


def test_coroutine_that_never_suspends() -> None:
    async def add(a: int, b: int) -> int:
        return a + b

    assert run_sync(add(1, 2)) == 3


@pytest.mark.parametrize("error", [ValueError("x"), asyncio.CancelledError(), StopAsyncIteration()])
def test_coroutine_that_raises(error: BaseException) -> None:
    async def fails() -> None:
        raise error

    with pytest.raises(type(error)):
        run_sync(fails())


def test_future_task_and_awaitable() -> None:
    future = asyncio.get_event_loop().create_future()
    js.setTimeout(create_once_callable(lambda: future.set_result("done")), 1)
    assert run_sync(future) == "done"
    assert run_sync(future) == "done"

    async def value() -> int:
        await asyncio.sleep(0.001)
        return 5

    assert run_sync(asyncio.ensure_future(value())) == 5
    assert run_sync(Awaitable(6)) == 6


def test_a_future_that_is_done_while_its_callback_is_added() -> None:
    class Late(asyncio.Future[int]):
        def add_done_callback(self, *args: Any, **keywords: Any) -> None:
            super().add_done_callback(*args, **keywords)
            while not self.done():
                time.sleep(0)
            time.sleep(0)  # its callbacks are called

    loop = asyncio.get_event_loop()
    future = Late(loop=loop)
    loop.call_soon(future.set_result, 7)
    assert run_sync(future) == 7


def test_cancelled_task() -> None:
    async def never() -> None:
        await asyncio.sleep(60)

    task = asyncio.ensure_future(never())
    js.setTimeout(create_once_callable(lambda: task.cancel()), 1)
    with pytest.raises(asyncio.CancelledError):
        run_sync(task)


@pytest.mark.parametrize("value", [5, None, "text", object(), iter(()), lambda: None])
def test_not_awaitable(value: Any) -> None:
    with pytest.raises(TypeError, match=f"object {type(value).__name__} is not awaitable"):
        run_sync(value)


def test_no_argument() -> None:
    with pytest.raises(TypeError):
        run_sync()  # type: ignore[call-arg]


def test_blocks_one_task_and_no_other() -> None:
    order: list[str] = []

    async def blocks(name: str, ms: int) -> None:
        order.append(f"{name} begins")
        run_sync(later(None, ms))
        order.append(f"{name} ends")

    async def both() -> None:
        await asyncio.gather(blocks("slow", 60), blocks("fast", 5))

    run_sync(both())
    assert order == ["slow begins", "fast begins", "fast ends", "slow ends"]


def test_a_hundred_tasks_wait_at_once() -> None:
    async def blocks(number: int) -> int:
        return run_sync(later(number, 20)) + run_sync(later(1, number % 7))

    async def many() -> list[int]:
        return await asyncio.gather(*(blocks(number) for number in range(100)))

    assert run_sync(many()) == [number + 1 for number in range(100)]


def test_settled_promises_do_not_starve_the_event_loop() -> None:
    turns: list[int] = []
    js.setImmediate(create_once_callable(lambda: turns.append(1)))
    promise = settled(1)
    for _ in range(5000):
        run_sync(promise)
        if turns:
            break
    assert turns


class TestWherePythonCanStand:
    """Blocking from C code that called back into Python."""

    def test_sort_key(self) -> None:
        assert sorted([3, 1, 2], key=lambda item: run_sync(later(item))) == [1, 2, 3]

    def test_getattr(self) -> None:
        class Remote:
            def __getattr__(self, name: str) -> str:
                return run_sync(later(name))

        assert Remote().field == "field"

    def test_reduce(self) -> None:
        assert functools.reduce(lambda a, b: a + run_sync(later(b)), [1, 2, 3]) == 6

    def test_sub(self) -> None:
        assert re.sub("[ab]", lambda match: run_sync(later(match[0].upper())), "abc") == "ABc"

    def test_json_default(self) -> None:
        assert json.dumps(object(), default=lambda item: run_sync(later("default"))) == '"default"'

    def test_generator(self) -> None:
        def numbers() -> Generator[int]:
            for number in range(3):
                yield run_sync(later(number))

        assert list(numbers()) == [0, 1, 2]

    def test_exec(self) -> None:
        scope = {"run_sync": run_sync, "later": later}
        exec("result = run_sync(later(9))", scope)
        assert scope["result"] == 9

    def test_context_manager_and_finally(self) -> None:
        steps = []
        with pytest.raises(ZeroDivisionError):
            try:
                1 / 0  # noqa: B018
            finally:
                steps.append(run_sync(later("waited")))
        assert steps == ["waited"]

    def test_deep_stack(self) -> None:
        def down(depth: int) -> int:
            return run_sync(later(1)) if depth == 0 else down(depth - 1) + 1

        assert down(300) == 301


class TestWhatATaskKeeps:
    def test_handled_exception(self) -> None:
        try:
            raise ValueError("mine")
        except ValueError as error:
            run_sync(later(None))
            assert sys.exception() is error

    def test_tasks_do_not_share_a_handled_exception(self) -> None:
        async def handles(number: int) -> bool:
            try:
                raise ValueError(number)
            except ValueError as error:
                run_sync(later(None, number % 5))
                return sys.exception() is error

        async def many() -> list[bool]:
            return await asyncio.gather(*(handles(number) for number in range(20)))

        assert all(run_sync(many()))

    def test_context_variables(self) -> None:
        variable: contextvars.ContextVar[int] = contextvars.ContextVar("variable", default=0)

        async def sets(number: int) -> int:
            variable.set(number)
            run_sync(later(None, number % 5))
            return variable.get()

        async def many() -> list[int]:
            return await asyncio.gather(*(sets(number) for number in range(1, 20)))

        assert run_sync(many()) == list(range(1, 20))
        assert variable.get() == 0

    def test_running_loop(self) -> None:
        loop = asyncio.get_event_loop()
        run_sync(later(None))
        assert asyncio.get_event_loop() is loop

    def test_current_task(self) -> None:
        async def inner() -> bool:
            task = asyncio.current_task()
            run_sync(later(None))
            return asyncio.current_task() is task

        assert run_sync(inner())


def test_synchronous_entry_says_so() -> None:
    seen: list[str] = []

    def callback(*_: Any) -> None:
        assert not can_run_sync()
        try:
            run_sync(later(None))
        except RuntimeError as error:
            seen.append(str(error))

    proxy = create_proxy(callback)
    js.Array.new(1).fill(0).forEach(proxy)
    proxy.destroy()
    assert len(seen) == 1
    assert "synchronous function" in seen[0]
    assert can_run_sync()


def test_a_future_that_a_variable_has_is_settled_too() -> None:
    """A call counts no reference of its own to what a variable lends it."""
    future = js.Promise.resolve(1)
    assert [run_sync(future) for _ in range(3)] == [1, 1, 1]
    failed = js.Promise.reject(js.Error.new("reason"))
    for _ in range(2):
        with pytest.raises(JsException, match="reason"):
            run_sync(failed)
    pending = js.Array.fromAsync([1])
    assert run_sync(pending) is run_sync(pending)
    assert [run_sync(js.Promise.resolve(each)) for each in range(3)] == [0, 1, 2]
