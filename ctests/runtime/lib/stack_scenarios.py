"""Waits in greenlets, and below C code that Python calls."""

from __future__ import annotations

import ctypes

from greenlet import getcurrent, greenlet
from js import later
from pyodide.ffi import run_sync
from scenario_helpers import memory_errors_of_ctypes, unseen


def of_greenlet() -> bool:
    def body(value: int) -> int:
        return int(run_sync(later(getcurrent().parent.switch(run_sync(later(value))))))

    child = greenlet(body)
    try:
        return child.switch(7) == 7 and child.switch(8) == 8
    finally:
        del child  # what goes on with an exception would keep it


def of_greenlet_that_nobody_refers_to() -> bool:
    ended = []

    def body() -> None:
        try:
            getcurrent().parent.switch()
        finally:
            run_sync(later(7))
            ended.append(7)

    child = greenlet(body)
    try:
        child.switch()
    finally:
        del child  # what goes on with the exception would keep it
    getcurrent()  # if there was no memory to end it, it is ended here
    if not ended:
        raise unseen[0]
    return True


def of_foreign_call() -> bool:
    errors: list[BaseException] = []

    def waits(number: int) -> int:
        try:
            return int(run_sync(later(number)))
        except BaseException as error:
            errors.append(error)
            return 0

    function = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(waits)
    with memory_errors_of_ctypes():
        result = function(7)
    if result != 7:
        raise (errors or unseen)[0]
    return True
