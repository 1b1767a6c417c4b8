"""A request has no threads here: none can be started."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["install", "leave", "request"]


def install(_grace: float) -> None:
    """There is nothing to watch."""


def leave() -> None:
    """What is started belongs to the Worker in any case."""


@contextmanager
def request(_describe: Callable[[], str]) -> Iterator[None]:
    """The block is a request's."""
    yield
