"""What belongs to a fiber stays with it at every boundary where another can run, and is not there when one starts."""

from __future__ import annotations

import asyncio
import contextvars
import ctypes
import decimal
import errno
import itertools
import sys
import threading
import time
import warnings
from collections.abc import Callable, Generator
from functools import partial
from typing import Any

import js
import pytest
from fiber_states import STATES, State, variable
from fibers import synchronously, together
from places import later, waits
from pyodide.ffi import create_once_callable, create_proxy, run_sync

FIBERS = 3
CALL = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object)(("PyObject_CallNoArgs", ctypes.pythonapi))

Check = Callable[[], None]
# Called with what asks whether the state is as it was, and with a function for another fiber, with a state of its own.
Boundary = Callable[[Check, Check], None]


def on_another_fiber(start: Callable[[Any], Any], function: Check) -> None:
    """Have the function called by what `start` gives a callback to, and wait until that call has ended."""
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def callback(*_: Any) -> None:
        try:
            function()
        except BaseException as error:
            done.set_exception(error)
        else:
            done.set_result(None)

    start(callback)
    run_sync(done)


def promise(check: Check, _: Check) -> None:
    run_sync(later(0))


def coroutine(check: Check, _: Check) -> None:
    async def awaits() -> None:
        await later(0)
        await asyncio.sleep(0)

    run_sync(awaits())


def sleep(check: Check, _: Check) -> None:
    time.sleep(0.001)


def lock(check: Check, _: Check) -> None:
    held = threading.Lock()
    held.acquire()
    js.setTimeout(create_once_callable(held.release), 1)
    assert held.acquire(timeout=60)


def loop_callback(check: Check, elsewhere: Check) -> None:
    on_another_fiber(asyncio.get_event_loop().call_soon, elsewhere)


def task(check: Check, elsewhere: Check) -> None:
    async def blocks() -> None:
        elsewhere()

    run_sync(asyncio.ensure_future(blocks()))


def call_promising(check: Check, elsewhere: Check) -> None:
    proxy = create_proxy(elsewhere)
    run_sync(proxy.callPromising())
    proxy.destroy()


def timer_callback(check: Check, elsewhere: Check) -> None:
    on_another_fiber(lambda callback: js.setTimeout(create_once_callable(callback), 0), elsewhere)


def synchronous_callback(check: Check, _: Check) -> None:
    """JavaScript's, on the same stack: nothing can wait in it."""
    assert synchronously(check) is None
    waits()


def ctypes_callback(check: Check, _: Check) -> None:
    failed: list[BaseException] = []

    def callback() -> int:
        try:
            waits()
            check()
        except BaseException as error:
            failed.append(error)
        return 0

    assert ctypes.CFUNCTYPE(ctypes.c_int)(callback)() == 0
    assert not failed


def ctypes_call(check: Check, _: Check) -> None:
    assert CALL(lambda: waits(1) and check()) is None


def generator(check: Check, _: Check) -> None:
    def body() -> Generator[int]:
        waits()
        check()
        yield 1
        waits()
        check()

    for _number in body():
        waits()
        check()


def except_block(check: Check, _: Check) -> None:
    error = LookupError("of the boundary")
    try:
        raise error
    except LookupError:
        waits()
        assert sys.exception() is error
    check()


def finally_block(check: Check, _: Check) -> None:
    error = LookupError("of the boundary")
    with pytest.raises(LookupError) as caught:
        try:
            raise error
        finally:
            waits()
            assert sys.exception() is error
    assert caught.value is error


def with_block(check: Check, _: Check) -> None:
    class Manager:
        def __enter__(self) -> None:
            waits()
            check()

        def __exit__(self, *_: object) -> None:
            waits()
            check()

    with Manager():
        waits()


BOUNDARIES: list[Boundary] = [
    promise,
    coroutine,
    sleep,
    lock,
    loop_callback,
    task,
    call_promising,
    timer_callback,
    synchronous_callback,
    ctypes_callback,
    ctypes_call,
    generator,
    except_block,
    finally_block,
    with_block,
]


@pytest.fixture(autouse=True)
def context_aware_warnings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["_py_warnings"], "_use_context", True)


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("state", STATES)
def test_stays_with_its_fiber(state: State, boundary: Boundary) -> None:
    arrived: set[int] = set()
    values: list[Any] = []
    numbers = itertools.count(FIBERS + 1)

    def elsewhere() -> None:
        def body(read: Callable[[], Any]) -> None:
            value = read()
            waits()
            assert read() == value

        state(next(numbers) % 4 + FIBERS + 1, body)

    def fiber(number: int) -> None:
        def body(read: Callable[[], Any]) -> None:
            value = read()

            def check() -> None:
                assert read() == value

            arrived.add(number)
            while True:
                boundary(check, elsewhere)
                check()
                if len(arrived) == FIBERS:
                    break
            values.append(value)
            boundary(check, elsewhere)
            check()

        try:
            state(number, body)
        finally:
            arrived.add(number)  # of one that failed as well: the others are not to wait for it

    together(*(partial(fiber, number) for number in range(1, FIBERS + 1)))
    if state.__name__ != "recursion":
        assert all(one != other for one, other in itertools.combinations(values, 2))


