"""Moving what lives for ever, as it is done before a snapshot is taken."""

from __future__ import annotations

from types import CodeType
from typing import Any

import _blockon
import pytest

_WORD = 4


def _size(code: Any) -> int:
    return CodeType.__basicsize__ + len(code._co_code_adaptive)


def test_a_copy_of_code_runs_in_the_place_of_the_original() -> None:
    def made(a: int) -> int:
        return sum(each * 2 for each in (a, 1))

    assert made(2) == 6
    code = made.__code__
    assert _blockon.make_immortal(code)
    copy = _blockon.copy_object(code, _size(code), CodeType.__weakrefoffset__)
    assert copy == code
    assert copy is not code
    assert _blockon.exchange_parts(made, type(made).__basicsize__, code, copy)
    assert made.__code__ is copy
    assert made(3) == 8
    assert not _blockon.exchange_parts(made, type(made).__basicsize__, code, copy)


def test_a_copy_takes_the_place_of_a_constant() -> None:
    def made() -> Any:
        return lambda: 7

    inner = next(each for each in made.__code__.co_consts if isinstance(each, CodeType))
    constants = made.__code__.co_consts
    assert _blockon.make_immortal(inner)
    copy = _blockon.copy_object(inner, _size(inner), CodeType.__weakrefoffset__)
    assert _blockon.exchange_parts(constants, tuple.__basicsize__ + len(constants) * _WORD, inner, copy)
    assert made().__code__ is copy
    assert made()() == 7


def test_what_may_be_freed_is_not_moved() -> None:
    def made() -> None:
        pass

    code = made.__code__
    with pytest.raises(TypeError, match="live for ever"):
        _blockon.copy_object(code, _size(code), CodeType.__weakrefoffset__)
    with pytest.raises(TypeError, match="live for ever"):
        _blockon.exchange_parts(made, type(made).__basicsize__, code, None)


def test_what_is_no_object_is_refused() -> None:
    with pytest.raises(ValueError, match="an object is larger"):
        _blockon.copy_object(None, 4, 0)
    with pytest.raises(ValueError, match="weak references"):
        _blockon.copy_object(None, 16, 16)
    with pytest.raises(TypeError, match="three arguments"):
        _blockon.copy_object(None)
    with pytest.raises(TypeError, match="four arguments"):
        _blockon.exchange_parts(None)
    with pytest.raises(ValueError, match="an object is larger"):
        _blockon.exchange_parts((), 4, None, None)
