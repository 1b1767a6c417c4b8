"""Calls to anyio's worker threads on the Worker's own loop, in fewer steps where nothing is out of the ordinary.

anyio gives the loop two turns before it gives a call to a thread, so that a call is not made which is cancelled
already; it looks up its threads and their limit by the loop at each call, and hands over by a queue that is written in
Python. Here a call goes to a thread that waits for one at once, where no cancel scope is around the task, nobody has
cancelled it, and the limit has room. All else, and what is not known by its code, goes anyio's way.
"""

from __future__ import annotations

import asyncio
import functools
from contextvars import copy_context
from queue import SimpleQueue
from typing import Any

from ._known_code import are_known
from ._thread_loops import main_loop

__all__ = ["change_calls"]

# By CPython 3.14's compiler, of anyio 4.16.
_CALLS = {"run_sync_in_worker_thread": frozenset({0x627CA767})}
_THREADS = {
    "__init__": frozenset({0xD9ECED3D}),
    "_report_result": frozenset({0xE8E49C7D}),
    "run": frozenset({0xD79592FC}),
    "stop": frozenset({0x96035299}),
}


class _Queue(SimpleQueue[Any]):
    """What a worker thread asks of its queue."""

    def task_done(self) -> None:
        """Nobody joins it."""


class _Pool:
    """What anyio keeps for a loop: threads that wait for a call, the one that waits longest first, and their limit."""

    __slots__ = ("idle", "limiter", "loop")

    def __init__(self, loop: Any, idle: Any, limiter: Any) -> None:
        self.loop = loop
        self.idle = idle
        self.limiter = limiter


def change_calls(module: Any) -> None:
    """Have calls take the short way where they can."""
    backend, thread_type = module.AsyncIOBackend, module.WorkerThread
    if not are_known(backend, _CALLS) or not are_known(thread_type, _THREADS):
        return
    _change_queues(thread_type)
    original = backend.run_sync_in_worker_thread.__func__
    states, limiter_type = module._task_states, module.CapacityLimiter
    longest_idle = thread_type.MAX_IDLE_TIME
    # Of sniffio, where it is installed: a thread has no asynchronous library.
    set_library = module.set_current_async_library if _eventloop_module().sniffio else None
    pool = _Pool(None, None, None)

    def find_pool(loop: Any) -> bool:
        """Whether the loop is the Worker's own and has had calls."""
        nonlocal pool
        idle = module._threadpool_idle_workers.get(None)
        if idle is None or loop is not main_loop():
            return False
        pool = _Pool(loop, idle, backend.current_default_thread_limiter())
        return True

    @functools.wraps(original)
    async def run_sync_in_worker_thread(
        cls: Any, func: Any, args: Any, abandon_on_cancel: bool = False, limiter: Any = None
    ) -> Any:
        loop = asyncio.get_running_loop()
        task: Any = asyncio.current_task(loop)
        if loop is pool.loop or find_pool(loop):
            idle, borrowed = pool.idle, limiter or pool.limiter
            state = states.get(task)
            if (
                idle
                and (state is None or state.cancel_scope is None)
                and not task._must_cancel
                and type(borrowed) is limiter_type
                and not borrowed._wait_queue
                and len(borrowed._borrowers) < borrowed._total_tokens
                # Those that have waited for long are ended in anyio's way.
                and (len(idle) == 1 or loop.time() - idle[0].idle_since < longest_idle)
            ):
                borrowed.acquire_on_behalf_of_nowait(task)
                try:
                    future, context = loop.create_future(), copy_context()
                    if set_library is not None:
                        context.run(set_library, None)
                    idle.pop().queue.put((context, func, args, future, None))
                    return await future
                finally:
                    borrowed.release_on_behalf_of(task)
        return await original(cls, func, args, abandon_on_cancel, limiter)

    backend.run_sync_in_worker_thread = classmethod(run_sync_in_worker_thread)


def _eventloop_module() -> Any:
    from anyio._core import _eventloop

    return _eventloop


def _change_queues(thread_type: Any) -> None:
    original = thread_type.__init__

    @functools.wraps(original)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - it is one
        original(self, *args, **kwargs)
        self.queue = _Queue()

    thread_type.__init__ = __init__
