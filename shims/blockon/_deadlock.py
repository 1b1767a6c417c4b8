"""What is said and done when all fibers wait and nothing is left that could wake one (jspi/guest/standstill.h).

The host knows when that is: an embedder's process that is about to end calls :func:`end`, a Worker that stood still for
a while :func:`news`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import _blockon

from ._fibers import Fiber, fibers, may_wait_for_ever

__all__ = ["end", "news", "raise_at_exit", "standstill"]

_LIBRARY = (f"{Path(os.__file__).parent}/", f"{Path(__file__).parent}/", "<frozen ")
_OTHER_PACKAGES = "/site-packages/"
_MOST = 20

standstill = _blockon.standstill

_raises = True
#: The calls that were told of already: each is once.
_told: set[int] = set()
#: The youngest call that waited when an exception was raised last.
_youngest = 0


def raise_at_exit(on: bool) -> None:
    """Whether fibers that wait when the process is about to end get a RuntimeError, as they do at first."""
    global _raises
    _raises = on


@dataclass(frozen=True)
class _Wait:
    fiber: Fiber
    call: int
    number: int
    can_raise: bool


def _waits() -> dict[int, _Wait]:
    """By fiber's id, the youngest fiber first; without those that may wait for ever."""
    alive = {fiber.id: fiber for fiber in fibers() if not may_wait_for_ever(fiber)}
    waits = [
        _Wait(alive[id_], call, number, bool(can_raise))
        for id_, call, number, can_raise in _blockon.waits()
        if id_ in alive
    ]
    _told.intersection_update(wait.call for wait in waits)
    return {wait.fiber.id: wait for wait in waits}


def _frames(fiber: Fiber) -> Iterator[FrameType]:
    frame = fiber.frame
    while frame is not None:
        yield frame
        frame = frame.f_back


def _is_library(frame: FrameType) -> bool:
    file = frame.f_code.co_filename
    return file.startswith(_LIBRARY) and _OTHER_PACKAGES not in file


def _split(fiber: Fiber) -> tuple[FrameType | None, FrameType | None]:
    """Where the program's own code is, and what of the standard library it called there (or None)."""
    called = None
    for frame in _frames(fiber):
        if not _is_library(frame):
            return frame, called
        called = frame
    return fiber.frame, None


def _repr(value: object) -> str:
    try:
        return repr(value)
    except Exception:  # noqa: BLE001  (a program's own __repr__, on which the report must not depend)
        return object.__repr__(value)


def _who(fiber: Fiber) -> str:
    what = "greenlet" if fiber.kind == "greenlet" else "task" if fiber.thread is None else "thread"
    return f"{what} {fiber.id}" if fiber.thread is None else f"{what} {fiber.id} ({fiber.name})"


def _describe(wait: _Wait) -> str:
    """One line: who waits for what, and who has it."""
    fiber = wait.fiber
    frame, called = _split(fiber)
    text = _who(fiber)
    if frame is not None:
        place = f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_qualname}"
        text += f" ({place}, by {called.f_code.co_qualname})" if called else f" ({place})"
    primitive = called.f_locals.get("self") if called else None
    if primitive is not None:  # A Condition, an Event, a Queue: the lock inside of it would tell nothing.
        text += f" waits for {_repr(primitive)}"
    elif fiber.awaited is None:
        text += f" waits for {fiber.waits_for}"
    elif isinstance(fiber.awaited, int):
        text += f" waits for {fiber.waits_for} at {fiber.awaited:#x}"
    else:
        text += f" waits for {_repr(fiber.awaited)}"
    if fiber.held_by == fiber.id and primitive is None:
        text += ", which it took itself"
    elif fiber.held_by not in (None, fiber.id):
        text += f", which task {fiber.held_by} has"
    return text


def _circle(waits: dict[int, _Wait], wait: _Wait) -> list[_Wait]:
    """From a wait to that of who holds what it is for, and so on, if that comes back to it; else nothing."""
    chain: list[_Wait] = []
    while wait not in chain:
        chain.append(wait)
        holder = wait.fiber.held_by
        if holder is None or holder not in waits:
            return []
        wait = waits[holder]
    return chain if wait is chain[0] and len(chain) > 1 else []


def _choose(waits: dict[int, _Wait], locks_only: bool) -> _Wait | None:
    """The fiber to end: one in a circle of locks, else one that waits for another task, for a future, for JavaScript.

    Of those of one kind it is the one that began to wait last: the others may wait for what it would have done.
    """

    def rank(wait: _Wait) -> tuple[int, int]:
        if _circle(waits, wait):
            return 3, wait.number
        if wait.fiber.waits_for in ("a lock", "another task"):
            return 2, wait.number
        return (1 if wait.fiber.awaited is not None else 0), wait.number

    able = (wait for wait in waits.values() if wait.can_raise and wait.call not in _told)
    chosen = max(able, key=rank, default=None)
    return None if chosen is None or (locks_only and rank(chosen)[0] < 2) else chosen


def _lines(waits: dict[int, _Wait]) -> str:
    lines = [f"  {_describe(wait)}, alive for {wait.fiber.age:.1f} s" for wait in list(waits.values())[:_MOST]]
    if len(waits) > _MOST:
        lines.append(f"  and {len(waits) - _MOST} more")
    return "\n".join(lines)


def _count(waits: dict[int, _Wait]) -> str:
    return "1 task waits" if len(waits) == 1 else f"{len(waits)} tasks wait"


def end(locks_only: bool = False) -> int:
    """Raise RuntimeError in one of the fibers that wait and tell stderr of all.

    Returns 0 when none is left to tell, 3 when it was raised in a call that began after the last time, else 2. In a
    fiber that waits for a future or for JavaScript it is not raised when ``locks_only`` is true.
    """
    global _youngest
    waits = _waits()
    chosen = _choose(waits, locks_only)
    if not _raises or chosen is None:
        return 0
    is_new = chosen.call > _youngest
    _youngest = max(_youngest, *(wait.call for wait in waits.values()))
    _told.add(chosen.call)
    report = (
        f"blockon: deadlock: {_count(waits)} for what nothing is left to bring, since the event loop is empty:\n"
        f"{_lines(waits)}\n  RuntimeError is raised in {_who(chosen.fiber)}"
    )
    circle = _circle(waits, chosen) or [chosen]
    error = RuntimeError(f"deadlock: {'; '.join(map(_describe, circle))}; the event loop is empty")
    raised: bool = _blockon.cancel(chosen.fiber.id, error)
    try:
        print(report, file=sys.stderr, flush=True)
    except (
        OSError
    ) as failure:  # As in a worker thread, where Pyodide finds no stderr: the error itself tells the most of it.
        error.add_note(f"(stderr cannot be written: {failure})")
    return (3 if is_new else 2) if raised else 0


def news(seconds: float) -> str | None:
    """What to log of a standstill of so many seconds; None when all that wait were told of before."""
    waits = _waits()
    calls = {wait.call for wait in waits.values()}
    if calls <= _told:
        return None
    _told.update(calls)
    return (
        f"deadlock? For {seconds:g} s {_count(waits)}, and no timer, fetch or other task is under way; only another "
        f"request could end that:\n{_lines(waits)}"
    )
