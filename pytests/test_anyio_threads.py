"""anyio's worker threads: those of the Worker's loop outlast the task that they began for, and no task is asked."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import anyio
import anyio.to_thread
from anyio._backends import _asyncio as backend
from blockon import _request_threads
from pyodide.ffi import run_sync


async def ident() -> int:
    return await anyio.to_thread.run_sync(threading.get_ident)


def in_task() -> int:
    """In a task of its own, which is done then."""

    async def task() -> int:
        return await asyncio.create_task(ident())

    return run_sync(task())


def test_threads_serve_one_task_after_another() -> None:
    first = in_task()
    assert in_task() == in_task() == first
    (thread,) = [each for each in threading.enumerate() if each.ident == first]
    assert isinstance(thread, backend.WorkerThread)
    assert _request_threads._is_executors(thread)
    assert not _request_threads._is_executors(threading.Thread(target=print))


def test_nobody_sees_what_they_wait_for() -> None:
    async def task() -> Any:
        before = asyncio.all_tasks()
        root: Any = backend.find_root_task()
        assert root is backend.find_root_task()
        return asyncio.all_tasks() - before, root.done()

    assert run_sync(task()) == (set(), False)


def test_calls_at_once_have_threads_of_their_own() -> None:
    async def blocked(barrier: threading.Barrier) -> int:
        return await anyio.to_thread.run_sync(lambda: (barrier.wait(), threading.get_ident())[1])

    async def tasks() -> set[int]:
        barrier = threading.Barrier(5)
        return set(await asyncio.gather(*(blocked(barrier) for _ in range(5))))

    assert len(run_sync(tasks())) == 5


def test_a_loop_of_a_thread_has_its_own_as_anyio_has_them() -> None:
    found: list[Any] = []

    def run() -> None:
        async def main() -> None:
            task = asyncio.current_task()
            found.append((backend.find_root_task() is task, await ident() != threading.get_ident()))

        asyncio.run(main())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert found == [(True, True)]
