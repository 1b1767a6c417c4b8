"""Waits for locks, queues and threads, Python's and those of C code."""

from __future__ import annotations

import _thread
import ctypes
import queue
import threading
import time
from typing import Any

from js import call, later
from pyodide.ffi import run_sync
from scenario_helpers import memory_errors_of_ctypes, result_of, surely, together, unseen


def of_locks() -> bool:
    locks: list[Any] = [threading.Lock(), threading.RLock()]

    def locked() -> int:
        for lock in locks:
            with lock:
                time.sleep(0)
        return 1

    return together(locked, locked, locked) == [1, 1, 1]


def of_queue() -> bool:
    # No Event and no Condition: what finds no memory in their __exit__ leaves their lock locked.
    numbers: Any = queue.SimpleQueue()
    consumer: Any = None

    def produces() -> None:
        time.sleep(0)
        surely(numbers.put, 7)

    try:
        consumer = call(lambda: numbers.get(timeout=60) == numbers.get() == 7)
        result_of(call(produces))
    finally:
        for _ in range(2):
            surely(numbers.put, 7)
        consumed = consumer and result_of(consumer)
    return consumed is True


def of_thread() -> bool:
    # No threading.Thread: one that finds no memory before it says that it has begun leaves its starter waiting.
    results: list[object] = []

    def body() -> None:
        try:
            results.append(run_sync(later(7)))
        except BaseException as error:
            results.append(error)

    try:
        handle = _thread.start_joinable_thread(body, daemon=False)
    except RuntimeError as error:
        raise MemoryError from error
    try:
        handle.join()
    except BaseException:
        handle.join()
        raise
    for error in [*unseen, *results]:
        if isinstance(error, BaseException):
            raise error
    return results == [7]


start_new_thread = ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_void_p, ctypes.c_void_p)(
    ("PyThread_start_new_thread", ctypes.pythonapi)
)
free_memory = ctypes.cast(ctypes.pythonapi.PyMem_RawFree, ctypes.c_void_p)
NO_THREAD = ctypes.c_ulong(-1).value


def of_foreign_thread() -> bool:
    # Its body is C code that cannot fail.
    with memory_errors_of_ctypes():
        ident = start_new_thread(free_memory, None)
    if ident == NO_THREAD:
        raise MemoryError
    try:
        time.sleep(0)
    except BaseException:
        surely(time.sleep, 0)
        raise
    return True
