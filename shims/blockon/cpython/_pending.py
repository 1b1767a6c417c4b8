"""What is under way in another thread: awaited by coroutines of any loop, waited for by threads."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Coroutine, Generator
from typing import Any

__all__ = ["Pending", "started"]


class Pending:
    """An awaitable that can be blocked on, too."""

    __slots__ = ("_future",)

    def __init__(self, future: concurrent.futures.Future[Any]) -> None:
        self._future = future

    def result(self) -> Any:
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
    return Pending(asyncio.run_coroutine_threadsafe(coroutine, loop))
