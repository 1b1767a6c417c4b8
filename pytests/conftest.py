"""Tests that run inside the runtime, on a fiber of it.

``gate_closed`` marks those for a Worker without the flag python_run_sync: they, and no others, run where it is closed.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import _blockon
import pytest
from pyodide.ffi import run_sync
from slices import INTERVAL

WATCHED = ("fibers_live", "regions_in_use", "ready_handles", "pending_timers", "parked_fibers")
TURNS = 50


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "gate_closed: for a Worker whose compatibility flags close the gate")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    closed = not _blockon.stats()["gate_open"]
    fitting = [item for item in items if (item.get_closest_marker("gate_closed") is not None) == closed]
    config.hook.pytest_deselected(items=[item for item in items if item not in fitting])
    items[:] = fitting


def watched() -> dict[str, int]:
    stats = _blockon.stats()
    return {name: stats[name] for name in WATCHED}


def keeps_stack_pointer(test: Callable[..., None]) -> Callable[..., None]:
    """Asked before and after in one frame: elsewhere the depth of pytest's own calls differs."""

    @functools.wraps(test)
    def checked(**arguments: object) -> None:
        before = _blockon.stats()["stack_pointer"]
        test(**arguments)
        assert _blockon.stats()["stack_pointer"] == before

    return checked


def end_idle_threads() -> None:
    """Those of asyncio's executor and anyio's, which a client may have asked for: they wait for more to do."""
    loop = asyncio.get_event_loop()
    if loop._default_executor is not None:
        run_sync(loop.shutdown_default_executor())
    anyio: Any = sys.modules.get("anyio._backends._asyncio")
    for thread in threading.enumerate() if anyio is not None else ():
        if isinstance(thread, anyio.WorkerThread):
            thread.stop()


@pytest.fixture(autouse=True)
def no_leaks(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a fiber, a region, a timer, a callback or the stack pointer other than it found them."""
    before = watched()
    request.node.obj = keeps_stack_pointer(request.node.obj)
    yield
    if _blockon.stats()["gate_open"]:
        end_idle_threads()
        for _ in range(TURNS):
            if watched() == before:
                break
            run_sync(asyncio.sleep(0.001))
    assert watched() == before


@pytest.fixture
def hostile() -> Iterator[None]:
    """Both collectors work all the time, and a stack that nobody may read any more has nothing to read."""
    before = gc.get_threshold()
    gc.set_threshold(100, 5)
    _blockon.poison_stacks(True)
    yield
    _blockon.poison_stacks(False)
    gc.set_threshold(*before)


@pytest.fixture
def server() -> str:
    """The URL of server.mjs, without a slash at its end."""
    return os.environ["BLOCKON_TEST_SERVER"]


@pytest.fixture
def address(server: str) -> tuple[str, int]:
    """Where server.mjs listens."""
    url = urlsplit(server)
    assert url.hostname
    assert url.port
    return url.hostname, url.port


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two sockets that are connected with one another."""
    one, other = socket.socketpair()
    with one, other:
        yield one, other


@pytest.fixture
def short_slices() -> Iterator[None]:
    """Threads give way soon."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(INTERVAL)
    yield
    sys.setswitchinterval(before)
