"""Where V8 or Node calls back, and a value of the realm could meet JavaScript of the host.

Each of these reaches the host in a realm whose engine does not keep Node's callbacks away (jspi/engine/realm_guard.h).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import js
import pyodide_js
import pytest
from pyodide.ffi import JsException, JsProxy, create_proxy, run_sync, to_js


def record(**entries: Any) -> Any:
    return to_js(entries, dict_converter=js.Object.fromEntries)


def is_ours(value: Any) -> bool:
    return bool(js.Object.prototype.isPrototypeOf(value))


class Spy:
    """A callable Proxy: its trap is given an array of the context from which it is called."""

    def __init__(self) -> None:
        self.calls = 0
        self.foreign = 0
        self._trap = create_proxy(self._apply)
        self.proxy = js.Proxy.new(js.Reflect.get, record(apply=self._trap))

    def _apply(self, target: Any, this: Any, arguments: Any) -> None:
        self.calls += 1
        self.foreign += not is_ours(arguments)


@pytest.fixture
def spy() -> Iterator[Spy]:
    spy = Spy()
    yield spy
    spy._trap.destroy()


def turns(milliseconds: int = 20) -> None:
    run_sync(asyncio.sleep(milliseconds / 1000))


def test_nothing_streams_wasm() -> None:
    assert not hasattr(js.WebAssembly, "compileStreaming")
    assert not hasattr(js.WebAssembly, "instantiateStreaming")


def test_a_rejected_promise_is_looked_at_by_nobody(spy: Spy) -> None:
    before = js.Object.getPrototypeOf(js.Promise.prototype)
    js.setTimeout(js.Promise.reject.bind(js.Promise), 0, 1)
    js.Object.setPrototypeOf(js.Promise.prototype, js.Proxy.new(js.Object.new(), record(get=spy.proxy)))
    try:
        turns()
    finally:
        js.Object.setPrototypeOf(js.Promise.prototype, before)
    assert spy.calls > 0
    assert spy.foreign == 0


def test_a_listener_of_sockets_is_called_in_the_realm(spy: Spy) -> None:
    sockets = pyodide_js._module.blockonEngine.new_sockets()
    sockets.socket_attach(js.WebAssembly.Memory.new(record(initial=1)), spy.proxy)
    assert sockets.socket_open_pair(0, 1) == 0
    assert sockets.socket_watch(0, 4, 1) == 0
    turns()
    sockets.socket_close(0)
    sockets.socket_close(1)
    assert spy.calls > 0
    assert spy.foreign == 0


class Stairs:
    """A chain of getters, each of which reads the next: `descend` reads a property that many calls deep."""

    def __init__(self, steps: int) -> None:
        self._bottom = js.Object.new()
        self._steps = [js.Reflect.get.bind(None, self._bottom, "x")]
        for _ in range(steps):
            step = js.Object.new()
            js.Object.defineProperty(step, "x", record(get=self._steps[-1]))
            self._steps.append(js.Reflect.get.bind(None, step, "x"))

    def descend(self, steps: int, target: Any, name: str) -> Any:
        """The error that it ended with, or None."""
        js.Object.defineProperty(
            self._bottom, "x", record(get=js.Reflect.get.bind(None, target, name), configurable=True)
        )
        try:
            self._steps[steps]()
        except JsException as error:
            return error
        return None


def test_the_text_of_a_stack_is_made_where_the_stack_ends() -> None:
    most = 30_000
    stairs = Stairs(most)
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        if stairs.descend(middle, js.Error.new("deep"), "stack") is None:
            low = middle
        else:
            high = middle
    assert 0 < low < most - 1, "the stack ends within"
    errors = [stairs.descend(steps, js.Error.new("deep"), "stack") for steps in range(low - 400, high + 100)]
    found = [error for error in errors if error is not None]
    assert found
    assert all(isinstance(error, JsProxy | JsException) and is_ours(error) for error in found)


def test_stacks_have_no_frames_of_the_host_and_no_call_sites() -> None:
    stacks: list[str] = []
    asked: list[Any] = []
    limit = js.Error.stackTraceLimit
    js.Error.stackTraceLimit = 1000
    js.Error.prepareStackTrace = create_proxy(lambda error, sites: asked.append(sites))
    note = create_proxy(lambda: stacks.append(js.Error.new("in a callback").stack))
    try:
        # Often: V8 treats frames of code that it has compiled otherwise than those that it interprets.
        for _ in range(2000):
            js.setImmediate(note)
            js.setTimeout(note, 0)
        for _ in range(600):
            if len(stacks) == 4000:
                break
            turns(50)
    finally:
        js.Error.stackTraceLimit = limit
        js.Reflect.deleteProperty(js.Error, "prepareStackTrace")
        note.destroy()
    assert len(stacks) == 4000
    for stack in stacks:
        assert stack.startswith("Error: in a callback\n    at ")
        assert "blockon:20-timers.js" in stack
        assert "node:" not in stack, stack
        assert "file:" not in stack, stack
    assert asked == []
