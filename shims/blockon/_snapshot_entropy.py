"""What a Worker's top level takes of the system's entropy while a snapshot of it is made.

A value that stays in memory would be the same in every interpreter that begins with the snapshot: a token of
``secrets``, a ``uuid4()``, a number of ``random``. Such a line is noted, and there is no snapshot of that Worker. Fine
are generators that the system seeds, which are seeded anew; those that the Worker seeds itself, which it wants the same
each time; and what is made anew after (_snapshot_worker).
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

__all__ = ["Watch"]

_STDLIB = Path(os.__file__).parent.as_posix() + "/"
_OWN = Path(__file__).parent.as_posix() + "/"
# What these take is made anew, or gone by then: names of temporary files, the key of processes, the seed of NumPy's
# legacy generator.
_MADE_ANEW = ("/tempfile.py", "/multiprocessing/process.py", "/numpy/random/__init__.py", "/numpy/random/_pickle.py")
# These want names that are unique in an interpreter, and nobody's secret.
_NAMES = ("/opentelemetry/context/__init__.py",)
_DRAWING = ("random", "getrandbits")


def _who_asks() -> str | None:
    """The line of the Worker or of a package that the running call was made for; None for what may ask."""
    frame: FrameType | None = sys._getframe(2)
    outermost = None
    while frame is not None:
        file = frame.f_code.co_filename
        if file.endswith((*_MADE_ANEW, *_NAMES)):
            return None
        if not file.startswith((_STDLIB, _OWN, "<frozen ")):
            return f"{file}:{frame.f_lineno}"
        outermost, frame = f"{file}:{frame.f_lineno}", frame.f_back
    return outermost


class Watch:
    """Notes who takes entropy, between ``begin()`` and ``end()``."""

    def __init__(self) -> None:
        #: What was called, and where.
        self.taken: list[str] = []
        #: Generators whose state the Worker has set itself.
        self.seeded: list[random.Random] = []
        self._is_on = False
        self._replaced: list[tuple[Any, Any]] = []

    def begin(self) -> None:
        """Watch from now on."""
        self._is_on = True
        system: Callable[[int], bytes] = os.urandom

        def urandom(size: int, /) -> bytes:
            self.note("os.urandom")
            return system(size)

        self._replaced = [(system, urandom)]
        for name in _DRAWING:
            bound = getattr(random, name)
            setattr(random.Random, name, self._drawing(name))
            self._replaced.append((bound, getattr(random._inst, name)))
        for name in ("seed", "setstate"):
            bound = getattr(random, name)
            setattr(random.Random, name, self._seeding(name, getattr(random.Random, name)))
            self._replaced.append((bound, getattr(random._inst, name)))
        for before, now in self._replaced:
            _replace(before, now)

    def end(self) -> None:
        """Put back what begin() has replaced, wherever it was taken to."""
        self._is_on = False
        for name in _DRAWING:
            delattr(random.Random, name)
        for name in ("seed", "setstate"):
            setattr(random.Random, name, getattr(random.Random, name).__wrapped__)
        for before, now in self._replaced:
            _replace(now, before)
        self._replaced = []

    def note(self, what: str) -> None:
        """It is called, which is noted unless the one who calls may."""
        if self._is_on and (line := _who_asks()) is not None:
            self.taken.append(f"{what} is called at the top level: {line}")

    def is_seeded(self, generator: random.Random) -> bool:
        """Whether the top level has seeded it, and it goes on from there."""
        return any(each is generator for each in self.seeded)

    def _drawing(self, name: str) -> Any:
        drawn: Any = getattr(random.Random, name)

        def draw(generator: random.Random, *arguments: Any) -> Any:
            if not self.is_seeded(generator):
                self.note(f"random.{name}")
            return drawn(generator, *arguments)

        return draw

    def _seeding(self, name: str, given: Any) -> Any:
        def seed(generator: random.Random, *arguments: Any, **keywords: Any) -> Any:
            is_own = (arguments or tuple(keywords.values()) or (None,))[0] is not None
            self.seeded = [each for each in self.seeded if each is not generator]
            if is_own and not isinstance(generator, random.SystemRandom):
                self.seeded.append(generator)
            return given(generator, *arguments, **keywords)

        seed.__wrapped__ = given  # type: ignore[attr-defined]
        seed.__name__ = name
        return seed


def _replace(before: Any, now: Any) -> None:
    """In the modules that have it by any name."""
    for module in list(sys.modules.values()):
        names = getattr(module, "__dict__", None)
        if not isinstance(names, dict):
            continue
        for name, value in list(names.items()):
            if value is before or (type(value) is type(before) and _is_same_method(value, before)):
                names[name] = now


def _is_same_method(one: Any, other: Any) -> bool:
    """Bound methods are made at each look."""
    owner = getattr(one, "__self__", None)
    return owner is random._inst and owner is getattr(other, "__self__", None) and one == other
