"""What the wasm exports for side modules alone: found by its name, at the address that it always has."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

import pyodide_js
import pytest

_module: Any = pyodide_js._module

# Of PyTypeObject, where pointers have four bytes.
_TP_GETATTRO = 18 * 4


def address_of(name: str) -> int:
    return ctypes.cast(getattr(ctypes.CDLL(None), name), ctypes.c_void_p).value or 0


def test_a_function_that_no_javascript_calls() -> None:
    from_long = ctypes.pythonapi.PyLong_FromLongLong
    from_long.argtypes, from_long.restype = [ctypes.c_longlong], ctypes.py_object
    assert from_long(1 << 40) == 1 << 40


def test_one_that_javascript_calls_too() -> None:
    new = ctypes.pythonapi.PyDict_New
    new.restype = ctypes.py_object
    assert new() == {}


def test_data() -> None:
    assert ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, "PyLong_Type")) == id(int)
    assert ctypes.c_int.in_dll(ctypes.pythonapi, "Py_Version").value == sys.hexversion


@pytest.mark.parametrize("name", ["no_such_function", "toString", "constructor", "hasOwnProperty", "__proto__"])
def test_what_nobody_has(name: str) -> None:
    with pytest.raises(AttributeError):
        getattr(ctypes.pythonapi, name)
    assert not hasattr(_module, f"_{name}")


def test_the_address_is_that_which_c_code_has() -> None:
    in_type = ctypes.c_uint32.from_address(id(object) + _TP_GETATTRO).value
    assert address_of("PyObject_GenericGetAttr") == in_type


def test_the_address_stays() -> None:
    names = ("PyLong_FromLongLong", "PyDict_New", "PyObject_GenericGetAttr")
    first = [address_of(name) for name in names]
    assert len({*first, 0}) == len(names) + 1
    assert [address_of(name) for name in names] == first


def test_the_module_has_them() -> None:
    assert callable(_module._PyLong_FromLongLong)
    assert _module._PyLong_Type == id(int)


def test_opengl_is_not_there() -> None:
    find = ctypes.CDLL(None).emscripten_GetProcAddress
    find.argtypes, find.restype = [ctypes.c_char_p], ctypes.c_void_p
    assert find(b"glClear") is None
