"""What runs for which request: by a context variable, which its tasks and threads have, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar

__all__ = ["Request", "call_depth", "call_number", "current", "current_in", "enter", "install", "leave", "request"]


class Request:
    """One that the host has given: by which number, 0 for none, and how many calls between Workers led to it."""

    __slots__ = ("depth", "is_told", "number")

    def __init__(self, number: int, depth: int) -> None:
        self.number = number
        self.depth = depth
        #: Whether it was told that it is over a limit.
        self.is_told = False


_request: ContextVar[Request | None] = ContextVar("blockon_request", default=None)


def install(_grace: float) -> None:
    """There is nothing to watch."""


def leave() -> None:
    """What is started in this context from now on is the Worker's."""
    _request.set(None)


def enter(request: Request | None) -> None:
    """What is started in this context from now on is that request's."""
    _request.set(request)


def current() -> Request | None:
    """The one that the code which runs is for."""
    return _request.get()


def current_in(context: Context) -> Request | None:
    """That of a task's context."""
    return context.get(_request)


def call_depth() -> int:
    """How many calls between Workers led to what runs now, each made for the one before: 0 for a client's request."""
    found = _request.get()
    return 0 if found is None else found.depth


def call_number() -> int:
    """By which number the host knows what runs now, 0 if it does not."""
    found = _request.get()
    return 0 if found is None else found.number


@contextmanager
def request(number: int, _describe: Callable[[], str], depth: int = 0) -> Iterator[None]:
    """The block is a request's."""
    token = _request.set(Request(number, depth))
    try:
        yield
    finally:
        _request.reset(token)
