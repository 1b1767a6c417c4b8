"""ctypes: foreign calls and callbacks pass every type as C does."""

from __future__ import annotations

import ctypes
import gc
import math
from collections.abc import Callable
from ctypes import CDLL, CFUNCTYPE, POINTER, PYFUNCTYPE, Structure, Union, byref, c_void_p, pythonapi
from typing import Any

import _blockon
import pyodide_js
import pytest
from foreign import Closure, foreign
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


class Pair(Structure):
    _fields_ = [("a", ctypes.c_int), ("b", ctypes.c_int)]


class OneInt(Structure):
    _fields_ = [("value", ctypes.c_int)]


class OneByte(Structure):
    _fields_ = [("value", ctypes.c_byte)]


class OneDouble(Structure):
    _fields_ = [("value", ctypes.c_double)]


class OneLongDouble(Structure):
    _fields_ = [("value", ctypes.c_longdouble)]


class OneInOne(Structure):
    _fields_ = [("inner", OneDouble)]


class Floats(Structure):
    _fields_ = [("x", ctypes.c_float), ("y", ctypes.c_double), ("z", ctypes.c_float)]


class Nested(Structure):
    _fields_ = [("pair", Pair), ("wide", ctypes.c_longlong), ("floats", Floats), ("last", ctypes.c_byte)]


class OneArray(Structure):
    _fields_ = [("items", ctypes.c_int * 1)]


class SmallArray(Structure):
    _fields_ = [("items", ctypes.c_short * 3)]


class LargeArray(Structure):
    _fields_ = [("items", ctypes.c_double * 100)]


class Large(Structure):
    _fields_ = [("head", ctypes.c_char), ("items", ctypes.c_ubyte * 4000), ("tail", ctypes.c_longlong)]


