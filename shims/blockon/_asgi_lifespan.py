"""The lifespan of ASGI applications: once for each, from before its first connection until the Worker ends.

An application that raises or returns before it has answered the startup has no lifespan, as the specification has it.
One that answers `lifespan.startup.failed` gets no connections; each that comes then has it start again.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from typing import Any

from . import _request_threads

__all__ = ["Lifespan", "LifespanError", "of", "shutdown"]

_logger = logging.getLogger("asgi")

type _Message = dict[str, Any]


class LifespanError(Exception):
    """The application said that it cannot start."""


class Lifespan:
    """That of one application."""

    def __init__(self, app: Any) -> None:
        self.app = app  # is kept alive: the table below has its id
        self.state: dict[str, Any] = {}
        self.ready = False
        self._supported = True
        self._failure: str | None = None
        self._started = asyncio.Event()
        self._ended = asyncio.Event()
        self._messages: asyncio.Queue[_Message] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def startup(self) -> None:
        """Returns when the application is ready for connections. Raises LifespanError."""
        if self._task is None:
            self._messages.put_nowait({"type": "lifespan.startup"})
            # What it starts is the Worker's, not that of the request which happens to be the first.
            context = contextvars.copy_context()
            context.run(_request_threads.leave)
            loop = asyncio.get_running_loop()
            self._task = context.run(lambda: loop.create_task(self._run(), name="ASGI lifespan"))
        await self._started.wait()
        if self._failure is not None:
            _forget(self)
            raise LifespanError(self._failure)
        self.ready = True

    @property
    def has_begun(self) -> bool:
        return self._task is not None

    async def shutdown(self) -> None:
        """Returns when the application has ended what it started."""
        if not self._supported or not self._started.is_set() or self._failure is not None:
            return
        self._messages.put_nowait({"type": "lifespan.shutdown"})
        await self._ended.wait()

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        try:
            await self.app(scope, self._messages.get, self._send)
        except Exception as error:  # noqa: BLE001: what the specification takes for "there is no lifespan"
            if self._started.is_set():
                if self._failure is None:
                    _logger.error("the application's lifespan failed after its startup", exc_info=error)
            else:
                _logger.debug("the application raised at lifespan.startup: it has no lifespan", exc_info=error)
        finally:
            if not self._started.is_set():
                self._supported = False
            self._started.set()
            self._ended.set()

    async def _send(self, message: _Message) -> None:
        kind = message["type"]
        if kind == "lifespan.startup.complete":
            self._started.set()
        elif kind == "lifespan.startup.failed":
            told = message.get("message") or "it gave no reason"
            self._failure = f"the application did not start (lifespan.startup.failed): {told}"
            self._started.set()
        elif kind == "lifespan.shutdown.complete":
            self._ended.set()
        elif kind == "lifespan.shutdown.failed":
            told = message.get("message") or "it gave no reason"
            _logger.error("the application did not shut down (lifespan.shutdown.failed): %s", told)
            self._ended.set()
        else:
            raise RuntimeError(f"the application sent {kind!r} in its lifespan, which knows no such message")


_lifespans: dict[int, Lifespan] = {}


def of(app: Any) -> Lifespan:
    """The application's lifespan, which may not have started."""
    lifespan = _lifespans.get(id(app))
    if lifespan is None:
        lifespan = _lifespans[id(app)] = Lifespan(app)
    return lifespan


def _forget(lifespan: Lifespan) -> None:
    if _lifespans.get(id(lifespan.app)) is lifespan:
        del _lifespans[id(lifespan.app)]


def all_of_them() -> dict[int, Lifespan]:
    """Those there are; any_started() says whether one is to be ended."""
    return _lifespans


def any_started() -> bool:
    """Whether there is one to end."""
    return any(lifespan.has_begun for lifespan in _lifespans.values())


async def shutdown() -> None:
    """End all, at the same time."""
    await asyncio.gather(*(lifespan.shutdown() for lifespan in list(_lifespans.values())))
    _lifespans.clear()
