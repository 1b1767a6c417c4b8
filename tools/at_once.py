"""Work in threads of this process, each of which waits for a command."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

#: Asks whether the work is to end, since its caller was interrupted; `until` of tools/process.py.
IsOver = Callable[[], bool]
Result = TypeVar("Result")


def at_once(works: Sequence[Callable[[IsOver], Result]], most: int | None = None) -> list[Result]:
    """What each came to, in their order. As many are done at a time as there are processors, unless it is said."""
    is_over = threading.Event()
    with ThreadPoolExecutor(most or os.cpu_count()) as pool:
        try:
            return list(pool.map(lambda work: work(is_over.is_set), works))
        finally:
            is_over.set()
