"""How wait_faults.mjs ends a wait from outside, as blockon's users and the runtime itself do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import blockon
from pyodide.ffi import run_sync

#: What wakes a fiber without reason, by its id: the callback that run_sync leaves with a future.
wakers: dict[int, Callable[[None], None]] = {}


class FaultError(Exception):
    """What a fiber is cancelled with."""


class Keeper:
    """A future that keeps the callback and is done."""

    _asyncio_future_blocking = False

    def __init__(self) -> None:
        self.is_done = False

    def __await__(self) -> Any:
        raise NotImplementedError  # run_sync waits for it by its callback

    def done(self) -> bool:
        return self.is_done

    def result(self) -> None:
        pass

    def add_done_callback(self, callback: Any, context: Any = None) -> None:
        wakers[callback.__self__] = callback

    def remove_done_callback(self, callback: Any) -> None:
        pass


keepers: list[Keeper] = []


def keep() -> None:
    """On a fiber: learn to wake it, and wait until all are known."""
    keepers.append(Keeper())
    run_sync(keepers[-1])


def let_go() -> int:
    """Let all that called keep() end; how many they are."""
    for keeper in keepers:
        keeper.is_done = True
    for waker in wakers.values():
        waker(None)
    return len(wakers)


def wake(fiber: int) -> None:
    wakers[fiber](None)


def cancel(fiber: int) -> None:
    blockon.cancel(fiber, FaultError())


def limited(scenario: Callable[[], Any], seconds: float) -> Any:
    with blockon.timeout(seconds):
        return scenario()