class Packed(Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [("a", ctypes.c_byte), ("b", ctypes.c_int), ("c", ctypes.c_double)]


STRUCTS = [Pair, OneInt, OneByte, OneDouble, OneLongDouble, OneInOne, Floats, Nested]
STRUCTS += [OneArray, SmallArray, LargeArray, Large, Packed]


def filled(kind: Any) -> Any:
    if kind is OneLongDouble:
        return OneLongDouble(-1.5)
    return kind.from_buffer_copy(bytes((7 * i + 1) % 120 for i in range(ctypes.sizeof(kind))))


@pytest.mark.parametrize("kind", STRUCTS)
def test_struct_as_argument(kind: Any) -> None:
    value = filled(kind)
    seen: list[bytes] = []

    def receive(before: float, struct: Any, after: int) -> None:
        assert (before, after) == (1.25, -(2**63))
        seen.append(bytes(struct))
        ctypes.memset(byref(struct), 0, ctypes.sizeof(kind))

    CFUNCTYPE(None, ctypes.c_double, kind, ctypes.c_longlong)(receive)(1.25, value, -(2**63))
    assert seen == [bytes(value)]
    assert bytes(value) == bytes(filled(kind)), "the callee has a copy"


def test_struct_larger_than_a_stack() -> None:
    class Huge(Structure):
        _fields_ = [("items", ctypes.c_ubyte * 2**20)]

    value = Huge.from_buffer_copy(bytes(range(256)) * 2**12)
    seen: list[bool] = []
    receive = CFUNCTYPE(None, Huge, Huge)(lambda a, b: seen.append(bytes(a) == bytes(b) == bytes(value)))
    receive(value, value)
    assert seen == [True]


@pytest.mark.parametrize("kind", STRUCTS)
def test_struct_as_result(kind: Any) -> None:
    """ctypes' callbacks return none; libffi's closures do."""
    value = filled(kind)
    size = ctypes.sizeof(kind)

    def echo(result: int, arguments: Any) -> None:
        assert ctypes.c_byte.from_address(arguments[0]).value == -9
        ctypes.memmove(result, arguments[1], size)

    with Closure(kind, [ctypes.c_byte, kind], echo) as address:
        result = CFUNCTYPE(kind, ctypes.c_byte, kind)(address)(-9, value)
    assert bytes(result) == bytes(value)


class Complex(Structure):
    _fields_ = [("real", ctypes.c_double), ("imag", ctypes.c_double)]


class Division(Structure):
    _fields_ = [("quot", ctypes.c_longlong), ("rem", ctypes.c_longlong)]


class Address(Structure):
    _fields_ = [("s_addr", ctypes.c_uint)]


def test_functions_of_c() -> None:
    """The other side is not ours here: it is what clang made of C."""
    c_sum = foreign(pythonapi, "_Py_c_sum", Complex, Complex, Complex)
    total = c_sum(Complex(1, 2), Complex(10.5, 20.5))
    assert (total.real, total.imag) == (11.5, 22.5)
    divided = foreign(libc, "lldiv", Division, ctypes.c_longlong, ctypes.c_longlong)(-(2**62) - 1, 2**32)
    assert (divided.quot, divided.rem) == (-(2**30), -1)
    as_text = foreign(libc, "inet_ntoa", ctypes.c_char_p, Address)
    assert as_text(Address.from_buffer_copy(bytes([127, 0, 0, 1]))) == b"127.0.0.1"
    assert bytes(foreign(libc, "inet_makeaddr", Address, ctypes.c_int, ctypes.c_int)(10, 3)) == bytes([3, 0, 0, 10])
    assert foreign(libc, "ldexpl", ctypes.c_longdouble, ctypes.c_longdouble, ctypes.c_int)(1.5, 10) == 1536.0
    assert foreign(libc, "fmaf", ctypes.c_float, *[ctypes.c_float] * 3)(2.5, 4.0, -1.0) == 9.0
    assert foreign(libc, "strtoull", ctypes.c_ulonglong, ctypes.c_char_p, c_void_p, ctypes.c_int)(b"-1", None, 10) == (
        2**64 - 1
    )
    assert foreign(pythonapi, "PyComplex_FromCComplex", ctypes.py_object, Complex)(Complex(3, -4)) == 3 - 4j


KINDS = [ctypes.c_int, ctypes.c_double, ctypes.c_longlong, ctypes.c_float, ctypes.c_byte, ctypes.c_longdouble, Pair]


def argument(kind: Any, number: int) -> Any:
    if kind is Pair:
        return Pair(number, -number)
    return kind(number - 16).value


@pytest.mark.parametrize("count", range(33))
@pytest.mark.parametrize("kinds", [[ctypes.c_int], [ctypes.c_double], KINDS, KINDS[::-1]], ids=["i", "d", "all", "lla"])
def test_number_of_arguments(count: int, kinds: list[Any]) -> None:
    types = [kinds[i % len(kinds)] for i in range(count)]
    values = [argument(kind, i) for i, kind in enumerate(types)]

    def total(*received: Any) -> int:
        plain = [(v.a, v.b) if isinstance(v, Pair) else v for v in received]
        assert plain == [(v.a, v.b) if isinstance(v, Pair) else v for v in values]
        return count

    assert CFUNCTYPE(ctypes.c_int, *types)(total)(*values) == count


def test_more_arguments_than_ctypes_is_used_for() -> None:
    many = CFUNCTYPE(ctypes.c_longlong, *[ctypes.c_longlong] * 900)(lambda *values: sum(values))
    assert many(*range(900)) == sum(range(900))


def test_too_many_arguments() -> None:
    """V8 takes 1000 parameters: neither a callback nor a call with more can be made, and both say so."""
    types = [ctypes.c_longdouble] * 600
    with pytest.raises(RuntimeError, match="ffi_prep_closure failed"):
        CFUNCTYPE(None, *types)(print)
    address = ctypes.cast(pythonapi.Py_IsInitialized, c_void_p).value
    with pytest.raises(MemoryError, match="more than 1000 parameters"):
        PYFUNCTYPE(ctypes.c_int, *types)(address)(*[1.0] * 600)


def test_variable_arguments() -> None:
    buffer = ctypes.create_string_buffer(200)
    snprintf = libc["snprintf"]
    snprintf.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p]
    c = ctypes
    cases: list[tuple[bytes, list[Any], bytes]] = [
        (b"nothing", [], b"nothing"),
        (b"%d %s", [c.c_int(-5), b"text"], b"-5 text"),
        (b"%d %lld %d %.3f %c", [c.c_int(1), c.c_longlong(2**40), c.c_int(3), c.c_double(0.5), 65], b"1 %d 3 0.500 A"),
        (b"%d %.2Lf %s", [c.c_int(9), c.c_longdouble(-2.25), b"end"], b"9 -2.25 end"),
        (b"%d" * 30, [c.c_int(i % 10) for i in range(30)], b"0123456789" * 3),
    ]
    for form, arguments, expected in cases:
        expected = expected.replace(b"%d", b"%d" % 2**40)
        assert snprintf(buffer, 200, form, *arguments) == len(expected)
        assert buffer.value == expected
    from_format = pythonapi["PyBytes_FromFormat"]
    from_format.argtypes, from_format.restype = [c.c_char_p], c.py_object
    assert from_format(b"%s-%d-%zd", b"a", c.c_int(-1), c.c_ssize_t(2)) == b"a--1-2"


