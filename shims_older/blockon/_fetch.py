"""HTTP clients: they are as Pyodide has them, with no fetch in place of their connections."""

from __future__ import annotations

from ._older import unavailable

__all__ = ["take_workers"]


def take_workers(as_it_is: bool) -> None:
    """Raises RuntimeError where the configuration asks for clients that go through ``fetch``."""
    if as_it_is:
        raise RuntimeError(unavailable("`fetch` of [blockon.outbound], by which clients send their requests,"))
