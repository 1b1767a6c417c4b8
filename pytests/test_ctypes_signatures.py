"""ctypes: how many arguments there are, which of them vary, and functions that are not as they were declared."""

from __future__ import annotations

import ctypes
from ctypes import CDLL, CFUNCTYPE, PYFUNCTYPE, c_void_p, pythonapi
from typing import Any

import _blockon
import pytest
from foreign import Closure, Pair, foreign

libc = CDLL(None)


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
