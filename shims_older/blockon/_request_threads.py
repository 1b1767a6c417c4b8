"""What runs for which request. A request has no threads here: none can be started."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar

__all__ = ["call_depth", "call_number", "install", "leave", "number_in", "request"]

#: The number by which the host knows it, 0 for none, and the depth of calls.
_request: ContextVar[tuple[int, int]] = ContextVar("blockon_request", default=(0, 0))


def install(_grace: float) -> None:
    """There is nothing to watch."""


def leave() -> None:
    """What is started in this context from now on is the Worker's."""
    _request.set((0, 0))


def number_in(context: Context) -> int:
    """Of a task's context."""
    return context.get(_request, (0, 0))[0]


def call_depth() -> int:
    """How many calls between Workers led to what runs now, each made for the one before: 0 for a client's request."""
    return _request.get()[1]


def call_number() -> int:
    """By which number the host knows what runs now, 0 if it does not."""
    return _request.get()[0]


@contextmanager
def request(number: int, _describe: Callable[[], str], depth: int = 0) -> Iterator[None]:
    """The block is a request's."""
    token = _request.set((number, depth))
    try:
        yield
    finally:
        _request.reset(token)
