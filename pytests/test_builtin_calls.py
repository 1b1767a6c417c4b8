"""C functions that Python calls: each gets as many arguments as it takes, whatever CPython has for it."""

from __future__ import annotations

import ctypes
import gc
import math
from collections.abc import Callable
from typing import Any

import pytest
from pyodide.ffi import run_sync

METH_NOARGS = 4
METH_O = 8


class MethodDef(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


def builtin(function: Callable[..., Any], parameters: int, flags: int) -> tuple[Any, list[Any]]:
    """A built-in function that takes so many arguments in C, and what it needs to live."""
    code = ctypes.PYFUNCTYPE(ctypes.py_object, *[ctypes.c_void_p] * parameters)(function)
    method = MethodDef(b"made", ctypes.cast(code, ctypes.c_void_p), flags, None)
    make = ctypes.pythonapi.PyCFunction_NewEx
    make.restype = ctypes.py_object
    make.argtypes = (ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)
    return make(ctypes.addressof(method), "self", None), [code, method]


def test_as_many_arguments_as_it_takes() -> None:
    for parameters in (3, 0, 2, 1, 0, 3):
        seen: list[int] = []

        def function(*args: Any, seen: list[int] = seen) -> str:
            seen.append(len(args))
            return "result"

        made, alive = builtin(function, parameters, METH_NOARGS)
        assert [made(), made()] == ["result", "result"]
        assert seen == [parameters, parameters]
        del made, alive


def test_the_slot_of_one_that_is_gone_is_anothers() -> None:
    for parameters in [1, 2, 3, 2, 1, 0] * 5:
        made, alive = builtin(lambda *args: len(args), parameters, METH_O)
        assert made(None) == parameters
        del made, alive
        gc.collect()


def test_too_many() -> None:
    made, alive = builtin(lambda *args: len(args), 4, METH_NOARGS)
    for _ in range(3):
        with pytest.raises(SystemError, match="Handler takes too many arguments"):
            made()
    del alive


def test_it_may_wait() -> None:
    async def later() -> int:
        return 5

    made, alive = builtin(lambda *_: run_sync(later()), 2, METH_NOARGS)
    assert [made() for _ in range(3)] == [5, 5, 5]
    del alive


def test_of_python_itself() -> None:
    """By each of CPython's ways to such a call: with and without an argument, of a type, an instance, an attribute."""
    for _ in range(3):
        assert len("four") == 4
        assert math.sqrt(4.0) == 2.0
        assert "A".lower() == "a"
        assert str.lower("A") == "a"
        assert [3, 1].copy() == [3, 1]
        assert (5).real == 5
        assert "{x}".format_map({"x": 1}) == "1"
        assert int.from_bytes(b"\1", "big") == 1
        assert dict.fromkeys("a") == {"a": None}

        def function() -> None: ...

        function.__name__ = "other"
        assert function.__name__ == "other"
