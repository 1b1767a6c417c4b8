"""What requests do that is put back when their interpreter is reset, or that is refused them: each by its name."""

import asyncio
import builtins
import contextvars
import functools
import gc
import json
import logging
import os
import random
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import js
from dirty_request import Base, cached
from pyodide.ffi import JsException, create_once_callable, create_proxy, run_sync, to_js

variable: Any = contextvars.ContextVar("variable", default=None)
local = threading.local()
kept: list[Any] = []
counter = 0


def nothing() -> None:
    """Of what can be left behind."""


def python_state() -> None:
    global counter
    counter += 1
    cached("left")
    sys.modules["left_behind"] = sys
    sys.path.insert(0, "/left")
    sys.meta_path.append(object())
    os.environ["LEFT"] = "behind"
    builtins.left = "behind"  # type: ignore[attr-defined]
    json.dumps = lambda *_, **__: "left"
    os.chdir("/tmp")
    warnings.simplefilter("ignore")
    logging.basicConfig(level=logging.DEBUG)
    gc.set_threshold(17)
    sys.setrecursionlimit(500)
    variable.set("left")
    local.left = True
    type("Left", (Base,), {})
    random.seed(1)
    sys.stdout.write("no line's end: \u00e9"[:-1])


def modules() -> None:
    import csv, fractions, html.parser, xml.dom.minidom, zipapp  # noqa: E401, F401, I001


def memory() -> None:
    kept.extend(bytearray(os.urandom(1 << 16)) for _ in range(320))


def growth() -> None:
    kept.extend(bytearray(b"\xff" * (1 << 20)) for _ in range(60))


def proxies() -> None:
    kept.extend(js.Object.new() for _ in range(100))
    kept.extend(create_proxy(lambda: counter) for _ in range(100))
    kept.extend(create_once_callable(lambda: counter) for _ in range(100))
    kept.append(to_js({"a": [1, 2, 3]}))
    kept.append(js.Map.new())
    kept[-1].set("left", create_proxy(kept))


def dropped_proxies() -> None:
    for _ in range(1000):
        js.Array.new(create_proxy([counter]))


def promises() -> None:
    promise, resolve, _ = js.Promise.withResolvers().object_values()
    promise.then(create_proxy(lambda _: kept.append("late")))
    kept.append(resolve)

    async def wait() -> None:
        await js.Promise.new(create_proxy(lambda *_: None))
        kept.append("late")

    kept.append(asyncio.get_running_loop().create_task(wait()))


def sleeping_tasks() -> None:
    loop = asyncio.get_running_loop()

    async def forever(seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            kept.append("late")

    kept.extend(loop.create_task(forever(seconds)) for seconds in (0.001, 3600))
    loop.call_later(0.002, kept.append, "late")
    run_sync(asyncio.sleep(0.003))


def threads() -> None:
    thread = threading.Thread(target=time.sleep, args=(0.01,))
    thread.start()
    thread.join()


def waits() -> None:
    run_sync(asyncio.sleep(0.001))
    run_sync(js.Promise.resolve(1))


def console() -> None:
    js.console.group("left")
    js.console.count("left")
    js.console.time("left")


def regular_expressions() -> None:
    js.RegExp.new("le(ft)").test("left behind")


def reads_files() -> None:
    assert Path("/lib/python314.zip").stat().st_size > 1_000_000
    assert Path("kept.txt").read_text() == "kept"
    assert Path("kept.txt").absolute() in Path.cwd().iterdir()


def recursion() -> None:
    def deeper(depth: int) -> int:
        return deeper(depth + 1)

    try:
        deeper(0)
    except RecursionError:
        kept.append("left")


def own_properties() -> None:
    # Objects of a request's own may have what they would inherit from frozen ones.
    error = js.TypeError.new("left")
    error.name, error.message = "Left", "behind"
    assert str(error.toString()) == "Left: behind"
    made = js.Object.new()
    made.toString = made.constructor = made.valueOf = "own"
    made.hasOwnProperty = js.Array.new()
    made.hasOwnProperty.join = made.hasOwnProperty.at = "own"
    assert made.hasOwnProperty.join == "own"
    function = js.Function.prototype.bind.call(js.Object.keys, None)
    js.Object.defineProperty(function, "name", js.JSON.parse('{"value": "left"}'))
    assert function.name == "left"


def frozen() -> None:
    # They are that already.
    js.Object.freeze(js.Map.prototype)
    js.Object.freeze(js.globalThis)
    js.Object.seal(js.Function.prototype)
    js.Object.defineProperty(js.globalThis, "fetch", js.JSON.parse('{"writable": false}'))


def refused(change: Callable[[], None]) -> Callable[[], None]:
    """What JavaScript refuses, so that there is nothing to be put back."""

    @functools.wraps(change)
    def ask() -> None:
        try:
            change()
        except JsException as error:
            assert error.name == "TypeError", error
        else:
            raise AssertionError(f"{change.__name__} was not refused")

    return ask


@refused
def static_property() -> None:
    js.Request.left = "behind"


@refused
def method() -> None:
    js.Response.prototype.text = create_proxy(lambda *_: "left")


@refused
def accessor() -> None:
    js.Object.defineProperty(js.Headers.prototype, "left", js.Object.getOwnPropertyDescriptor(js.Map.prototype, "size"))


def timers() -> None:
    for _ in range(100):
        js.clearTimeout(js.setTimeout(create_once_callable(nothing), 3_600_000))


@refused
def getter() -> None:
    js.Object.defineProperty(js.globalThis, "fetch", js.Object.getOwnPropertyDescriptor(js.Map.prototype, "size"))


@refused
def hidden_object() -> None:
    js.crypto.subtle.left = "behind"


@refused
def prototype_chain() -> None:
    js.Object.setPrototypeOf(js.Math, js.Object.new())


@refused
def global_object() -> None:
    js.globalThis.left = "behind"


@refused
def replaced_fetch() -> None:
    js.fetch = create_proxy(lambda *_: None)


@refused
def removed_global() -> None:
    del js.setTimeout


@refused
def hidden_global() -> None:
    js.Object.defineProperty(js.globalThis, js.Symbol.iterator, js.JSON.parse('{"value": "left"}'))


@refused
def global_prototype() -> None:
    js.Object.setPrototypeOf(js.globalThis, js.Object.new())


@refused
def error_prototype() -> None:
    js.TypeError.prototype.left = "behind"


@refused
def function_prototype() -> None:
    js.Reflect.deleteProperty.call(None, js.Function.prototype, "bind")
    js.Object.defineProperty(js.Function.prototype, "bind", js.JSON.parse('{"enumerable": true}'))


@refused
def module_of_pyodide() -> None:
    import pyodide_js

    pyodide_js.left = "behind"


#: What is put back, or was refused.
RESET = {
    each.__name__: each
    for each in (
        nothing, python_state, modules, memory, growth, proxies, dropped_proxies, promises, sleeping_tasks, threads,
        timers,
        waits, console, regular_expressions, reads_files, recursion, own_properties, frozen, static_property, method,
        accessor, getter, hidden_object, prototype_chain, global_object, replaced_fetch, removed_global, hidden_global,
        global_prototype, error_prototype, function_prototype, module_of_pyodide,
    )
}  # fmt: skip


def facts() -> list[Any]:
    """Of what these change."""
    return [counter, len(kept), variable.get(), hasattr(local, "left"), functools.reduce(max, [0])]
