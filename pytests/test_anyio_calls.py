"""Calls to anyio's threads take a short way on the Worker's own loop: what they do is what anyio says."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from typing import Any

import anyio
import anyio.from_thread
import anyio.lowlevel
import anyio.to_thread
import pytest
from anyio._backends import _asyncio as backend
from blockon import _anyio, _anyio_calls
from blockon._fibers import fibers, may_wait_for_ever
from pyodide.ffi import run_sync

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="outside")
call = anyio.to_thread.run_sync


@pytest.fixture(autouse=True)
def thread_that_waits() -> None:
    """Without one a call goes anyio's way."""
    run_sync(call(int))
    run_sync(call(int))


def test_the_installed_version_is_known() -> None:
    assert "/blockon/" in backend.AsyncIOBackend.run_sync_in_worker_thread.__func__.__code__.co_filename


def limits() -> tuple[float, float]:
    """Of the Worker's loop, and of a thread's."""

    async def limit() -> float:
        return anyio.to_thread.current_default_thread_limiter().total_tokens

    found: list[float] = []
    thread = threading.Thread(target=lambda: found.append(asyncio.run(limit())))
    thread.start()
    thread.join()
    return run_sync(limit()), found[0]


def test_there_may_be_many_threads_on_the_workers_loop() -> None:
    assert limits() == (_anyio._MOST, 40)


def test_results_exceptions_arguments_and_context() -> None:
    def work(first: int, second: int) -> Any:
        assert threading.current_thread().name == "AnyIO worker thread"
        before = variable.get()
        variable.set("thread")
        if second == 0:
            raise ZeroDivisionError("by zero")
        return first // second, before

    async def task() -> Any:
        variable.set("task")
        result = await call(work, 7, 2)
        with pytest.raises(ZeroDivisionError, match="by zero"):
            await call(work, 7, 0)
        with pytest.raises(RuntimeError, match="StopIteration"):
            await call(next, iter(()))
        return result, variable.get()

    assert run_sync(task()) == ((3, "task"), "task")


def test_from_a_thread_into_the_loop() -> None:
    async def in_loop(value: int) -> tuple[int, bool]:
        await asyncio.sleep(0)
        return value, threading.current_thread() is threading.main_thread()

    def work() -> Any:
        anyio.from_thread.check_cancelled()
        return anyio.from_thread.run(in_loop, 7), anyio.from_thread.run_sync(lambda: 8)

    async def task() -> Any:
        return await call(work)

    assert run_sync(task()) == ((7, True), 8)


async def cancelled(before: bool) -> tuple[list[str], bool]:
    """A task that calls a thread and is cancelled: before its call, or in it."""
    log: list[str] = []
    go_on = threading.Event()
    begun, ended = asyncio.Event(), asyncio.Event()

    def work() -> None:
        log.append("begun")
        asyncio_loop.call_soon_threadsafe(begun.set)
        go_on.wait()
        log.append("ended")
        asyncio_loop.call_soon_threadsafe(ended.set)

    async def calls() -> None:
        if before:
            asyncio.current_task().cancel()  # type: ignore[union-attr]
        await call(work)

    asyncio_loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(calls())
    if not before:
        await begun.wait()
        task.cancel()
    await asyncio.wait([task])
    go_on.set()
    if not before:
        await ended.wait()
    return log, task.cancelled()


@pytest.mark.parametrize("before", [True, False])
def test_a_task_that_is_cancelled(before: bool) -> None:
    assert run_sync(cancelled(before)) == ([] if before else ["begun", "ended"], True)


def test_cancel_scopes() -> None:
    def work(event: threading.Event, log: list[str], ended: threading.Event | None = None) -> None:
        event.wait(5)
        try:
            anyio.from_thread.check_cancelled()
            log.append("not cancelled")
        except BaseException as error:
            log.append(type(error).__name__)
            raise
        finally:
            if ended is not None:
                ended.set()

    async def task() -> Any:
        log: list[str] = []
        with anyio.CancelScope() as scope:
            scope.cancel()
            await call(log.append, "called")
        event = threading.Event()
        with anyio.move_on_after(0.01) as late:
            asyncio.get_running_loop().call_later(0.03, event.set)
            await call(work, event, log)
        event.clear()
        ended = threading.Event()
        with anyio.move_on_after(0.01) as abandoned:
            await call(work, event, log, ended, abandon_on_cancel=True)
        noted = list(log)
        event.set()
        await call(ended.wait)
        return scope.cancelled_caught, late.cancelled_caught, abandoned.cancelled_caught, noted, log[len(noted) :]

    # A call that is not to be abandoned is waited for; its thread can ask.
    assert run_sync(task()) == (True, True, True, ["CancelledError"], ["CancelledError"])


def test_limiters() -> None:
    async def task() -> Any:
        limiter = anyio.CapacityLimiter(2)
        running = most = 0

        def work() -> None:
            nonlocal running, most
            running += 1
            most = max(most, running)
            threading.Event().wait(0.002)
            running -= 1

        await asyncio.gather(*(call(work, limiter=limiter) for _ in range(9)))
        default = anyio.to_thread.current_default_thread_limiter()
        return most, limiter.borrowed_tokens, limiter.statistics().tasks_waiting, default.borrowed_tokens

    assert run_sync(task()) == (2, 0, 0, 0)


def test_threads_that_waited_for_long_end() -> None:
    async def task() -> Any:
        await asyncio.gather(*(call(threading.Event().wait, 0.01) for _ in range(5)))
        await call(int)
        idle: Any = backend._threadpool_idle_workers.get()
        several = len(idle)
        for each in idle:
            each.idle_since -= 11
        await call(int)
        return several >= 5, len(idle)

    assert run_sync(task()) == (True, 1)


def test_a_thread_has_no_asynchronous_library() -> None:
    def work() -> bool:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return True
        return False

    async def task() -> bool:
        return await call(work)

    assert run_sync(task())


def test_code_that_is_not_known_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_anyio_calls, "_CALLS", {"run_sync_in_worker_thread": frozenset({0})})

    class Backend:
        run_sync_in_worker_thread = classmethod(lambda _cls: None)

    kept = vars(Backend)["run_sync_in_worker_thread"]
    _anyio_calls.change_calls(type("Module", (), {"AsyncIOBackend": Backend, "WorkerThread": threading.Thread}))
    assert vars(Backend)["run_sync_in_worker_thread"] is kept


def test_a_thread_that_waits_for_a_call_is_nobodys_loss_and_one_that_has_one_is() -> None:
    lock = threading.Lock()

    def waiting() -> list[bool]:
        return [may_wait_for_ever(fiber) for fiber in fibers() if fiber.thread and "AnyIO" in str(fiber.name)]

    async def work() -> tuple[list[bool], list[bool]]:
        with lock:
            working = asyncio.ensure_future(call(lock.acquire))
            while all(waiting()):  # noqa: ASYNC110 - what is waited for tells nobody
                await asyncio.sleep(0)
            during = waiting()
        await working
        lock.release()
        return during, waiting()

    during, after = run_sync(work())
    assert during.count(False) == 1
    assert after
    assert all(after)
