"""Ends a request whose time is up. Where its code runs it cannot be told: the host ends its Worker then."""

from __future__ import annotations

import asyncio
from types import CodeType

from . import _request_threads

__all__ = ["end", "install"]


def end(_handling: CodeType, number: int, text: str) -> None:
    """Cancel the tasks of the request of that number."""
    for task in asyncio.all_tasks(asyncio.get_event_loop()):
        if _request_threads.number_in(task.get_context()) == number:
            task.cancel(text)


def install() -> None:
    """There is no guest that could be asked which request runs."""
