"""ctypes: structures by value, as arguments and as results."""

from __future__ import annotations

import ctypes
from ctypes import CDLL, CFUNCTYPE, Structure, byref, c_void_p, pythonapi
from typing import Any

import pytest
from foreign import Closure, Pair, foreign

libc = CDLL(None)


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
