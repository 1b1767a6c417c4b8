"""A Worker without the flag python_run_sync: no stack switching anywhere, and errors that say what to set."""

from __future__ import annotations

import asyncio
import ctypes
import json
import sys
import threading

import js
import pytest
import requests
from blockon._fiber_report import report
from pyodide.ffi import can_run_sync, run_sync

pytestmark = pytest.mark.gate_closed


def test_can_run_sync() -> None:
    assert not can_run_sync()


def test_realm_has_no_stack_switching() -> None:
    assert not hasattr(js.WebAssembly, "Suspending")
    assert not hasattr(js.WebAssembly, "promising")
    assert hasattr(js.WebAssembly, "Module")


def test_run_sync_names_the_flag() -> None:
    with pytest.raises(RuntimeError, match=r"python_run_sync.*wrangler\.toml"):
        run_sync(js.Promise.resolve(1))
    coroutine = asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="python_run_sync"):
        run_sync(coroutine)
    coroutine.close()
    with pytest.raises(TypeError, match="not awaitable"):
        run_sync(5)  # type: ignore[arg-type]


def test_the_platform_says_that_there_are_no_threads() -> None:
    assert sys._emscripten_info.pthreads is False  # type: ignore[attr-defined]


def test_a_thread_names_the_flag() -> None:
    ran: list[int] = []
    with pytest.raises(RuntimeError, match="can't start new thread: python_run_sync is not enabled"):
        threading.Thread(target=ran.append, args=(1,)).start()
    assert ran == []
    assert threading.enumerate() == [threading.main_thread()]


def test_clients_block_the_thread(server: str) -> None:
    assert requests.get(f"{server}/slow-head?ms=30", timeout=10).text == "late"
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.get(f"{server}/slow-head?ms=5000", timeout=(5, 0.1))
    with pytest.raises(requests.exceptions.ConnectionError, match="Connection refused"):
        requests.get("http://127.0.0.1:1/", timeout=10)


def test_foreign_calls_and_callbacks() -> None:
    add = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_int, ctypes.c_double)(lambda number, real: number + real)
    assert add(1, 0.5) == 1.5
    assert ctypes.pythonapi.Py_IsInitialized() == 1
    call = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object)(("PyObject_CallNoArgs", ctypes.pythonapi))
    with pytest.raises(RuntimeError, match="python_run_sync"):
        call(lambda: run_sync(js.Promise.resolve(1)))


def test_no_fiber_is_reported() -> None:
    assert json.loads(report(stacks=True)) == {"live": 0, "fibers": []}
