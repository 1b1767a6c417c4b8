"""The live fibers as `blockon ps` shows them: JSON of a bounded size (runtime/worker/fiber_list.ts reads it)."""

from __future__ import annotations

import json
import linecache
from itertools import islice
from types import FrameType
from typing import Any

from ._fibers import Fiber, fibers

__all__ = ["report"]

_MOST_FIBERS = 1000
_MOST_FRAMES = 30
_MOST_CHARACTERS = 200
#: Of all fibers; the reader takes twice as much.
_MOST_IN_ALL = 8 * 1024 * 1024


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 3] + "..."


def _describe_frame(frame: FrameType) -> dict[str, Any]:
    code = frame.f_code
    line = frame.f_lineno or 0
    text = linecache.getline(code.co_filename, line, frame.f_globals).strip()
    return {"file": _cut(code.co_filename), "line": line, "function": _cut(code.co_qualname), "text": _cut(text)}


def _frames(frame: FrameType | None, most: int) -> tuple[list[dict[str, Any]], int]:
    """The innermost frames, the outermost of them first, and how many are left out."""
    kept: list[dict[str, Any]] = []
    omitted = 0
    while frame is not None:
        if len(kept) < most:
            kept.append(_describe_frame(frame))
        elif most == 1:
            break
        else:
            omitted += 1
        frame = frame.f_back
    return kept[::-1], omitted


def _describe(fiber: Fiber, most_frames: int) -> dict[str, Any]:
    frames, omitted = _frames(fiber.frame, most_frames)
    return {
        "id": fiber.id,
        "kind": fiber.kind if fiber.name is None else _cut(f"{fiber.kind} {fiber.name}"),
        "state": fiber.state,
        "age": fiber.age,
        "waitsFor": fiber.waits_for,
        "frames": frames,
        "omittedFrames": omitted,
    }


def report(stacks: bool) -> str:
    """The live fibers, the oldest first, each with its stack, or with its innermost call alone; the oldest alone when
    they would be too much."""
    live = fibers()
    most_frames = _MOST_FRAMES if stacks else 1
    listed: list[str] = []
    characters = 0
    for fiber in islice(reversed(live), _MOST_FIBERS):
        text = json.dumps(_describe(fiber, most_frames), ensure_ascii=False)
        characters += len(text)
        if characters > _MOST_IN_ALL:
            break
        listed.append(text)
    return f'{{"live": {len(live)}, "fibers": [{", ".join(listed)}]}}'
