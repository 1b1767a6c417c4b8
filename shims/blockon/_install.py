"""What every interpreter gets when Pyodide's own packages are there, a Worker's and an embedder's alike."""

from __future__ import annotations

from . import _event_loop, _promise_futures

__all__ = ["install"]


def install() -> None:
    """Install the Python halves of what the guest does."""
    _event_loop.install()
    _promise_futures.install()
