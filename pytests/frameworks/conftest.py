"""Tests of frameworks that put work into threads, unmodified from PyPI: in the runtime and on CPython alike."""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
import sys
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest


def _run(coroutine: Coroutine[Any, Any, Any]) -> None:
    if sys.platform != "emscripten":
        asyncio.run(coroutine)
        return
    from pyodide.ffi import run_sync

    run_sync(coroutine)


def _adapted(test: Callable[..., Any]) -> Callable[..., None]:
    """Plain tests run in a thread, as requests of WSGI do: in the runtime the main thread always has a running loop."""

    @functools.wraps(test)
    def call(**arguments: Any) -> None:
        if inspect.iscoroutinefunction(test):
            _run(test(**arguments))
            return
        with ThreadPoolExecutor(1) as pool:
            pool.submit(test, **arguments).result()

    return call


def pytest_itemcollected(item: pytest.Item) -> None:
    """Before fixtures look at it: those of the folder above put a function of their own around it."""
    assert isinstance(item, pytest.Function)
    item.obj = _adapted(item.obj)


@pytest.fixture
def server() -> str:
    """The URL of server.mjs, without a slash at its end."""
    return os.environ["BLOCKON_TEST_SERVER"]
