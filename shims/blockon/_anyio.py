"""anyio's worker threads last as long as the Worker's loop.

anyio ends them with the task that began everything, which it looks for among all tasks, at each call to a thread. A
Worker's loop has none: it would look each time, at every task of every request, and end a thread with the request that
it was started for.
"""

from __future__ import annotations

import asyncio
import functools
from typing import Any
from weakref import WeakKeyDictionary

from ._thread_loops import main_loop

__all__ = ["change_backend"]


def change_backend(module: Any) -> None:
    """Have ``find_root_task`` find what is never done, on the Worker's own loop: other loops have what it looks for."""
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
