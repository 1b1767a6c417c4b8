"""What handlers get beside the request: the context of a call, and the event of a trigger."""

from __future__ import annotations

import datetime
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from .host import host
from .services import Exports, ExportsPort

__all__ = ["Context", "ScheduledEvent", "WorkerEntrypoint", "wait_until"]


class Context:
    """``ctx`` of a handler."""

    __slots__ = ("_exports", "_go_on", "_props")

    def __init__(
        self,
        go_on: Callable[[Awaitable[Any]], object],
        exports: Callable[[], ExportsPort],
        props: Callable[[], dict[str, Any]] = dict,
    ) -> None:
        """``go_on`` has the platform run an awaitable beside the answer."""
        self._go_on = go_on
        self._exports = exports
        self._props = props

    @property
    def props(self) -> dict[str, Any]:
        """What is said of who calls: by ``[services.props]`` of its configuration, or by ``ctx.exports``. A copy."""
        return self._props()

    @property
    def exports(self) -> Exports:
        """The Worker's own entrypoints, each a Service: ``ctx.exports.Greeter.greet("Ada")``.

        Raises RuntimeError where the Worker's date or flags turn it off.
        """
        port = self._exports()
        port.names()
        return Exports(port)

    def wait_until(self, work: Awaitable[Any] | Callable[..., Any], *arguments: Any) -> None:
        """Go on with something when the answer is sent: a coroutine, or a function with its arguments, which may block.

        What it raises is logged. Raises TypeError for anything else.
        """
        if inspect.isawaitable(work):
            if arguments:
                raise TypeError("wait_until: arguments are for a function, and this is an awaitable already")
            self._go_on(work)
        elif callable(work):
            self._go_on(host().call(work, arguments))
        else:
            raise TypeError(f"wait_until takes an awaitable or a function, not {type(work).__name__}")


def wait_until(work: Awaitable[Any] | Callable[..., Any], *arguments: Any) -> None:
    """As ``ctx.wait_until``, from anywhere in the Worker."""
    host().context().wait_until(work, *arguments)


class ScheduledEvent:
    """What a scheduled trigger gives its handler."""

    __slots__ = ("_no_retry", "cron", "scheduled_time")

    cron: str
    """The expression that was due, as it stands in the configuration."""
    scheduled_time: datetime.datetime
    """When it was due, in UTC."""

    def __init__(self, cron: str, scheduled_time: datetime.datetime, no_retry: Callable[[], object]) -> None:
        """``no_retry`` tells the platform."""
        self.cron = cron
        self.scheduled_time = scheduled_time
        self._no_retry = no_retry

    def no_retry(self) -> None:
        """Say that the call is not to be made again if it fails. blockon makes none again."""
        self._no_retry()

    def __repr__(self) -> str:
        return f"<ScheduledEvent {self.cron!r} {self.scheduled_time.isoformat()}>"


class WorkerEntrypoint:
    """A Worker as a class: ``class Default(WorkerEntrypoint)`` in its main file, made anew for each event.

    ``fetch(self, request)`` answers requests, ``scheduled(self, event)`` takes triggers. Other methods whose names do
    not begin with ``_`` are for other Workers to call, as are those of further subclasses, which a ``[[services]]``
    names as its ``entrypoint``.
    """

    env: Any
    """The Worker's bindings."""
    ctx: Context
    """The context of this call."""

    def __init__(self, ctx: Context, env: Any) -> None:
        """Called for each event. An ``__init__`` of a subclass calls this one."""
        self.ctx = ctx
        self.env = env
