"""What functions with ``yield`` that a plain endpoint of FastAPI's depends on are entered and left by.

FastAPI leaves each within a cancel scope of anyio's that shields it. A shield has something to do where another cancel
scope is around the request, as within some middlewares: there they go FastAPI's way.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack
from typing import Any

from ._fastapi_functions import Function

__all__ = ["Contexts"]

_INNER = "fastapi_inner_astack"


def _in_cancel_scope() -> bool:
    """Whether a cancel scope of anyio's is around what runs."""
    backend: Any = sys.modules.get("anyio._backends._asyncio")
    task = asyncio.current_task()
    if backend is None or task is None:
        return False
    state = backend._task_states.get(task)
    return state is not None and state.cancel_scope is not None


class _OnThreads:
    """A context whose both ends run on threads, the second whatever else runs there."""

    __slots__ = ("_concurrency", "_manager")

    def __init__(self, concurrency: Any, manager: Any) -> None:
        self._concurrency = concurrency
        self._manager = manager

    async def __aenter__(self) -> Any:
        return await self._concurrency.run_in_threadpool(self._manager.__enter__)

    async def __aexit__(self, *raised: object) -> bool:
        # Not one of the limit's: what waits for a thread may wait for what is given back here.
        limiter = self._concurrency.CapacityLimiter(1)
        return bool(await self._concurrency.anyio.to_thread.run_sync(self._manager.__exit__, *raised, limiter=limiter))


class Contexts:
    """Those of one request: the ones that end before its answer is sent, and the ones that end behind it."""

    __slots__ = ("_is_shielded", "of_call", "of_request")

    def __init__(self, of_request: AsyncExitStack, of_call: AsyncExitStack) -> None:
        self.of_request = of_request
        self.of_call = of_call
        self._is_shielded = _in_cancel_scope()

    async def enter(self, utils: Any, function: Function, values: dict[str, Any], prepared: Any) -> Any:
        """What the function yields."""
        stack = self.of_call if function.in_call else self.of_request
        if self._is_shielded:
            request = prepared.request
            request.scope[_INNER] = self.of_request
            return await utils._solve_generator(
                dependant=function.dependant, stack=stack, sub_values=values, request=request
            )
        manager = function.call(**values)
        if not function.is_async:
            manager = _OnThreads(sys.modules["fastapi.concurrency"], manager)
        return await stack.enter_async_context(manager)
