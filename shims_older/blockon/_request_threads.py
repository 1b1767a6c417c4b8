"""What runs for which request. A request has no threads here: none can be started."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["call_depth", "install", "leave", "request"]

_depth: ContextVar[int] = ContextVar("blockon_call_depth", default=0)


def install(_grace: float) -> None:
    """There is nothing to watch."""


def leave() -> None:
    """What is started belongs to the Worker in any case."""


def call_depth() -> int:
    """How many calls between Workers led to what runs now, each made for the one before: 0 for a client's request."""
    return _depth.get()


@contextmanager
def request(_describe: Callable[[], str], depth: int = 0) -> Iterator[None]:
    """The block is a request's."""
    token = _depth.set(depth)
    try:
        yield
    finally:
        _depth.reset(token)
