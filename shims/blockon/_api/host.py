"""What the API asks of whoever runs it: to wait, and to go on with something beside the handler."""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, Protocol, TypeAlias, TypeVar

from .headers import RawHeaders

__all__ = ["Host", "Operation", "block_on", "finish", "host", "settle", "use", "use_module"]

T = TypeVar("T")

# What waits in between, written once for callers that block and for those that await: it yields awaitables, is sent
# what they give, and returns its result.
Operation: TypeAlias = Generator[Any, Any, T]


class Host(Protocol):
    """The runtime, or CPython."""

    def block_on(self, awaitable: Awaitable[Any]) -> Any:
        """Wait for it where the caller stands. Raises RuntimeError where that is impossible, and says why."""

    def spawn(self, run: Callable[[], Any], name: str) -> None:
        """Call a function that may block, beside what runs; what it raises is its own to tell."""

    def spawn_async(self, run: Coroutine[Any, Any, None], name: str) -> None:
        """The same for a coroutine."""

    def call(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Awaitable[Any]:
        """An awaitable of what a function that may block gives."""

    def bindings(self) -> Any:
        """The Env of the Worker that runs here."""

    def context(self) -> Any:
        """A Context of the Worker that runs here, for who was given none."""

    def sandbox(self) -> Any:
        """A SandboxPort. Raises RuntimeError where there are no sandboxes."""

    def open_socket(self, url: str, subprotocols: list[str], headers: RawHeaders) -> Operation[tuple[Any, str | None]]:
        """A SocketPort to a server, and the subprotocol that it chose. Raises WebSocketError."""


_host: Host | None = None
# What brings it when it is asked for.
_module = ""


def use(given: Host) -> None:
    """Bring the host, once."""
    global _host
    _host = given


def use_module(name: str) -> None:
    """Import this module, which calls use(), when somebody asks for the host."""
    global _module
    _module = name


def host() -> Host:
    """The host. Raises RuntimeError where there is none."""
    if _host is None and _module:
        importlib.import_module(_module)
    if _host is None:
        raise RuntimeError("there is no Worker here: blockon serves them, and so does python -m blockon.cpython")
    return _host


def block_on(awaitable: Awaitable[Any]) -> Any:
    """Wait where the caller stands."""
    return host().block_on(awaitable)


def finish(operation: Operation[T]) -> T:
    """The result of an operation; blocks where it waits."""
    try:
        waited = next(operation)
        while True:
            try:
                given = host().block_on(waited)
            except BaseException as error:  # noqa: BLE001
                waited = operation.throw(error)
            else:
                waited = operation.send(given)
    except StopIteration as end:
        return end.value


async def settle(operation: Operation[T]) -> T:
    """The result of an operation; awaits where it waits."""
    try:
        waited = next(operation)
        while True:
            try:
                given = await waited
            except BaseException as error:  # noqa: BLE001
                waited = operation.throw(error)
            else:
                waited = operation.send(given)
    except StopIteration as end:
        return end.value
