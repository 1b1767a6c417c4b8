"""anyio's worker threads last as long as the Worker's loop, and there may be many.

anyio ends them with the task that began everything, which it looks for among all tasks, at each call to a thread. A
Worker's loop has none: it would look each time, at every task of every request, and end a thread with the request that
it was started for.

Its limit of 40 is one of threads of a system, each with a stack of megabytes and a lock for which all contend. Here
they are fibers, and a request that blocks in a handler is one without a limit: so the limit is much higher.
"""

from __future__ import annotations

import asyncio
import functools
from typing import Any
from weakref import WeakKeyDictionary

import _blockon

from . import _anyio_calls
from ._thread_loops import main_loop

__all__ = ["change_backend"]

# Calls to threads at once, unless the Worker sets another limit: the least is anyio's.
_LEAST, _MOST = 40, 1000


def change_backend(module: Any) -> None:
    """Change ``anyio._backends._asyncio``, on the Worker's own loop: others have what anyio says."""
    _change_root(module)
    _change_limiter(module)
    _anyio_calls.change_calls(module)


def _change_limiter(module: Any) -> None:
    """The limiter that ``current_default_thread_limiter`` makes for the loop has more tokens."""
    backend, limiter = vars(module).get("AsyncIOBackend"), vars(module).get("_default_thread_limiter")
    original = getattr(getattr(backend, "current_default_thread_limiter", None), "__func__", None)
    if backend is None or limiter is None or original is None:
        return

    @functools.wraps(original)
    def current_default_thread_limiter(cls: Any) -> Any:
        if limiter.get(None) is None and asyncio.get_running_loop() is main_loop():
            # A request that waits for its thread is a fiber, too.
            fibers = _blockon.stats()["fiber_limit"]
            limiter.set(module.CapacityLimiter(min(_MOST, max(_LEAST, fibers // 4))))
        return original(cls)

    backend.current_default_thread_limiter = classmethod(current_default_thread_limiter)


def _change_root(module: Any) -> None:
    """``find_root_task`` finds what is never done."""
    original = vars(module).get("find_root_task")
    if original is None:
        return
    lasting: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Future[None]] = WeakKeyDictionary()

    @functools.wraps(original)
    def find_root_task() -> Any:
        loop = asyncio.get_running_loop()
        if loop is not main_loop():
            return original()
        # No task: whoever asks for all of them would see it, and wait for it.
        return lasting.get(loop) or lasting.setdefault(loop, loop.create_future())

    module.find_root_task = find_root_task
