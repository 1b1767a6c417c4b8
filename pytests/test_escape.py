"""Ways out of a Worker's realm that have worked elsewhere: each ends inside of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import js
import pytest
from pyodide.ffi import JsException, create_once_callable, create_proxy, run_sync, to_js


@pytest.fixture
def trace_sites() -> Iterator[list[Any]]:
    """What Error.prepareStackTrace is shown: nothing, since a call site would give functions and receivers away."""
    shown: list[Any] = []

    def prepare(_error: Any, sites: Any) -> str:
        shown.append(sites)
        return "prepared"

    proxy = create_proxy(prepare)
    js.Error.prepareStackTrace = proxy
    yield shown
    js.Reflect.deleteProperty(js.Error, "prepareStackTrace")
    proxy.destroy()


def in_timer(action: Callable[[], Any]) -> Any:
    """Run under the host's own frames, which call timers back."""
    done = asyncio.get_running_loop().create_future()

    def callback() -> None:
        try:
            done.set_result(action())
        except BaseException as error:
            done.set_exception(error)

    js.setTimeout(create_once_callable(callback), 0)
    return run_sync(done)


def test_stack_traces_show_no_function_of_the_host(trace_sites: list[Any]) -> None:
    stack = in_timer(lambda: js.Error.new("mine").stack)
    assert stack.startswith("Error: mine\n    at ")
    assert "node:" not in stack
    assert "file:" not in stack
    assert trace_sites == []


def test_errors_of_host_operations_are_not_prepared_with_its_frames(trace_sites: list[Any]) -> None:
    with pytest.raises(JsException) as raised:
        run_sync(js.fetch("ftp://127.0.0.1/"))
    stack = raised.value.stack
    assert "node:" not in stack
    assert "file:" not in stack
    assert trace_sites == []


def test_unhandled_rejection_is_not_inspected() -> None:
    calls: list[Any] = []
    proxy = create_proxy(lambda *arguments: calls.append(arguments))
    reason = js.Object.new()
    for name in ("nodejs.util.inspect.custom", "nodejs.rejection"):
        js.Reflect.set(reason, getattr(js.Symbol, "for")(name), proxy)
    for name in ("stack", "message", "name", "toString", "code"):
        js.Object.defineProperty(reason, name, to_js({"get": proxy}, dict_converter=js.Object.fromEntries))
    resolvers = js.Promise.withResolvers()
    resolvers.reject(reason)
    run_sync(asyncio.sleep(0.02))
    assert calls == []
    proxy.destroy()


def test_objects_do_not_cross() -> None:
    """Where a string is expected, an object's own toString may run, but nothing of it gets to the host."""
    url = js.Object.new()
    seen: list[int] = []

    def to_string(*_: Any) -> str:
        seen.append(1)
        return "http://127.0.0.1:2/"

    proxy = create_proxy(to_string)
    url.toString = proxy
    with pytest.raises(JsException, match="fetch failed"):
        run_sync(js.fetch(url))
    assert seen
    proxy.destroy()


@pytest.mark.parametrize("name", ["setTimeout", "setImmediate"])
def test_a_host_call_at_the_end_of_the_stack(name: str) -> None:
    """Arrays in arrays take stack when text is made of them; at some depth what the host does would overflow it."""
    callback = create_proxy(lambda *_: None)
    nested = js.Object.new()
    nested.toString = js.Reflect.get(js, name).bind(None, callback)
    errors = []
    for depth in range(1, 20_001):
        nested = js.Array.of(nested)
        if depth % 500:
            continue
        try:
            js.String(nested)
        except JsException as error:
            errors.append(error)
    run_sync(asyncio.sleep(0.05))
    assert errors
    for error in errors:
        assert error.constructor in (js.RangeError, js.TypeError)
        with pytest.raises(JsException, match="Code generation from strings disallowed"):
            error.constructor.constructor("return process")()
    assert run_sync(asyncio.sleep(0.001, "alive")) == "alive"
    callback.destroy()