def leave_everything_set() -> None:
    """All that a call can leave behind, as an exception that is handled and hooks that stay."""
    variable.set(9)
    decimal.getcontext().prec = 9
    warnings.catch_warnings().__enter__()
    warnings.filterwarnings("error", "number 9")
    sys.set_asyncgen_hooks(print, print)
    sys.set_coroutine_origin_tracking_depth(9)
    sys.settrace(lambda *_: None)
    sys.setprofile(lambda *_: None)


def look() -> dict[str, Any]:
    """What a call finds at its start."""
    return {
        "context variable": variable.get(),
        "decimal": decimal.getcontext().prec,
        "warnings": any("number 9" in str(entry) for entry in warnings._get_filters()),  # type: ignore[attr-defined]
        "loop": asyncio.get_running_loop(),
        "hooks": tuple(sys.get_asyncgen_hooks()),
        "origins": sys.get_coroutine_origin_tracking_depth(),
        "exception": sys.exception(),
        "trace": sys.gettrace(),
        "profile": sys.getprofile(),
        "thread": threading.get_ident(),
    }


STARTS: dict[str, Callable[[Check], None]] = {
    "callPromising": lambda function: call_promising(function, function),
    "setTimeout": lambda function: on_another_fiber(
        lambda callback: js.setTimeout(create_once_callable(callback), 0), function
    ),
    "call_soon": lambda function: on_another_fiber(
        partial(asyncio.get_event_loop().call_soon, context=contextvars.Context()), function
    ),
}


@pytest.mark.parametrize("start", list(STARTS))
def test_a_call_starts_with_nothing_of_the_others(start: str) -> None:
    """Neither of those that wait meanwhile nor of those that have ended, whether they waited or not."""
    found: list[dict[str, Any]] = []
    tasks: list[Any] = []

    def looks() -> None:
        tasks.append(asyncio.current_task())
        found.append(look())

    def stays() -> None:
        leave_everything_set()
        try:
            raise LookupError
        except LookupError:
            STARTS[start](looks)

    STARTS[start](looks)
    for ends in (leave_everything_set, lambda: (leave_everything_set(), waits())):
        STARTS["callPromising"](ends)
        STARTS[start](looks)
    together(stays)
    assert tasks == [None] * 4
    assert found[1:] == [found[0]] * 3
    assert found[0]["exception"] is found[0]["trace"] is found[0]["profile"] is None
    assert found[0]["context variable"] == found[0]["origins"] == 0


def test_a_synchronous_call_is_a_part_of_its_caller() -> None:
    """It has the stack of the fiber below it, and all that goes with it."""

    def calls() -> None:
        leave_everything_set()
        try:
            raise LookupError
        except LookupError:
            assert synchronously(look) == look()
        sys.settrace(None)
        sys.setprofile(None)

    together(calls)


def test_recursion_that_ends_in_an_error_is_nobody_elses() -> None:
    """Frames are counted for each fiber; one that has used them up takes none of another's."""
    ended: list[int] = []

    def recurses(level: int = 0) -> int:
        try:
            return recurses(level + 1)
        except RecursionError:
            if level % 100 == 0:
                waits()
            raise

    def fails() -> None:
        with pytest.raises(RecursionError):
            recurses()
        ended.append(1)

    def deep(levels: int) -> int:
        if levels == 0:
            while len(ended) < 2:
                time.sleep(0.001)
            return 0
        return 1 + deep(levels - 1)

    assert together(partial(deep, 800), fails, partial(deep, 400), fails, partial(deep, 800))[::2] == [800, 400, 800]


def test_errno_of_foreign_calls_that_fail() -> None:
    """Each fiber's own, between the call and the question, and through a callback of C that waits."""
    own = ctypes.CDLL(None, use_errno=True)
    arrived: list[int] = []

    def fails(number: int, call: Callable[[], int], expected: int) -> None:
        assert call() == -1
        arrived.append(number)
        while len(arrived) < 2:
            time.sleep(0.001)
        assert ctypes.get_errno() == expected

    together(
        partial(fails, 1, lambda: own.close(-1), errno.EBADF),
        partial(fails, 2, lambda: own.chdir(b"/nowhere"), errno.ENOENT),
    )


def test_threads_are_one() -> None:
    """Fibers are tasks of the main thread: they share what is a thread's, as asyncio's tasks do."""
    local = threading.local()
    idents: list[int] = []

    def sets() -> None:
        local.value = 5
        idents.append(threading.get_ident())
        waits()

    def gets() -> None:
        idents.append(threading.get_ident())
        assert local.value == 5
        assert threading.current_thread() is threading.main_thread()

    together(sets, gets)
    assert idents == [threading.main_thread().ident] * 2
