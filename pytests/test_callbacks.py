"""Callbacks that Python gives to JavaScript: those that are called later may block, the others refuse to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar

import js
import pytest
from places import later, waits
from pyodide.ffi import can_run_sync, create_once_callable, create_proxy, run_sync, to_js
from pyodide.ffi.wrappers import (
    add_event_listener,
    clear_interval,
    clear_timeout,
    remove_event_listener,
    set_interval,
    set_timeout,
)

Done = Callable[..., None]


def called(start: Callable[[Done], Any], count: int = 1) -> list[Any]:
    """What `count` calls of the callback that `start` gets said after a wait, and whether each could wait."""
    done = asyncio.get_event_loop().create_future()
    seen: list[Any] = []

    def callback(*arguments: Any) -> None:
        assert can_run_sync()
        seen.append((*arguments, waits("waited")))
        if len(seen) == count:
            done.set_result(None)

    start(callback)
    run_sync(asyncio.wait_for(done, 5))
    return seen


@pytest.mark.parametrize("name", ["setTimeout", "setImmediate", "queueMicrotask"])
@pytest.mark.parametrize("make", [create_proxy, create_once_callable])
def test_scheduled(name: str, make: Any) -> None:
    assert called(lambda callback: getattr(js, name)(make(callback))) == [("waited",)]


def test_arguments() -> None:
    assert called(lambda callback: js.setTimeout(create_once_callable(callback), 1, "a", 2)) == [("a", 2, "waited")]


def test_interval() -> None:
    interval: list[Any] = []
    try:
        seen = called(lambda callback: interval.append(js.setInterval(create_proxy(callback), 1)), 3)
    finally:
        js.clearInterval(*interval)
    assert len(seen) >= 3  # calls do not wait for one another


def test_wrappers() -> None:
    assert called(lambda callback: set_timeout(callback, 1)) == [("waited",)]
    interval: list[Any] = []
    assert len(called(lambda callback: interval.append(set_interval(callback, 1)), 2)) >= 2
    clear_interval(*interval)
    clear_timeout(set_timeout(lambda: pytest.fail("it was cleared"), 1))
    target = js.EventTarget.new()
    listeners: list[Any] = []

    def listen(callback: Done) -> None:
        listeners.append(lambda event: callback(event.type))
        add_event_listener(target, "ring", listeners[0])
        target.dispatchEvent(js.Event.new("ring"))

    assert called(listen) == [("ring", "waited")]
    remove_event_listener(target, "ring", *listeners)
    target.dispatchEvent(js.Event.new("ring"))


def test_listener_is_removed_and_kept_once() -> None:
    target = js.EventTarget.new()
    count: list[str] = []
    listener = create_proxy(lambda event: count.append(run_sync(later(event.type))))
    for _ in range(2):
        target.addEventListener("ring", listener)
    target.dispatchEvent(js.Event.new("ring"))
    run_sync(asyncio.sleep(0.02))
    assert count == ["ring"]
    target.removeEventListener("ring", listener)
    target.dispatchEvent(js.Event.new("ring"))
    run_sync(asyncio.sleep(0.01))
    assert count == ["ring"]
    listener.destroy()


class Handler:
    def __init__(self) -> None:
        self.seen: list[Any] = []

    def handleEvent(self, event: Any) -> None:  # noqa: N802
        self.seen.append(run_sync(later(event.type)))


@pytest.mark.parametrize("kind", ["python", "javascript"])
def test_object_with_handle_event(kind: str) -> None:
    target = js.EventTarget.new()
    handler = Handler()
    listener: Any = create_proxy(handler)
    if kind == "javascript":
        listener = js.Object.new()
        listener.handleEvent = create_proxy(handler.handleEvent)
    target.addEventListener("ring", listener)
    target.dispatchEvent(js.Event.new("ring"))
    run_sync(asyncio.sleep(0.02))
    target.removeEventListener("ring", listener)
    target.dispatchEvent(js.Event.new("ring"))
    run_sync(asyncio.sleep(0.01))
    assert handler.seen == ["ring"]


def test_captured_this() -> None:
    target = js.EventTarget.new()

    def listen(callback: Done) -> None:
        proxy = create_proxy(lambda this, event: callback(this.js_id == target.js_id, event.type), capture_this=True)
        target.addEventListener("ring", proxy)
        target.dispatchEvent(js.Event.new("ring"))

    assert called(listen) == [(True, "ring", "waited")]


def test_a_listener_runs_at_once_where_no_python_waits_for_it() -> None:
    """So that what a listener does to an event in its first steps is seen by whoever dispatched it."""
    target = js.EventTarget.new()

    def listener(event: Any) -> None:
        event.preventDefault()
        run_sync(later(None))

    target.addEventListener("ring", create_proxy(listener))
    event = js.Event.new("ring", to_js({"cancelable": True}, dict_converter=js.Object.fromEntries))
    # JavaScript's own `then` calls JavaScript's own function, whose answer is false if the event was prevented in time.
    source = js.Promise.withResolvers()
    then = js.Reflect.get(js.Promise.prototype, "then")
    answer = js.Reflect.apply(then, source.promise, js.Array.of(target.dispatchEvent.bind(target)))
    source.resolve(event)
    assert run_sync(answer) is False


def test_abort_signal() -> None:
    controller = js.AbortController.new()

    def listen(callback: Done) -> None:
        controller.signal.addEventListener("abort", create_proxy(lambda event: callback(event.type)))
        controller.abort()

    assert called(listen) == [("abort", "waited")]


def test_a_borrowed_function_is_gone_when_the_event_comes() -> None:
    """As upstream has it: who gives a function away says for how long."""
    seen: list[int] = []
    target = js.EventTarget.new()
    target.addEventListener("ring", lambda event: seen.append(2))
    target.dispatchEvent(js.Event.new("ring"))  # the error is logged
    run_sync(asyncio.sleep(0.005))
    assert not seen


class TestThen:
    def test_waits_and_gives_its_result(self) -> None:
        assert run_sync(later(20).then(lambda value: run_sync(later(value + 1)) * 2)) == 42

    def test_async_callback(self) -> None:
        async def doubled(value: int) -> int:
            await asyncio.sleep(0.001)
            return 2 * value

        assert run_sync(later(21).then(doubled)) == 42

    def test_error(self) -> None:
        def fails(value: int) -> None:
            run_sync(later(None))
            raise KeyError(value)

        with pytest.raises(KeyError, match="7"):
            run_sync(later(7).then(fails))

    def test_rejected_and_catch(self) -> None:
        def rejected() -> Any:
            resolvers = js.Promise.withResolvers()
            js.setTimeout(resolvers.reject, 1, js.Error.new("no"))
            return resolvers.promise

        assert run_sync(rejected().then(None, lambda error: waits(error.message))) == "no"
        assert run_sync(rejected().catch(lambda error: waits(error.message))) == "no"

    def test_finally(self) -> None:
        steps: list[str] = []
        assert run_sync(later(3).finally_(lambda: steps.append(run_sync(later("waited"))))) == 3
        assert steps == ["waited"]


def attributes(**values: Any) -> Any:
    """A JavaScript object of these."""
    return to_js(values, dict_converter=js.Object.fromEntries)


class TestSynchronousCallbacks:
    """JavaScript stands on the stack and takes the result at once: run_sync refuses, and the call itself goes on."""

    PLACES: ClassVar[dict[str, Callable[[Any], Any]]] = {
        "map": lambda f: js.Array.of(1).map(f),
        "sort": lambda f: js.Array.of(2, 1).sort(f),
        "replacer": lambda f: js.JSON.stringify(js.Array.of(1), f),
        "replace": lambda f: js.String.new("a").replace("a", f),
        "from": lambda f: js.Array.from_(js.Array.of(1), f),
        "getter": lambda f: js.Reflect.get(js.Object.defineProperty(js.Object.new(), "a", attributes(get=f)), "a"),
        "toString": lambda f: js.String(attributes(toString=f)),
        "executor": lambda f: js.Promise.new(f),
        "Reflect.apply": lambda f: js.Reflect.apply(f, None, js.Array.new()),
        "forEach": lambda f: js.Map.new(js.Array.of(js.Array.of(1, 2))).forEach(f),
    }

    @pytest.mark.parametrize("place", PLACES)
    def test_refuses(self, place: str) -> None:
        refused: list[bool] = []

        def callback(*_: Any) -> int:
            assert not can_run_sync()
            with pytest.raises(RuntimeError, match="synchronous function"):
                run_sync(later(None))
            refused.append(True)
            return 1

        proxy = create_proxy(callback)
        self.PLACES[place](proxy)
        assert refused
        proxy.destroy()
        assert can_run_sync()

    def test_finalizer_when_javascript_lets_go(self) -> None:
        seen: list[bool] = []

        class Slow:
            def __del__(self) -> None:
                seen.append(can_run_sync())

        create_proxy(Slow()).destroy()
        assert seen == [False]
        assert can_run_sync()

    def test_python_function_given_to_map(self) -> None:
        assert to_js([1, 2]).map(lambda value, *_: value + 1).to_py() == [2, 3]
