"""pytest's plugin of ``blockon test``: the fixtures ``client`` and ``env``, and tests and fixtures that are ``async``.

What is ``async`` runs on the event loop of the interpreter, each test as a task that the test's call blocks on.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from . import _bridge, _entry
from ._test_client import Client

__all__ = ["WorkerPlugin"]


def _entries(env: Any) -> dict[str, Any]:
    return {entry[0]: entry[1] for entry in _bridge.js.Object.entries(env)}


def _set(env: Any, entries: dict[str, Any]) -> None:
    for name in _bridge.js.Object.keys(env):
        if name not in entries:
            _bridge.js.Reflect.deleteProperty(env, name)
    for name, value in entries.items():
        _bridge.js.Reflect.set(env, name, value)


def _empty(namespace: Any) -> None:
    """Delete all that a KV namespace has."""
    options = _bridge.js.Object.new()
    while True:
        page = _bridge.block_on(namespace.list(options))
        for key in page.keys:
            _bridge.block_on(namespace.delete(key.name))
        if page.list_complete:
            return
        options.cursor = page.cursor


def _blocking(function: Callable[..., Any]) -> Callable[..., Any]:
    """An ``async def`` fixture as one that pytest can call."""
    if inspect.isasyncgenfunction(function):

        @functools.wraps(function)
        def generate(*args: Any, **kwargs: Any) -> Iterator[Any]:
            generator = function(*args, **kwargs)
            yield _bridge.block_on(anext(generator))
            try:
                _bridge.block_on(anext(generator))
            except StopAsyncIteration:
                return
            raise RuntimeError(f"the fixture {function.__name__} yields more than once")

        return generate

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        return _bridge.block_on(function(*args, **kwargs))

    return call


class WorkerPlugin:
    """Of one Worker: ``main`` is its file, ``kv`` the names of its KV bindings."""

    def __init__(self, main: str, kv: list[str]) -> None:
        """The Worker's module is loaded when a test asks for it."""
        self._main = main
        self._kv = kv
        self._loaded = False

    @pytest.fixture
    def env(self) -> Iterator[Any]:
        """The Worker's bindings: what a test sets is undone behind it, and its KV namespaces are empty before it."""
        env = _bridge.host("entrypointHelper").cloudflareWorkersModule.env
        before = _entries(env)
        for name in self._kv:
            _empty(before[name])
        yield env
        _set(env, before)

    @pytest.fixture
    def client(self, env: Any) -> Client:
        """Requests to the Worker's handler. The Worker's module is loaded once, with the bindings of the first test."""
        if not self._loaded:
            _entry.load_main(self._main)
            self._loaded = True
        return Client(env)

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: Any) -> bool | None:
        """Run a test that is ``async``."""
        test = pyfuncitem.obj
        if not inspect.iscoroutinefunction(test):
            return None
        names = pyfuncitem._fixtureinfo.argnames
        _bridge.block_on(test(**{name: pyfuncitem.funcargs[name] for name in names}))
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> None:
        """Make a fixture that is ``async`` one that pytest calls."""
        function = fixturedef.func
        if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
            fixturedef.func = _blocking(function)


def run(main: str, kv: list[str], arguments: list[str]) -> int:
    """Run pytest with the plugin; returns its exit code."""
    folder = str(Path(main).parent)
    if folder not in sys.path:
        # Where the Worker's module lies, so that a test can import it by its name.
        sys.path.insert(0, folder)
    return int(pytest.main(arguments, plugins=[WorkerPlugin(main, kv)]))
