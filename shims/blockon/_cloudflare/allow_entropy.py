"""_cloudflare.allow_entropy: a Worker's top level may take entropy here, since no snapshot keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["allow_bad_entropy_calls", "is_bad_entropy_enabled", "raise_unless_entropy_allowed"]


@contextmanager
def allow_bad_entropy_calls(_calls: int) -> Iterator[None]:
    """The block may take entropy, which is good as ever."""
    yield


def is_bad_entropy_enabled() -> bool:
    """Whether entropy is predictable now."""
    return False


def raise_unless_entropy_allowed() -> None:
    """Raises nothing: it is allowed everywhere."""
