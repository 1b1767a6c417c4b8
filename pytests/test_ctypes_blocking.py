"""Blocking below foreign calls: in callbacks, in functions that C calls, in signal handlers."""

from __future__ import annotations

import asyncio
import ctypes
import signal
from collections.abc import Callable
from ctypes import CDLL, CFUNCTYPE, POINTER, PYFUNCTYPE, Structure, pythonapi
from typing import Any

import js
import pytest
from foreign import Closure
from pyodide.ffi import create_once_callable, create_proxy, run_sync

libc = CDLL(None)
call_no_args = PYFUNCTYPE(ctypes.py_object, ctypes.py_object)(("PyObject_CallNoArgs", pythonapi))


def later(value: Any, ms: int = 1) -> Any:
    """A JavaScript promise of a value."""
    resolvers = js.Promise.withResolvers()
    js.setTimeout(create_once_callable(lambda: resolvers.resolve(value)), ms)
    return resolvers.promise


def wait(value: Any) -> Any:
    return run_sync(later(value))


def test_called_by_the_python_api() -> None:
    assert call_no_args(lambda: wait(7)) == 7


def test_rejection_through_a_foreign_call() -> None:
    async def fail() -> None:
        await asyncio.sleep(0.001)
        raise LookupError("no such thing")

    with pytest.raises(LookupError, match="no such thing"):
        call_no_args(lambda: run_sync(fail()))


class Pair(Structure):
    _fields_ = [("a", ctypes.c_int), ("b", ctypes.c_double)]


@pytest.mark.parametrize("make", [CFUNCTYPE, PYFUNCTYPE])
@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (ctypes.c_int, -5),
        (ctypes.c_longlong, 2**62),
        (ctypes.c_float, 0.5),
        (ctypes.c_double, 0.1),
        (ctypes.c_longdouble, 0.25),
        (ctypes.c_byte, -128),
    ],
)
def test_callback(make: Callable[..., Any], kind: Any, value: Any) -> None:
    assert make(kind, kind, ctypes.c_double)(lambda received, _: wait(received))(value, 1.0) == value


def test_struct_survives_the_wait() -> None:
    """Its copy lies on the fiber's C stack."""

    def copy(room: int, arguments: Any) -> None:
        wait(None)
        ctypes.memmove(room, arguments[0], ctypes.sizeof(Pair))
        wait(None)

    async def pass_on(number: int) -> None:
        result = CFUNCTYPE(Pair, Pair)(address)(Pair(number, number + 0.5))
        assert (result.a, result.b) == (number, number + 0.5)

    async def all_of_them() -> None:
        await asyncio.gather(*(pass_on(number) for number in range(10)))

    with Closure(Pair, [Pair], copy) as address:
        run_sync(all_of_them())


def test_nested() -> None:
    kind = CFUNCTYPE(ctypes.c_longlong, ctypes.c_int, ctypes.c_double)

    def level(depth: int, factor: float) -> int:
        wait(None)
        deeper = call_no_args(lambda: kind(level)(depth - 1, factor)) if depth else 0
        wait(None)
        return int(deeper + depth * factor)

    assert kind(level)(10, 2.0) == 110


def test_many_fibers() -> None:
    """Their waits end in another order than they began."""
    kind = CFUNCTYPE(ctypes.c_double, Pair, ctypes.c_int)

    def callback(pair: Pair, number: int) -> float:
        run_sync(later(None, (number * 7) % 11))
        inner = call_no_args(lambda: run_sync(asyncio.sleep((number * 3) % 5 / 1000, number)))
        assert inner == number == pair.a
        return float(pair.b + inner)

    async def task(number: int) -> float:
        return float(kind(callback)(Pair(number, 0.5), number))

    async def all_of_them() -> list[float]:
        return await asyncio.gather(*(task(number) for number in range(100)))

    assert run_sync(all_of_them()) == [number + 0.5 for number in range(100)]


def test_sort_of_c() -> None:
    numbers = [5, -3, 9, 0, 7, -8, 2, 2]
    array = (ctypes.c_int * len(numbers))(*numbers)
    kind = CFUNCTYPE(ctypes.c_int, POINTER(ctypes.c_int), POINTER(ctypes.c_int))
    compare = kind(lambda a, b: wait(a[0] - b[0]))
    libc.qsort.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, kind]
    libc.qsort(array, len(numbers), ctypes.sizeof(ctypes.c_int), compare)
    assert list(array) == sorted(numbers)


def test_sorts_of_c_side_by_side() -> None:
    kind = CFUNCTYPE(ctypes.c_int, POINTER(ctypes.c_double), POINTER(ctypes.c_double))
    compare = kind(lambda a, b: wait((a[0] > b[0]) - (a[0] < b[0])))

    async def sort(seed: int) -> None:
        numbers = [float((seed + i * 37) % 23) for i in range(12)]
        array = (ctypes.c_double * len(numbers))(*numbers)
        libc.qsort(array, len(numbers), ctypes.sizeof(ctypes.c_double), compare)
        assert list(array) == sorted(numbers)

    async def all_of_them() -> None:
        await asyncio.gather(*(sort(seed) for seed in range(20)))

    libc.qsort.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, kind]
    run_sync(all_of_them())


@pytest.fixture
def restored_handlers() -> Any:
    before = signal.getsignal(signal.SIGUSR1)
    yield
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.usefixtures("restored_handlers")
def test_signal_handler() -> None:
    handled: list[int] = []
    signal.signal(signal.SIGUSR1, lambda number, _: handled.append(wait(number)))
    signal.raise_signal(signal.SIGUSR1)
    assert handled == [signal.SIGUSR1]


@pytest.mark.usefixtures("restored_handlers")
def test_signal_handler_of_c() -> None:
    """C's own handler, called by raise() itself."""
    handled: list[int] = []
    kind = CFUNCTYPE(None, ctypes.c_int)
    handler = kind(lambda number: handled.append(wait(number)))
    libc.signal.argtypes, libc.signal.restype = [ctypes.c_int, ctypes.c_void_p], ctypes.c_void_p
    previous = libc.signal(signal.SIGUSR1, ctypes.cast(handler, ctypes.c_void_p))
    try:
        assert getattr(libc, "raise")(signal.SIGUSR1) == 0
    finally:
        libc.signal(signal.SIGUSR1, previous)
    assert handled == [signal.SIGUSR1]


def test_a_javascript_frame_is_still_refused() -> None:
    """C -> Python -> JavaScript -> Python: only what V8 can suspend through may be waited below."""
    errors: list[str] = []

    def blocked() -> None:
        try:
            wait(1)
        except RuntimeError as error:
            errors.append(str(error))

    proxy = create_proxy(lambda *_: blocked())
    CFUNCTYPE(None)(lambda: js.Array.new(1).fill(0).forEach(proxy))()
    proxy.destroy()
    assert len(errors) == 1
    assert "Cannot stack switch" in errors[0]
    assert call_no_args(lambda: wait(2)) == 2


def test_a_call_that_javascript_has_to_make_is_refused() -> None:
    """A function is called with too many arguments: V8 converts, and cannot suspend."""
    call_anything = pythonapi["PyObject_CallNoArgs"]
    call_anything.argtypes, call_anything.restype = [ctypes.py_object], ctypes.py_object
    with pytest.raises(RuntimeError, match="Cannot stack switch"):
        call_anything(lambda: wait(1), 2)
    assert call_anything(lambda: 3, 4) == 3
    assert wait(5) == 5
