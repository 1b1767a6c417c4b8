"""What is under way in another thread: awaited by coroutines of any loop, waited for by threads."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Coroutine, Generator
from typing import Any

__all__ = ["Pending", "started"]


class Pending:
    """An awaitable that can be blocked on, too."""

    __slots__ = ("_future", "_loop")

    def __init__(self, future: concurrent.futures.Future[Any], loop: asyncio.AbstractEventLoop | None = None) -> None:
        """``loop`` is the one that it runs on."""
        self._future = future
        self._loop = loop

    def result(self) -> Any:
        """Wait for it. Raises RuntimeError where that would hold up what it waits for."""
        if self._loop is not None and asyncio._get_running_loop() is self._loop and not self._future.done():
            raise RuntimeError(
                "on CPython what this event loop runs cannot be waited for by a call that blocks it: use `await` and "
                "`.aio`, or a `def` handler"
            )
        return self._future.result()

    @property
    def is_cancelled(self) -> bool:
        """Whether who waited has ended it."""
        return self._future.cancelled()

    def when_done(self, call: Callable[[concurrent.futures.Future[Any]], object]) -> None:
        self._future.add_done_callback(call)

    def __await__(self) -> Generator[Any, Any, Any]:
        return asyncio.wrap_future(self._future).__await__()


def started(coroutine: Coroutine[Any, Any, Any], loop: asyncio.AbstractEventLoop) -> Pending:
    """The coroutine runs on the loop, which is another thread's."""
    return Pending(asyncio.run_coroutine_threadsafe(coroutine, loop), loop)
