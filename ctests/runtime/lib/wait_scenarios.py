"""Programs that wait in each way there is, for tests that let something fail in the middle of one.

JavaScript offers `later(value)`, a promise that is fulfilled soon, `failing(text)`, one that is rejected with an Error,
and `call(function)`, which enters on a fiber of its own. Each scenario takes no arguments and returns True;
anything else that it returns is a wrong value. What nobody else may see, of callbacks and the like, is in `unseen`.
"""

from __future__ import annotations

import _thread
import asyncio
import contextlib
import ctypes
import queue
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import blockon
from greenlet import getcurrent, greenlet
from js import Promise, call, failing, later
from pyodide.ffi import JsException, run_sync

#: Exceptions that were reported to a hook, because they had nowhere else to go.
unseen: list[BaseException] = []
#: What waits for a callback of the event loop's, which may have failed.
waiting: list[asyncio.Future[Any]] = []


def report(error: BaseException | None) -> None:
    """A callback failed: who waits for it gets its exception, as it would in a program that cares."""
    if error is None:
        return
    unseen.append(error)
    for future in waiting:
        if not future.done():
            future.set_exception(error)


def of_settled() -> bool:
    return bool(run_sync(Promise.resolve(7)) == 7)


def of_pending() -> bool:
    return bool(run_sync(later(7)) == 7)


def of_rejected() -> bool:
    try:
        run_sync(failing("no"))
    except JsException as error:
        return str(error) == "Error: no"
    return False


async def twice(value: int) -> Any:
    return await later(value) + await later(value)


def of_coroutine() -> bool:
    return bool(run_sync(twice(7)) == 14)


def of_task() -> bool:
    # No TaskGroup and no gather(): their callbacks are Python code that forgets a task when it finds no memory.
    async def program() -> int:
        first, second = asyncio.create_task(twice(1)), asyncio.create_task(twice(2))
        return await first + await second

    return run_sync(program()) == 6


def of_nested_coroutine() -> bool:
    async def inner() -> Any:
        return run_sync(twice(7))

    return bool(run_sync(inner()) == 14)


def new_future() -> asyncio.Future[int]:
    future = asyncio.get_running_loop().create_future()
    waiting[:] = [future]
    return future


def settle(future: asyncio.Future[int]) -> None:
    if not future.done():
        future.set_result(7)


def of_call_soon() -> bool:
    future = new_future()
    asyncio.get_running_loop().call_soon(settle, future)
    return run_sync(future) == 7


def of_call_later() -> bool:
    future = new_future()
    asyncio.get_running_loop().call_later(0.001, settle, future)
    return run_sync(future) == 7


def of_sleep() -> bool:
    time.sleep(0)
    time.sleep(0.001)
    run_sync(asyncio.sleep(0.001))
    return True


def result_of(promise: Any) -> object:
    """What a fiber of `call` returned, or the exception that it raised."""
    try:
        return run_sync(promise)
    except JsException as error:
        # A Python exception that goes through JavaScript keeps its text only.
        if "MemoryError" not in str(error):
            raise
    raise MemoryError


def together(*functions: Callable[[], object]) -> list[object]:
    """Each on a fiber of its own; raises what one of them raised, once all have ended."""
    promises: list[Any] = []
    results: list[object] = []
    errors: list[BaseException] = []
    try:
        promises.extend(map(call, functions))
    except BaseException as error:
        errors.append(error)
    for promise in promises:
        try:
            results.append(result_of(promise))
        except BaseException as error:
            errors.append(error)
    if errors:
        raise errors[0]
    return results


def of_entry() -> bool:
    return together(lambda: run_sync(later(1)), lambda: 2) == [1, 2]


def of_locks() -> bool:
    locks: list[Any] = [threading.Lock(), threading.RLock()]

    def locked() -> int:
        for lock in locks:
            with lock:
                time.sleep(0)
        return 1

    return together(locked, locked, locked) == [1, 1, 1]


def surely(function: Callable[..., object], *arguments: object) -> None:
    """For what others wait for: one thing fails in a run, so it is done the second time."""
    try:
        function(*arguments)
    except MemoryError:
        function(*arguments)


def of_queue() -> bool:
    # No Event and no Condition: what finds no memory in their __exit__ leaves their lock locked.
    numbers: Any = queue.SimpleQueue()
    consumer: Any = None

    def produces() -> None:
        time.sleep(0)
        surely(numbers.put, 7)

    try:
        consumer = call(lambda: numbers.get(timeout=60) == numbers.get() == 7)
        result_of(call(produces))
    finally:
        for _ in range(2):
            surely(numbers.put, 7)
        consumed = consumer and result_of(consumer)
    return consumed is True


def of_thread() -> bool:
    # No threading.Thread: one that finds no memory before it says that it has begun leaves its starter waiting.
    results: list[object] = []

    def body() -> None:
        try:
            results.append(run_sync(later(7)))
        except BaseException as error:
            results.append(error)

    try:
        handle = _thread.start_joinable_thread(body, daemon=False)
    except RuntimeError as error:
        raise MemoryError from error
    try:
        handle.join()
    except BaseException:
        handle.join()
        raise
    for error in [*unseen, *results]:
        if isinstance(error, BaseException):
            raise error
    return results == [7]


