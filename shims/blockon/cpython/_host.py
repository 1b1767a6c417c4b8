"""The Pythonic API's host on CPython: each Worker has a thread with its event loop, and threads for what blocks."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import logging
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any

from .._api import host as api_host
from .._api.context import Context
from .._api.headers import RawHeaders
from .._api.host import Operation
from ._pending import Pending

if TYPE_CHECKING:
    from ._worker import Worker

__all__ = ["CPythonHost", "Threads", "enter"]

_logger = logging.getLogger("blockon")
_MOST_THREADS = 64

_current: contextvars.ContextVar[Worker] = contextvars.ContextVar("blockon_worker")
# For threads that a Worker has started by itself, which have no context of it.
_workers: list[Worker] = []


def enter(worker: Worker) -> contextvars.Context:
    """A context in which the Worker runs."""
    if worker not in _workers:
        _workers.append(worker)
    context = contextvars.copy_context()
    context.run(_current.set, worker)
    return context


def leave(worker: Worker) -> None:
    """It has ended."""
    if worker in _workers:
        _workers.remove(worker)


def _worker() -> Worker:
    found = _current.get(None)
    if found is not None:
        return found
    if len(_workers) == 1:
        return _workers[0]
    raise RuntimeError(
        "no Worker runs here: of several, a thread has the one that started it only in contextvars.copy_context()"
    )


class Threads:
    """Of one Worker: that of its loop, and those of what blocks."""

    def __init__(self, name: str) -> None:
        """``name`` is for debuggers."""
        self.loop = asyncio.new_event_loop()
        self._executor = concurrent.futures.ThreadPoolExecutor(_MOST_THREADS, f"blockon-{name}")
        self._thread = threading.Thread(target=self._run, name=f"blockon-{name}-loop", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    @property
    def is_loops(self) -> bool:
        """Whether this is the loop's thread."""
        return threading.current_thread() is self._thread

    def submit(self, context: contextvars.Context, function: Callable[..., Any], *arguments: Any) -> Pending:
        """Call it in a thread."""
        return Pending(self._executor.submit(context.copy().run, function, *arguments))

    def start(self, context: contextvars.Context, coroutine: Coroutine[Any, Any, Any]) -> Pending:
        """Run it on the loop."""
        # The context of who asks goes with it.
        return Pending(context.copy().run(asyncio.run_coroutine_threadsafe, coroutine, self.loop), self.loop)

    def stop(self) -> None:
        """End them, when what is under way has ended."""
        self._executor.shutdown()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


async def _awaited(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


class CPythonHost:
    """A Host of the Worker that runs in the current context."""

    def block_on(self, awaitable: Awaitable[Any]) -> Any:
        if isinstance(awaitable, Pending):
            return awaitable.result()
        threads = _worker().threads
        if threads.is_loops:
            raise RuntimeError(
                "on CPython what an `async def` awaits cannot be waited for by a call that blocks its event loop: use "
                "`await` and `.aio`, or a `def` handler"
            )
        return threads.start(contextvars.copy_context(), _awaited(awaitable)).result()

    def spawn(self, run: Callable[[], Any], name: str) -> None:
        self._watch(_worker().threads.submit(contextvars.copy_context(), run), name)

    def spawn_async(self, run: Coroutine[Any, Any, None], name: str) -> None:
        self._watch(_worker().threads.start(contextvars.copy_context(), run), name)

    def _watch(self, pending: Pending, name: str) -> None:
        def ended(future: concurrent.futures.Future[Any]) -> None:
            if not future.cancelled() and future.exception() is not None:
                _logger.error("%s failed", name, exc_info=future.exception())

        pending.when_done(ended)

    def call(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Awaitable[Any]:
        return _worker().threads.submit(contextvars.copy_context(), function, *arguments)

    def bindings(self) -> Any:
        return _worker().bindings

    def context(self) -> Context:
        from ._services import LocalExports

        return Context(self._go_on, lambda: LocalExports(_worker()))

    def sandbox(self) -> Any:
        raise RuntimeError("there are no sandboxes on CPython, whose processes are none: blockon serve has them")

    def open_socket(self, url: str, subprotocols: list[str], headers: RawHeaders) -> Operation[Any]:
        from ._socket import open_socket

        return open_socket(url, subprotocols, headers, _worker().threads.loop)

    def _go_on(self, awaitable: Awaitable[Any]) -> None:
        self._watch(_worker().threads.start(contextvars.copy_context(), _awaited(awaitable)), "wait_until")


api_host.use(CPythonHost())
