"""What greenlet's suite has as `_test_extension` in C: calls of the package's C API, here by ctypes."""

from __future__ import annotations

from ctypes import PYFUNCTYPE, byref, c_char_p, c_int, c_void_p, py_object, pythonapi
from typing import Any

import greenlet

# The places of greenlet.h.
_TYPE, _ERROR, _EXIT, _NEW, _GET_CURRENT, _THROW, _SWITCH, _SET_PARENT, _MAIN, _STARTED, _ACTIVE, _GET_PARENT = range(
    12
)

_pointer_of = PYFUNCTYPE(c_void_p, py_object, c_char_p)(("PyCapsule_GetPointer", pythonapi))
_parse_tuple = PYFUNCTYPE(c_int, py_object, c_char_p)(("PyArg_ParseTuple", pythonapi))

_api = _pointer_of(greenlet._C_API, b"greenlet._C_API")
_entries = (c_void_p * 12).from_address(_api)
_objects = (py_object * 3).from_address(_api)
_NULL: Any = py_object()


def _function(place: int, result: Any, *arguments: Any) -> Any:
    return PYFUNCTYPE(result, *arguments)(_entries[place])


_new = _function(_NEW, py_object, py_object, py_object)
_get_current = _function(_GET_CURRENT, py_object)
_throw = _function(_THROW, py_object, *[py_object] * 4)
_switch = _function(_SWITCH, py_object, *[py_object] * 3)
_set_parent = _function(_SET_PARENT, c_int, py_object, py_object)
_active = _function(_ACTIVE, c_int, py_object)


def test_switch(given: Any) -> Any:
    return _switch(given, _NULL, _NULL)


def test_switch_kwargs(*args: Any, **kwargs: Any) -> Any:
    given = c_void_p()
    _parse_tuple(args, b"O!", c_void_p(_entries[_TYPE]), byref(given))
    return _switch(args[0], _NULL, kwargs)


def test_getcurrent() -> None:
    assert _active(_get_current()) == 1


def test_setparent(given: Any) -> None:
    assert _set_parent(given, _get_current()) == 0
    _switch(given, _NULL, _NULL)


def test_new_greenlet(run: Any) -> Any:
    return _switch(_new(run, _NULL), _NULL, _NULL)


def test_raise_dead_greenlet() -> None:
    raise _objects[_EXIT]("test GreenletExit exception.")


def test_raise_greenlet_error() -> None:
    raise _objects[_ERROR]("test greenlet.error exception")


def test_throw(given: Any) -> None:
    _throw(given, ValueError, "take that sucka!", _NULL)


def test_throw_exact(given: Any, kind: Any, value: Any, trace: Any) -> None:
    _throw(given, kind, value, trace)


def getcurrent_api() -> Any:
    return _get_current()