@contextlib.contextmanager
def memory_errors_of_ctypes() -> Iterator[None]:
    """ctypes has one exception for all that goes wrong with an argument."""
    try:
        yield
    except ctypes.ArgumentError as error:
        raise (MemoryError if "MemoryError" in str(error) else error) from error


start_new_thread = ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_void_p, ctypes.c_void_p)(
    ("PyThread_start_new_thread", ctypes.pythonapi)
)
free_memory = ctypes.cast(ctypes.pythonapi.PyMem_RawFree, ctypes.c_void_p)
NO_THREAD = ctypes.c_ulong(-1).value


def of_foreign_thread() -> bool:
    # Its body is C code that cannot fail.
    with memory_errors_of_ctypes():
        ident = start_new_thread(free_memory, None)
    if ident == NO_THREAD:
        raise MemoryError
    try:
        time.sleep(0)
    except BaseException:
        surely(time.sleep, 0)
        raise
    return True


def of_timeout() -> bool:
    try:
        with blockon.timeout(0.001):
            run_sync(Promise.new(lambda *_: None))
    except TimeoutError:
        return True
    return False


def of_timeout_that_does_not_pass() -> bool:
    with blockon.timeout(3600):
        return bool(run_sync(later(7)) == 7)


class StopError(Exception):
    """What a fiber is cancelled with."""


def of_cancel() -> bool:
    stop = StopError()
    ids: list[int] = []
    over: list[bool] = []

    def waits() -> bool:
        if over:
            return False
        ids.append(blockon.current_fiber())
        try:
            run_sync(asyncio.get_running_loop().create_future())
        except StopError as error:
            return error is stop
        return False

    def cancels() -> bool:
        time.sleep(0)
        return not ids or blockon.cancel(ids[0], stop)

    waiter: Any = None
    try:
        waiter = call(waits)
        cancelled = result_of(call(cancels))
    except BaseException:
        over.append(True)
        if ids:
            with contextlib.suppress(LookupError):  # it has ended already
                surely(blockon.cancel, ids[0], stop)
        raise
    finally:
        waited = waiter and result_of(waiter)
    return cancelled is waited is True


def of_cancelled_task() -> bool:
    async def waits() -> str:
        try:
            run_sync(Promise.new(lambda *_: None))
        except asyncio.CancelledError:
            return "cancelled"
        return "?"

    async def program() -> str:
        task = asyncio.create_task(waits())
        try:
            await asyncio.sleep(0)
        finally:
            surely(task.cancel)
        try:
            return await task
        except asyncio.CancelledError:
            return "cancelled"  # before it began

    return run_sync(program()) == "cancelled"


def of_socket() -> bool:
    one, other = socket.socketpair()
    reader: Any = None
    with one, other:
        try:
            reader = call(lambda: one.recv(1) == b"x")
            time.sleep(0)
        finally:
            surely(other.send, b"x")
            read = reader and result_of(reader)
    return read is True


def of_socket_that_is_always_ready() -> bool:
    one, other = socket.socketpair()
    with one, other:
        for _ in range(60):  # more than there is between two turns of the event loop
            one.send(b"x")
            if other.recv(1) != b"x":
                return False
    return True


def of_lookup() -> bool:
    return "127.0.0.1" in socket.gethostbyname_ex("localhost")[2]


def of_greenlet() -> bool:
    def body(value: int) -> int:
        return int(run_sync(later(getcurrent().parent.switch(run_sync(later(value))))))

    child = greenlet(body)
    try:
        return child.switch(7) == 7 and child.switch(8) == 8
    finally:
        del child  # what goes on with an exception would keep it


def of_greenlet_that_nobody_refers_to() -> bool:
    ended = []

    def body() -> None:
        try:
            getcurrent().parent.switch()
        finally:
            run_sync(later(7))
            ended.append(7)

    child = greenlet(body)
    try:
        child.switch()
    finally:
        del child  # what goes on with the exception would keep it
    getcurrent()  # if there was no memory to end it, it is ended here
    if not ended:
        raise unseen[0]
    return True


def of_foreign_call() -> bool:
    errors: list[BaseException] = []

    def waits(number: int) -> int:
        try:
            return int(run_sync(later(number)))
        except BaseException as error:
            errors.append(error)
            return 0

    function = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(waits)
    with memory_errors_of_ctypes():
        result = function(7)
    if result != 7:
        raise (errors or unseen)[0]
    return True


def scenarios() -> dict[str, Callable[[], bool]]:
    return {name: function for name, function in globals().items() if name.startswith("of_")}


def prepare() -> None:
    unseen.clear()
    waiting.clear()


def install() -> None:
    sys.unraisablehook = lambda unraisable: report(unraisable.exc_value)
    asyncio.get_event_loop().set_exception_handler(lambda _loop, context: report(context.get("exception")))
