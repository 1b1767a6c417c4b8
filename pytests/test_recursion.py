"""Deep recursion ends in RecursionError, on a fiber and on the main stack, and the interpreter lives on."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import json
import pickle
import sys
from collections.abc import Callable, Iterator
from typing import Any

import js
import pytest
from pyodide.ffi import create_proxy

DEPTH = 100_000


def nested(depth: int = DEPTH) -> list[Any]:
    result: list[Any] = []
    for _ in range(depth):
        result = [result]
    return result


def deep_reduce() -> Any:
    def step(a: int, b: int) -> Any:
        return functools.reduce(step, [a, b, 1])

    return step(1, 2)


def deep_getattr() -> Any:
    class Endless:
        def __getattr__(self, name: str) -> Any:
            return getattr(self, name + "x")

    return Endless().field


def deep_str() -> str:
    class Endless:
        def __str__(self) -> str:
            return str(self)

    return str(Endless())


def deep_sort() -> Any:
    def key(item: int) -> Any:
        return sorted([item, item], key=key)

    return key(1)


def deep_compare() -> bool:
    return nested() == nested()


def deep_callback() -> Any:
    """Through JavaScript. The exception stays at the bottom: each level on its way would format a longer traceback."""
    ended: list[RecursionError] = []

    def again(*_: Any) -> None:
        try:
            js.Array.new(1).fill(0).forEach(proxy)
        except RecursionError as error:
            ended.append(error)

    proxy = create_proxy(again)
    try:
        again()
    finally:
        proxy.destroy()
    raise ended[0]


def deep_foreign_call() -> Any:
    call = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object)(("PyObject_CallNoArgs", ctypes.pythonapi))

    def again() -> Any:
        try:
            return call(again)
        except ctypes.ArgumentError as error:  # how ctypes reports what happens while it converts an argument
            raise RecursionError from error

    return again()


def deep_foreign_callback() -> None:
    """Through closures of another signature. No exception leaves a callback: where it ends is where it was deepest."""
    depth = 0

    @ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double, ctypes.c_longlong)
    def again(real: float, number: int) -> float:
        nonlocal depth
        depth = number
        with contextlib.suppress(RecursionError):
            return float(again(real, number + 1))
        return real

    before, sys.unraisablehook = sys.unraisablehook, lambda _: None
    try:
        again(1.5, 0)
    finally:
        sys.unraisablehook = before
    assert depth > 100
    raise RecursionError(f"at depth {depth}")


CASES: list[Callable[[], Any]] = [
    lambda: repr(nested()),
    lambda: json.loads("[" * DEPTH),
    lambda: json.dumps(nested()),
    lambda: pickle.dumps(nested()),
    lambda: compile("-" * DEPTH + "1", "deep", "eval"),
    deep_reduce,
    deep_getattr,
    deep_str,
    deep_sort,
    deep_compare,
    deep_callback,
    deep_foreign_call,
    deep_foreign_callback,
]
NAMES = ["repr", "loads", "dumps", "pickle", "compile", "reduce", "getattr", "str", "sort", "compare", "callback"]
NAMES += ["foreign_call", "foreign_callback"]


@pytest.fixture
def high_limit() -> Iterator[None]:
    """No help from the limit of Python calls: the C stack has to be what ends the recursion."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000_000)
    yield
    sys.setrecursionlimit(before)


def ends_well(case: Callable[[], Any]) -> None:
    with pytest.raises((RecursionError, MemoryError)):
        case()
    assert json.loads("[1]") == [1]


@pytest.mark.usefixtures("high_limit")
@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_on_a_fiber(case: Callable[[], Any]) -> None:
    ends_well(case)


@pytest.mark.usefixtures("high_limit")
@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_under_a_synchronous_entry(case: Callable[[], Any]) -> None:
    failures: list[BaseException] = []

    def callback(*_: Any) -> None:
        try:
            ends_well(case)
        except BaseException as error:  # it must not go through JavaScript
            failures.append(error)

    proxy = create_proxy(callback)
    js.Array.new(1).fill(0).forEach(proxy)
    proxy.destroy()
    assert failures == []


def test_deep_deallocation() -> None:
    deep = nested(1_000_000)
    del deep


def test_imports_nest_as_deep_as_the_recursion_limit_allows(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # Each import is six Python calls; pytest's own take some of the limit of 1000.
    for number in range(150):
        (tmp_path / f"nested_import_{number}.py").write_text(f"import nested_import_{number + 1}\n")
    (tmp_path / "nested_import_150.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.setrecursionlimit(2000)
    try:
        import nested_import_0  # noqa: F401
    finally:
        sys.setrecursionlimit(1000)
