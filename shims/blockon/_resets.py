"""An interpreter that is reset after each request: what is made ready before its checkpoint.

``watch`` is called before the Worker's module is loaded, ``prepare`` and ``generators`` when it was, ``leave`` after
each request that may have left something.
"""

from __future__ import annotations

import asyncio
import gc
import io
import sys
import threading
from collections.abc import Callable
from typing import Any

import _blockon

from . import _asgi_lifespan, _entry, _snapshot
from ._shared_pages import share_definitions

__all__ = ["generators", "leave", "prepare", "watch"]

# Numbers of _blockon.stats() that a checkpoint cannot hold.
_UNDER_WAY = ("ready_handles", "pending_timers", "parked_fibers")

# Requests until CPython has specialized what they run.
_WARM_UPS = 20
# By which the host knows nothing that it gave (runtime/pool/request_numbers.ts).
_NOBODYS_NUMBER = 0xFFFFFFFF

# Instances of random.Random, and what they were when they were seeded.
_seeded: list[tuple[Any, Any]] = []


def watch() -> None:
    """Remember the generators' states, so that numbers that are taken are noticed."""
    _seeded.extend((generator, generator.getstate()) for generator in _snapshot.generators())


def prepare(request: Any, ctx: Any, response: Any) -> str | None:
    """Leave the interpreter as each request is to find it. The result says why it cannot be reset.

    ``request``, ``ctx`` and ``response`` are JavaScript's, and nobody's: see ``_warm_up``.
    """
    if any(generator.getstate() != state for generator, state in _seeded):
        return "its module took random numbers while it was loaded (random)"
    _seeded.clear()
    if threading.active_count() > 1:
        return f"its module started threads: {[thread.name for thread in threading.enumerate()[1:]]}"
    if tasks := asyncio.all_tasks(asyncio.get_event_loop()):
        return f"its module started tasks: {[task.get_name() for task in tasks]}"
    if under_way := {name: count for name, count in _blockon.stats().items() if name in _UNDER_WAY and count}:
        return f"something that its module began goes on: {under_way}"
    _entry.find_handlers()
    _warm_up(request, ctx, response)
    tempfile: Any = sys.modules["tempfile"]
    tempfile._name_sequence = None
    _note_unwritten()
    gc.collect()
    # Neither the collector nor counts of references write to what each request finds: its pages would be copied.
    share_definitions()
    return None


class _NobodysHandlers:
    """As those of a Worker's module, for requests that are nobody's."""

    def __init__(self, result: Callable[[], Any]) -> None:
        self._result = result

    def find(self, _event: str) -> Callable[[Any, Any, Any], Any]:
        return lambda _request, _env, _ctx: self._result()

    def describe(self, event: str) -> str:
        return event


def _warm_up(request: Any, ctx: Any, response: Any) -> None:
    """Take the way of a request some times, with a handler that is nobody's in place of the Worker's.

    What CPython finds out on it (specialized code, cached look-ups, types of proxies) would be found out, and written
    down, by each request anew: of the pages that a small one writes to, that is most.
    """
    modules: Any = sys.modules
    before = _entry.handlers()
    if before[1] is None:
        handlers: tuple[Any, Any] = (_NobodysHandlers(lambda: response), None)
    else:
        api = modules["blockon._realm_api"]
        own = modules["blockon._api.response"].Response
        handlers = (None, api.RealmHandlers(_NobodysHandlers(lambda: own("x"))))
    _entry.set_handlers(*handlers)
    answer = _entry.answering(None)
    try:
        for _ in range(_WARM_UPS):
            answer(request, ctx, _NOBODYS_NUMBER)
    finally:
        _entry.set_handlers(*before)


def generators() -> list[tuple[int, list[int]]]:
    """The addresses of all random.Random that were seeded, and their states: they are seeded anew with each reset."""
    return [(id(each), list(each.getstate()[1])) for each in _snapshot.generators()]


def _note_unwritten() -> None:
    """Have leave() called after those requests alone that may have left something.

    Where the module has put streams of its own in place of these, or has made a lifespan ready to begin, that is all.
    """
    leave()
    lifespans = _asgi_lifespan.all_of_them()
    objects: list[object] = [lifespans]
    for stream in (sys.stdout, sys.stderr):
        if type(stream) is not io.TextIOWrapper or type(stream.buffer) is not io.BufferedWriter:
            return
        objects += (stream, stream.buffer)
    if lifespans:
        return
    sizes = (type(each).__basicsize__ for each in objects)
    pairs = zip(objects, sizes, strict=True)
    _blockon.note_unwritten(vars(sys), *(each for pair in pairs for each in pair))


def leave() -> bool:
    """Write out what a request has left unwritten. Whether the Worker is to be stopped as at its end, too."""
    for stream in (sys.stdout, sys.stderr):
        try:  # noqa: SIM105 - this is called after each request
            stream.flush()
        except Exception:  # noqa: BLE001, S110 - what a request has put in its place is its own, and gone
            pass
    return _asgi_lifespan.any_started()
