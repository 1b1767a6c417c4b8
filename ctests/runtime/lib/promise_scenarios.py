"""Waits for promises, coroutines, callbacks of the event loop, and entries."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from js import Promise, failing, later
from pyodide.ffi import JsException, run_sync
from scenario_helpers import together, waiting


def of_settled() -> bool:
    return bool(run_sync(Promise.resolve(7)) == 7)


def of_pending() -> bool:
    return bool(run_sync(later(7)) == 7)


def of_rejected() -> bool:
    try:
        run_sync(failing("no"))
    except JsException as error:
        return str(error) == "Error: no"
    return False


async def twice(value: int) -> Any:
    return await later(value) + await later(value)


def of_coroutine() -> bool:
    return bool(run_sync(twice(7)) == 14)


def of_task() -> bool:
    # No TaskGroup and no gather(): their callbacks are Python code that forgets a task when it finds no memory.
    async def program() -> int:
        first, second = asyncio.create_task(twice(1)), asyncio.create_task(twice(2))
        return await first + await second

    return run_sync(program()) == 6


def of_nested_coroutine() -> bool:
    async def inner() -> Any:
        return run_sync(twice(7))

    return bool(run_sync(inner()) == 14)


def new_future() -> asyncio.Future[int]:
    future = asyncio.get_running_loop().create_future()
    waiting[:] = [future]
    return future


def settle(future: asyncio.Future[int]) -> None:
    if not future.done():
        future.set_result(7)


def of_call_soon() -> bool:
    future = new_future()
    asyncio.get_running_loop().call_soon(settle, future)
    return run_sync(future) == 7


def of_call_later() -> bool:
    future = new_future()
    asyncio.get_running_loop().call_later(0.001, settle, future)
    return run_sync(future) == 7


def of_sleep() -> bool:
    time.sleep(0)
    time.sleep(0.001)
    run_sync(asyncio.sleep(0.001))
    return True


def of_entry() -> bool:
    return together(lambda: run_sync(later(1)), lambda: 2) == [1, 2]
