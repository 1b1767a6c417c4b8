"""Threads that compute, for the tests of time slices."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Self

INTERVAL = 0.0005
# Of computing, after which a fiber that may be pre-empted was.
LONG = 30 * INTERVAL


class Busy(AbstractContextManager["Busy"]):
    """A thread that computes until the block ends; `count` grows as it does."""

    def __init__(self) -> None:
        self.count = 0
        self.stops = False
        self.thread = threading.Thread(target=self.compute)

    def compute(self) -> None:
        while not self.stops:
            self.count += 1

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stops = True
        self.thread.join()

    def until_it_ran(self) -> None:
        """Compute until the other one has, which it does only when this one is pre-empted."""
        before = self.count
        while self.count == before:
            pass


def compute(seconds: float) -> None:
    """As long, whoever else runs."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def sometime(happens: Callable[[], bool]) -> None:
    """Ask until it does: on a busy machine a thread may not be pre-empted in any time, as it got too little of it."""
    while not happens():
        pass


def in_thread(function: Callable[[], Any]) -> Any:
    """What the function returns, or raises, in a thread of its own."""
    results: list[Any] = []

    def body() -> None:
        try:
            results.append((function(), None))
        except BaseException as error:
            results.append((None, error))

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    [(result, error)] = results
    if error is not None:
        raise error
    return result
