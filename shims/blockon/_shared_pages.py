"""Leaves the interpreter so that whoever begins with a snapshot or a checkpoint of it writes to few of its pages."""

from __future__ import annotations

import gc
import sys
from array import array
from collections.abc import Iterable, Iterator
from types import (
    BuiltinFunctionType,
    ClassMethodDescriptorType,
    CodeType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodDescriptorType,
    ModuleType,
    WrapperDescriptorType,
)
from zlib import crc32

import _blockon

__all__ = ["share_definitions", "share_pages", "watch_code"]

# A word of the memory.
_WORD = 4

# What has a dict of names.
_NAMESPACES = (ModuleType, type)
_DEFINITIONS = frozenset(
    {
        BuiltinFunctionType,
        ClassMethodDescriptorType,
        CodeType,
        FunctionType,
        GetSetDescriptorType,
        MemberDescriptorType,
        MethodDescriptorType,
        WrapperDescriptorType,
        classmethod,
        property,
        staticmethod,
        bytes,
        float,
        int,
        str,
    }
)

# All code, and the checksum of each one's bytecode as CPython has changed it by then.
_watched: list[CodeType] = []
_sums = array("I")


def watch_code() -> None:
    """What writes to its own bytecode from now on is found by share_pages()."""
    _watched[:] = _all_code()
    _sums[:] = array("I", map(_sum, _watched))


def share_pages() -> None:
    """The last that is done before a snapshot: what there is by now lives for ever."""
    written = [code for code, before in zip(_watched, _sums, strict=True) if _sum(code) != before]
    _watched.clear()
    del _sums[:]
    due = gc.get_objects()
    while due:
        thing = due.pop()
        if _blockon.make_immortal(thing):
            due += _parts(thing)
    holders = _holders_of_code() if written else []
    # A visit of the collector's would write to each object, too.
    gc.freeze()
    # What CPython keeps of freed objects for the next ones of their kinds lies here and there, as holes do.
    gc.collect()
    # Of each docstring that was compiled, the cache of types holds a string of its own ("expandtabs"). Freed one by one
    # when other names take its place, they would be holes again.
    sys._clear_internal_caches()  # type: ignore[attr-defined]
    _blockon.fill_holes()
    _gather(written, holders)


def share_definitions() -> None:
    """The last that is done before a checkpoint: modules, classes and functions live for ever.

    What a program makes of them does not: it may be deleted, and its finalizers are to run then.
    """
    due = [thing for thing in gc.get_objects() if _is_definition(thing)]
    while due:
        thing = due.pop()
        if not _blockon.make_immortal(thing):
            continue
        for part in _parts(thing):
            if type(part) is dict and isinstance(thing, _NAMESPACES):
                _blockon.make_immortal(part)
                due += filter(_is_definition, _parts(part))
            elif _is_definition(part):
                due.append(part)
    gc.freeze()
    # What CPython keeps of freed objects lies here and there.
    gc.collect()
    _blockon.fill_holes()


def _is_definition(thing: object) -> bool:
    """Whether it is one of a program's, or a constant of it; of instances, those of no class of a program's."""
    kind = type(thing)
    if kind is tuple:
        return all(map(_is_definition, thing))  # type: ignore[call-overload]
    return kind in _DEFINITIONS or isinstance(thing, _NAMESPACES)


def _parts(thing: object) -> Iterable[object]:
    """What an object refers to, with what the collector does not ask for since it can be in no cycle."""
    if isinstance(thing, CodeType):
        names = thing.co_name, thing.co_qualname, thing.co_filename
        return (thing.co_consts, thing.co_names, thing.co_linetable, thing.co_exceptiontable, *names)
    parts = gc.get_referents(thing)
    return [*parts, *thing] if type(thing) is dict else parts


def _functions() -> Iterator[FunctionType]:
    return (thing for thing in gc.get_objects() if type(thing) is FunctionType)


def _all_code() -> list[CodeType]:
    """That of all functions, and what they make functions of."""
    found: dict[int, CodeType] = {}
    due = [function.__code__ for function in _functions()]
    while due:
        code = due.pop()
        if id(code) not in found:
            found[id(code)] = code
            due.extend(each for each in code.co_consts if type(each) is CodeType)
    return list(found.values())


def _sum(code: CodeType) -> int:
    return crc32(code._co_code_adaptive)  # type: ignore[attr-defined]


def _holders_of_code() -> list[object]:
    constants = (code.co_consts for code in _all_code())
    return [*_functions(), *(each for each in constants if any(type(one) is CodeType for one in each))]


def _gather(written: list[CodeType], holders: list[object]) -> None:
    """Copy code so that it lies side by side, behind all else. Whoever runs the original goes on with that."""
    copies: dict[int, object] = {}
    for code in written:
        size = CodeType.__basicsize__ + len(code._co_code_adaptive)  # type: ignore[attr-defined]
        copies[id(code)] = _blockon.copy_object(code, size, CodeType.__weakrefoffset__)
    for holder in holders:
        if isinstance(holder, tuple):
            size, parts = tuple.__basicsize__ + len(holder) * _WORD, holder
        else:
            size, parts = type(holder).__basicsize__, (holder.__code__,)  # type: ignore[attr-defined]
        for part in parts:
            copy = copies.get(id(part)) if type(part) is CodeType else None
            if copy is not None:
                _blockon.exchange_parts(holder, size, part, copy)
