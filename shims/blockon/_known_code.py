"""Whether a function of somebody else's is one that is known here, so that another may take its place.

It is known by its code: what it does, and neither where it stands nor what is said of it.
"""

from __future__ import annotations

import functools
import sys
import zlib
from types import CodeType
from typing import Any

__all__ = ["all_known", "are_known", "digest"]


def _parts(code: CodeType) -> tuple[Any, ...]:
    return (
        code.co_code,
        code.co_exceptiontable,
        code.co_flags,
        code.co_argcount,
        code.co_posonlyargcount,
        code.co_kwonlyargcount,
        code.co_names,
        code.co_varnames,
        code.co_freevars,
        code.co_cellvars,
        tuple(_constant(each) for each in code.co_consts),
    )


def _constant(value: Any) -> Any:
    if isinstance(value, CodeType):
        return _parts(value)
    # The order of a set is not always the same.
    return sorted(map(repr, value)) if isinstance(value, frozenset) else value


def digest(function: Any) -> int:
    """Return a number of 32 bits that the code of a Python function has, under one version of Python."""
    return _digest(function.__code__, function.__doc__ is not None)


# What each start asks about is in the snapshot: the text of it takes a dozen pages.
@functools.cache
def _digest(code: CodeType, has_text: bool) -> int:
    parts = _parts(code)
    if has_text:
        # The first constant. Whether there is one shows in the flags.
        parts = (*parts[:-1], (None, *parts[-1][1:]))
    return zlib.crc32(repr(parts).encode("utf-8", "surrogatepass"))


def are_known(owner: Any, digests: dict[str, frozenset[int]]) -> bool:
    """Return whether each function of a class or a module is one of those that are known by its name."""
    of_owner = vars(owner)
    for name, known in digests.items():
        function = of_owner.get(name)
        function = getattr(function, "__func__", function)  # of a static method
        function = getattr(function, "fget", function)  # of a property
        if getattr(function, "__code__", None) is None or digest(function) not in known:
            return False
    return True


def all_known(table: dict[str, dict[str, frozenset[int]]]) -> bool:
    """are_known() of several: a module that has been imported, or ``module:class``, each with its functions."""
    for place, digests in table.items():
        name, _, path = place.partition(":")
        owner: Any = sys.modules.get(name)
        owner = functools.reduce(lambda found, each: getattr(found, each, None), path.split(".") if path else (), owner)
        if owner is None or not are_known(owner, digests):
            return False
    return True
