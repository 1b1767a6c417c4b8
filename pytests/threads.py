"""Threads for tests."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

__all__ = ["run"]


def run(function: Callable[[], Any], **options: Any) -> Any:
    """What the function returns in a thread of its own."""
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(function()), **options)
    thread.start()
    thread.join()
    return results[0]
