"""Tests of clients that run in the runtime and on CPython alike, so that what they expect is what CPython does.

In the runtime each runs twice: where it can be suspended (``task``), and with a JavaScript frame below, where the
thread waits (``sync``). What is asynchronous needs a loop, which only the first has. A test with the fixture ``client``
runs with each of ``adapters.CLIENTS``.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
import sys
from collections.abc import Callable
from typing import Any

import pytest
import urllib3
from adapters import CLIENTS, Client

IN_RUNTIME = sys.platform == "emscripten"


def _run(coroutine: Any) -> Any:
    if not IN_RUNTIME:
        return asyncio.run(coroutine)
    from pyodide.ffi import run_sync

    return run_sync(coroutine)


def _from_task(test: Callable[..., Any]) -> Callable[..., None]:
    @functools.wraps(test)
    def call(**arguments: Any) -> None:
        result = test(**arguments)
        if inspect.iscoroutine(result):
            _run(result)

    return call


def _synchronously(test: Callable[..., Any]) -> Callable[..., None]:
    from fibers import synchronously

    @functools.wraps(test)
    def call(**arguments: Any) -> None:
        errors: list[BaseException] = []

        def caught() -> None:
            try:
                test(**arguments)
            except BaseException as error:  # pytest's own are no Exceptions
                errors.append(error)

        synchronously(caught)
        if errors:
            raise errors[0]

    return call


ENTRIES = {"task": _from_task, "sync": _synchronously} if IN_RUNTIME else {"cpython": _from_task}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "tasks: needs several tasks at once, which no synchronous call has")


@pytest.fixture(autouse=True)
def entry(request: pytest.FixtureRequest) -> str:
    return request.param


def _fits(metafunc: pytest.Metafunc, entry: str, client: Client | None) -> bool:
    one_task = metafunc.definition.get_closest_marker("tasks") is None
    synchronous = not inspect.iscoroutinefunction(metafunc.function) and not (client and client.asynchronous)
    return entry != "sync" or (one_task and synchronous)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "client" in metafunc.fixturenames:
        both = [(client, entry) for client in CLIENTS.values() for entry in ENTRIES if _fits(metafunc, entry, client)]
        names = [f"{client.name}-{entry}" for client, entry in both]
        metafunc.parametrize(("client", "entry"), both, ids=names, indirect=["entry"])
    else:
        metafunc.parametrize("entry", [each for each in ENTRIES if _fits(metafunc, each, None)], indirect=True)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Before fixtures look at it: those of the folder above put a function of their own around it."""
    assert isinstance(item, pytest.Function)
    item.obj = ENTRIES[item.callspec.params["entry"]](item.obj)


@pytest.fixture
def server() -> str:
    """The URL of server.mjs, without a slash at its end."""
    return os.environ["BLOCKON_TEST_SERVER"]


@pytest.fixture
def other(server: str) -> Callable[..., str]:
    """The URL of one of the servers that server.mjs starts beside itself."""

    def ask(kind: str, **query: str) -> str:
        return urllib3.request("GET", f"{server}/{kind}-url", fields=query, retries=False, timeout=20).data.decode()

    return ask


@pytest.fixture
def raw(other: Callable[..., str]) -> str:
    """The URL of servers/raw.mjs."""
    return other("raw")