def test_variadic_closure() -> None:
    """ctypes makes none, libffi does."""
    c = ctypes
    kinds = [c.c_int, c.c_int, c.c_double, Pair, c.c_void_p, c.c_longlong]
    seen: list[Any] = []

    def receive(result: int, arguments: Any) -> None:
        values = [kind.from_address(arguments[i]) for i, kind in enumerate(kinds)]
        seen.extend((v.a, v.b) if isinstance(v, Pair) else v.value for v in values)
        c.c_int.from_address(result).value = 42

    with Closure(c.c_int, kinds, receive, fixed=1) as address:
        function = PYFUNCTYPE(c.c_int, c.c_int)(address)
        assert function(1, c.c_int(2), c.c_double(3.5), Pair(4, 5), c.c_void_p(6), c.c_longlong(-(2**50))) == 42
    assert seen == [1, 2, 3.5, (4, 5), 6, -(2**50)]


def test_declarations_that_differ_from_the_function() -> None:
    """JavaScript converts where wasm traps: an int is taken for the result of a function that has none, and so on."""
    assert pythonapi.PyErr_Clear() == 0
    assert foreign(pythonapi, "Py_IsInitialized", None)() is None
    assert foreign(libc, "sqrt", None, ctypes.c_double)(2.0) is None
    assert pythonapi.Py_IsInitialized(1, 2, 3) == 1
    assert foreign(libc, "abs", ctypes.c_int)() == 0
    assert foreign(libc, "llabs", ctypes.c_int, ctypes.c_longlong)(-(2**40) - 5) == 5
    stack_pointer = _blockon.stats()["stack_pointer"]
    for kind, value in [(ctypes.c_longlong, 5), (Pair, Pair(1, 2))]:
        with pytest.raises(TypeError, match="other types"):
            foreign(pythonapi, "PyLong_FromLongLong" if kind is Pair else "PyLong_FromLong", ctypes.c_int, kind)(value)
    assert _blockon.stats()["stack_pointer"] == stack_pointer


@pytest.mark.parametrize("address", [10**6, 2**32 - 1])
def test_no_function_at_the_address(address: int) -> None:
    with pytest.raises(OSError, match="no function at the address"):
        PYFUNCTYPE(ctypes.c_int)(address)()
    with pytest.raises(SystemError) as caught:
        CFUNCTYPE(ctypes.c_int)(address)()
    assert isinstance(caught.value.__cause__, OSError)


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
