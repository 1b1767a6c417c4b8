"""workers.wsgi: an application of WSGI blocks, and has a thread for each request."""

from __future__ import annotations

from typing import Never

from ._older import unavailable

__all__ = ["entrypoint", "fetch"]


def entrypoint(_app: object) -> Never:
    """Raises RuntimeError."""
    raise RuntimeError(unavailable("workers.wsgi"))


def fetch(*_arguments: object) -> Never:
    """Raises RuntimeError."""
    raise RuntimeError(unavailable("workers.wsgi"))
