"""An interpreter that is reset after each request: what is made ready before its checkpoint.

``watch`` is called before the Worker's module is loaded, ``prepare`` and ``generators`` when it was, ``leave`` after each
request.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from typing import Any

import _blockon

from . import _asgi_lifespan, _snapshot

__all__ = ["generators", "leave", "prepare", "watch"]

# Numbers of _blockon.stats() that a checkpoint cannot hold.
_UNDER_WAY = ("ready_handles", "pending_timers", "parked_fibers")

# Instances of random.Random, and what they were when they were seeded.
_seeded: list[tuple[Any, Any]] = []


def watch() -> None:
    """Remember the generators' states, so that numbers that are taken are noticed."""
    _seeded.extend((generator, generator.getstate()) for generator in _snapshot.generators())


def prepare() -> str | None:
    """Leave the interpreter as each request is to find it. The result says why it cannot be reset."""
    if any(generator.getstate() != state for generator, state in _seeded):
        return "its module took random numbers while it was loaded (random)"
    _seeded.clear()
    if threading.active_count() > 1:
        return f"its module started threads: {[thread.name for thread in threading.enumerate()[1:]]}"
    if tasks := asyncio.all_tasks(asyncio.get_event_loop()):
        return f"its module started tasks: {[task.get_name() for task in tasks]}"
    if under_way := {name: count for name, count in _blockon.stats().items() if name in _UNDER_WAY and count}:
        return f"something that its module began goes on: {under_way}"
    tempfile: Any = sys.modules["tempfile"]
    tempfile._name_sequence = None
    gc.collect()
    # The collector leaves alone what each request finds, whose pages a visit would have copied.
    gc.freeze()
    return None


def generators() -> list[tuple[int, list[int]]]:
    """The addresses of all random.Random that were seeded, and their states: they are seeded anew with each reset."""
    return [(id(each), list(each.getstate()[1])) for each in _snapshot.generators()]


def leave() -> bool:
    """Write out what a request has left unwritten. Whether the Worker is to be stopped as at its end, too."""
    for stream in (sys.stdout, sys.stderr):
        try:  # noqa: SIM105 - this is called after each request
            stream.flush()
        except Exception:  # noqa: BLE001, S110 - what a request has put in its place is its own, and gone
            pass
    return _asgi_lifespan.any_started()
