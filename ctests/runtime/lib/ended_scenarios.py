"""Waits that are ended: by a deadline, a cancellation."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

import blockon
from js import Promise, call, later
from pyodide.ffi import run_sync
from scenario_helpers import result_of, surely


def of_timeout() -> bool:
    try:
        with blockon.timeout(0.001):
            run_sync(Promise.new(lambda *_: None))
    except TimeoutError:
        return True
    return False


def of_timeout_that_does_not_pass() -> bool:
    with blockon.timeout(3600):
        return bool(run_sync(later(7)) == 7)


class StopError(Exception):
    """What a fiber is cancelled with."""


def of_cancel() -> bool:
    stop = StopError()
    ids: list[int] = []
    over: list[bool] = []

    def waits() -> bool:
        if over:
            return False
        ids.append(blockon.current_fiber())
        try:
            run_sync(asyncio.get_running_loop().create_future())
        except StopError as error:
            return error is stop
        return False

    def cancels() -> bool:
        time.sleep(0)
        return not ids or blockon.cancel(ids[0], stop)

    waiter: Any = None
    try:
        waiter = call(waits)
        cancelled = result_of(call(cancels))
    except BaseException:
        over.append(True)
        if ids:
            with contextlib.suppress(LookupError):  # it has ended already
                surely(blockon.cancel, ids[0], stop)
        raise
    finally:
        waited = waiter and result_of(waiter)
    return cancelled is waited is True


def of_cancelled_task() -> bool:
    async def waits() -> str:
        try:
            run_sync(Promise.new(lambda *_: None))
        except asyncio.CancelledError:
            return "cancelled"
        return "?"

    async def program() -> str:
        task = asyncio.create_task(waits())
        try:
            await asyncio.sleep(0)
        finally:
            surely(task.cancel)
        try:
            return await task
        except asyncio.CancelledError:
            return "cancelled"  # before it began

    return run_sync(program()) == "cancelled"
