"""Leaves the interpreter so that whoever begins with a snapshot of it writes to few of its pages."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable
from types import CodeType

import _blockon

__all__ = ["share_pages"]


def share_pages() -> None:
    """The last that is done before a snapshot: what there is by now lives for ever."""
    due = gc.get_objects()
    while due:
        thing = due.pop()
        if _blockon.make_immortal(thing):
            due += _parts(thing)
    # A visit of the collector's would write to each object, too.
    gc.freeze()
    # Of each docstring that was compiled, the cache of types holds a string of its own ("expandtabs"). Freed one by one
    # when other names take its place, they would be holes again.
    sys._clear_internal_caches()  # type: ignore[attr-defined]
    _blockon.fill_holes()


def _parts(thing: object) -> Iterable[object]:
    """What an object refers to, with what the collector does not ask for since it can be in no cycle."""
    if isinstance(thing, CodeType):
        names = thing.co_name, thing.co_qualname, thing.co_filename
        return (thing.co_consts, thing.co_names, thing.co_linetable, thing.co_exceptiontable, *names)
    parts = gc.get_referents(thing)
    return [*parts, *thing] if type(thing) is dict else parts
