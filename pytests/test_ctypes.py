"""ctypes: foreign calls and callbacks pass every type as C does, and end as they should."""

from __future__ import annotations

import ctypes
import gc
import math
from collections.abc import Callable
from ctypes import CDLL, CFUNCTYPE, POINTER, PYFUNCTYPE, Union, byref, c_void_p, pythonapi
from typing import Any

import pyodide_js
import pytest
from foreign import foreign
from pyodide.ffi import create_proxy

libc = CDLL(None)

INTEGERS = {
    ctypes.c_byte: 8,
    ctypes.c_short: 16,
    ctypes.c_int: 32,
    ctypes.c_long: 32,
    ctypes.c_longlong: 64,
    ctypes.c_ssize_t: 32,
    ctypes.c_wchar: 0,
}
UNSIGNED = {
    ctypes.c_ubyte: 8,
    ctypes.c_ushort: 16,
    ctypes.c_uint: 32,
    ctypes.c_ulong: 32,
    ctypes.c_ulonglong: 64,
    ctypes.c_size_t: 32,
}
# What a float of 32 bits holds exactly.
FLOATS = [0.0, -0.0, 1.5, -2.25, math.inf, -math.inf, 2.0**-149, -(2.0**127)]
DOUBLES = [*FLOATS, 5e-324, 1.7976931348623157e308, 0.1]

LIMITS: list[tuple[Any, list[Any]]] = [
    *((kind, [-(2 ** (bits - 1)), -1, 0, 1, 2 ** (bits - 1) - 1]) for kind, bits in INTEGERS.items() if bits),
    *((kind, [0, 1, 2**bits - 1, 2 ** (bits - 1)]) for kind, bits in UNSIGNED.items()),
    (ctypes.c_float, FLOATS),
    (ctypes.c_double, DOUBLES),
    (ctypes.c_longdouble, DOUBLES),
    (ctypes.c_bool, [True, False]),
    (ctypes.c_char, [b"\0", b"\x7f", b"\xff"]),
    (ctypes.c_wchar, ["a", "\U0001f40d"]),
    (ctypes.c_char_p, [b"", b"bytes", None]),
    (ctypes.c_wchar_p, ["", "\U0001f40d", None]),
    (c_void_p, [None, 1, 2**32 - 1]),
    (ctypes.py_object, [(), "object", LookupError]),
]


def same(a: Any, b: Any) -> bool:
    return bool(a == b and (not isinstance(a, float) or math.copysign(1, a) == math.copysign(1, b)))


@pytest.mark.parametrize(("kind", "values"), LIMITS, ids=lambda value: getattr(value, "__name__", ""))
def test_round_trip(kind: Any, values: list[Any]) -> None:
    """Through C twice: as the argument and the result of a callback that is called as a foreign function."""
    seen: list[Any] = []

    def echo(first: int, value: Any, last: float) -> Any:
        assert (first, last) == (-7, 0.5)
        seen.append(value)
        return value

    if kind in (ctypes.c_char_p, ctypes.c_wchar_p):  # ctypes has no such results of callbacks
        function = CFUNCTYPE(None, ctypes.c_int, kind, ctypes.c_double)(echo)
    else:
        function = CFUNCTYPE(kind, ctypes.c_int, kind, ctypes.c_double)(echo)
    for value in values:
        result = function(-7, value, 0.5)
        assert same(seen.pop(), value)
        assert result is None or same(result, value)


def test_void_and_pointers() -> None:
    seen: list[int] = []

    def store(target: Any) -> None:
        seen.append(target[0])
        target[0] = 2**31 - 1

    value = ctypes.c_int(-5)
    assert CFUNCTYPE(None, POINTER(ctypes.c_int))(store)(byref(value)) is None
    assert (seen, value.value) == ([-5], 2**31 - 1)


def test_narrow_results_of_callbacks_are_extended() -> None:
    """C takes the whole 32 bits of a wasm result for granted: the same function is called as one that returns int."""
    for kind, value in [(ctypes.c_byte, -3), (ctypes.c_short, -300), (ctypes.c_ubyte, 253), (ctypes.c_ushort, 65000)]:
        narrow = CFUNCTYPE(kind)(lambda value=value: value)  # type: ignore[misc]
        assert ctypes.cast(narrow, CFUNCTYPE(ctypes.c_int))() == value


def test_exception_in_a_callback(monkeypatch: pytest.MonkeyPatch) -> None:
    reported: list[BaseException] = []
    monkeypatch.setattr("sys.unraisablehook", lambda event: reported.append(event.exc_value))

    def fail() -> int:
        raise LookupError("in the callback")

    assert CFUNCTYPE(ctypes.c_longlong)(fail)() == 0
    assert CFUNCTYPE(ctypes.c_float)(fail)() == 0.0
    assert [type(error) for error in reported] == [LookupError, LookupError]


def test_exception_through_a_foreign_call() -> None:
    call = foreign(pythonapi, "PyObject_CallNoArgs", ctypes.py_object, ctypes.py_object)
    with pytest.raises(ZeroDivisionError):
        call(lambda: 1 // 0)


def test_closures_are_reused() -> None:
    """More than the spare code that is kept, freed and made again: each calls its own function."""
    kind = CFUNCTYPE(ctypes.c_int, ctypes.c_int)
    for _ in range(3):
        made = [kind(lambda value, i=i: value + i) for i in range(200)]  # type: ignore[misc]
        assert [function(1000) for function in made] == [1000 + i for i in range(200)]
        del made
        gc.collect()
    table = pyodide_js._module.wasmTable
    length = table.length
    for i in range(500):
        assert kind(lambda value, i=i: value - i)(500) == 500 - i  # type: ignore[misc]
    assert table.length == length


def test_union_member_and_array() -> None:
    class Either(Union):
        _fields_ = [("number", ctypes.c_int), ("real", ctypes.c_float)]

    seen: list[float] = []
    value = Either(real=1.5)
    CFUNCTYPE(None, POINTER(Either))(lambda pointer: seen.append(pointer[0].real))(byref(value))
    assert seen == [1.5]


class Refusing:
    """The table refuses to grow, and has no free slots."""

    def __enter__(self) -> None:
        self.module = pyodide_js._module
        self.free = self.module.freeTableIndexes.splice(0)
        self.grow = create_proxy(self.refuse)
        self.module.wasmTable.grow = self.grow

    def refuse(self, *_: Any) -> None:
        raise MemoryError("the table is full")

    def __exit__(self, *_: object) -> None:
        del self.module.wasmTable.grow
        self.grow.destroy()
        for slot in self.free:
            self.module.freeTableIndexes.push(slot)


def test_no_room_in_the_table() -> None:
    def check() -> None:
        with pytest.raises(MemoryError):
            CFUNCTYPE(None)(print)
        unseen = [ctypes.c_double, ctypes.c_int, ctypes.c_double, ctypes.c_double, ctypes.c_float]
        with pytest.raises(MemoryError, match="cannot make the code"):
            PYFUNCTYPE(ctypes.c_int, *unseen)(("Py_IsInitialized", pythonapi))(1, 2, 3, 4, 5)

    with Refusing():
        check()
    kept: Callable[[], None] = CFUNCTYPE(None)(lambda: None)
    kept()
