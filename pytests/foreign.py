"""libffi's own functions, reached by ctypes: closures that ctypes has no use for."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import CFUNCTYPE, POINTER, PYFUNCTYPE, Structure, addressof, byref, c_uint, c_void_p, pythonapi
from types import TracebackType
from typing import Any

ABI = 2
STRUCT = 13
NAMES = {
    ctypes.c_byte: "sint8",
    ctypes.c_ubyte: "uint8",
    ctypes.c_char: "sint8",
    ctypes.c_short: "sint16",
    ctypes.c_int: "sint32",
    ctypes.c_longlong: "sint64",
    ctypes.c_float: "float",
    ctypes.c_double: "double",
    ctypes.c_longdouble: "longdouble",
    ctypes.c_void_p: "pointer",
}


def foreign(library: Any, name: str, result: Any, *arguments: Any) -> Any:
    prototype = (PYFUNCTYPE if library is pythonapi else CFUNCTYPE)(result, *arguments)
    return prototype((name, library))


class Pair(Structure):
    _fields_ = [("a", ctypes.c_int), ("b", ctypes.c_int)]


class FfiType(Structure):
    _fields_ = [("size", c_uint), ("alignment", ctypes.c_ushort), ("type", ctypes.c_ushort), ("elements", c_void_p)]


class Cif(Structure):
    _fields_ = [(name, c_uint) for name in ("abi", "nargs", "args", "result", "bytes", "flags", "fixed")]


class Closure:
    """A libffi closure; its address while it lives. `function` is given the result's address and a pointer to those of
    the arguments. With `fixed`, the arguments after so many are variable."""

    def __init__(
        self, result: Any, kinds: list[Any], function: Callable[[int, Any], None], fixed: int | None = None
    ) -> None:
        self.kept: list[Any] = []
        types = (c_uint * len(kinds))(*map(self.type_of, kinds))
        cif = Cif()
        if fixed is None:
            prepare = foreign(pythonapi, "ffi_prep_cif", ctypes.c_int, c_void_p, *[c_uint] * 3, c_void_p)
            status = prepare(byref(cif), ABI, len(kinds), self.type_of(result), types)
        else:
            prepare = foreign(pythonapi, "ffi_prep_cif_var", ctypes.c_int, c_void_p, *[c_uint] * 4, c_void_p)
            status = prepare(byref(cif), ABI, fixed, len(kinds), self.type_of(result), types)
        assert status == 0
        prototype = PYFUNCTYPE(None, c_void_p, c_void_p, POINTER(c_void_p), c_void_p)
        receive = prototype(lambda _cif, room, arguments, _data: function(room, arguments))
        code = c_void_p()
        self.closure = foreign(pythonapi, "ffi_closure_alloc", c_void_p, c_uint, c_void_p)(16, byref(code))
        prepare_closure = foreign(pythonapi, "ffi_prep_closure_loc", ctypes.c_int, *[c_void_p] * 5)
        assert prepare_closure(self.closure, byref(cif), receive, None, code) == 0
        self.kept += [types, cif, receive]
        self.address = code.value

    def type_of(self, kind: Any) -> int:
        if kind in NAMES:
            return addressof(FfiType.in_dll(pythonapi, f"ffi_type_{NAMES[kind]}"))
        elements: list[int] = []
        for _, member in kind._fields_:
            if issubclass(member, ctypes.Array):
                elements += [self.type_of(member._type_)] * member._length_
            else:
                elements.append(self.type_of(member))
        array = (c_uint * (len(elements) + 1))(*elements)
        made = FfiType(ctypes.sizeof(kind), ctypes.alignment(kind), STRUCT, addressof(array))
        self.kept += [array, made]
        return addressof(made)

    def __enter__(self) -> int | None:
        return self.address

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        foreign(pythonapi, "ffi_closure_free", None, c_void_p)(self.closure)
