"""The snapshot of one Worker, taken when its top level has run: what it cannot hold, and what is made anew after.

Whatever an interpreter that begins with it cannot have is told with the variable that holds it, and then there is none.
"""

from __future__ import annotations

import asyncio
import errno
import gc
import importlib
import io
import json
import os
import random
import socket
import sys
import threading
from typing import Any

import _blockon
from _blockon_tls import _calls
from _blockon_tls._connection import Connection
from _blockon_tls._context import SSLContext

from . import _limits, _snapshot, _snapshot_holders
from ._fibers import fibers
from ._snapshot_entropy import Watch

__all__ = ["begin", "is_busy", "lost", "prepare", "resume"]

_UNDER_WAY = {
    "fibers_live": "threads or tasks that wait",
    "ready_handles": "callbacks of the event loop",
    "pending_timers": "timers of the event loop",
    "parked_fibers": "threads that wait for each other",
}
_STANDARD_STREAMS = 2
_AUTHENTICATION_KEY = 32
_CONNECTING = ("connect", "connect_ex")
_getaddrinfo = socket.getaddrinfo

_watch = Watch()
# Instances of random.Random that are alive, but those that ask the system, or that somebody has seeded himself.
_generators: list[random.Random] = []
_modules_before: frozenset[str] = frozenset()


def begin() -> None:
    """The Worker's top level runs next, to be kept in a snapshot."""
    global _modules_before
    _modules_before = frozenset(sys.modules)
    _calls.journal = {}
    _watch.begin()
    _reach_nobody()


def _reach_nobody() -> None:
    def refusing(name: str) -> Any:
        def refuse(*_arguments: Any, **_keywords: Any) -> Any:
            _watch.note(name)
            raise OSError(errno.ENETUNREACH, "a snapshot is made of this Worker: its top level reaches nobody")

        return refuse

    for name in _CONNECTING:
        setattr(socket.socket, name, refusing(f"socket.{name}"))
    socket.getaddrinfo = refusing("socket.getaddrinfo")


def _reach_all() -> None:
    for name in _CONNECTING:
        delattr(socket.socket, name)
    socket.getaddrinfo = _getaddrinfo


def is_busy() -> bool:
    """Whether something goes on that may end by itself."""
    stats = _blockon.stats()
    return any(stats[name] for name in _UNDER_WAY)


def prepare() -> str:
    """The top level has run: why there can be no snapshot, JSON of lines. None where that is empty."""
    _watch.end()
    _reach_all()
    contexts, _calls.journal = _calls.journal or {}, None
    # The files of the next interpreter have other times, and importlib.metadata keeps archives open.
    importlib.invalidate_caches()
    sys.path_importer_cache.clear()
    gc.collect()
    everything = gc.get_objects()
    refusals = [*_watch.taken, *_what_runs(), *_what_is_open(everything)]
    for each in everything:
        if isinstance(each, SSLContext):
            each._remember(contexts)
    _generators.extend(
        each
        for each in everything
        if isinstance(each, random.Random) and not isinstance(each, random.SystemRandom) and not _watch.is_seeded(each)
    )
    del everything
    gc.collect()
    gc.freeze()
    _blockon.clear_holes()
    return json.dumps(list(dict.fromkeys(refusals)))


def _what_runs() -> list[str]:
    lines = [
        f"a thread that the top level started is running: {thread.name}"
        for thread in threading.enumerate()
        if thread is not threading.main_thread()
    ]
    for fiber in () if lines else fibers():
        frame = fiber.frame
        where = f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame else "unknown"
        lines.append(f"a {fiber.kind} that the top level started waits: {where}")
    try:
        tasks = asyncio.all_tasks(asyncio.get_event_loop_policy().get_event_loop())
    except RuntimeError:
        tasks = set()
    lines.extend(f"a task that the top level started is pending: {task.get_coro()!r}" for task in tasks)
    if not lines:
        stats = _blockon.stats()
        lines.extend(
            f"{what} of the top level are left: {stats[name]}" for name, what in _UNDER_WAY.items() if stats[name]
        )
    return lines


def _what_is_open(everything: list[Any]) -> list[str]:
    held: dict[int, tuple[Any, str]] = {}
    for each in everything:
        if isinstance(each, socket.socket):
            if each.fileno() >= 0:
                held[id(each)] = (each, "an open socket")
        elif isinstance(each, io.IOBase):
            try:
                number = -1 if each.closed else each.fileno()
            except (OSError, ValueError, AttributeError):
                continue
            if number > _STANDARD_STREAMS:
                held[id(each)] = (each, f"an open file ({getattr(each, 'name', number)})")
        elif isinstance(each, Connection):
            held[id(each)] = (each, "an open TLS connection")
    if not held:
        return []
    paths = _snapshot_holders.Holders(_searched()).find({number: each for number, (each, _) in held.items()})
    # Of a file, the innermost objects are the outermost's.
    named = {number: path for number, path in paths.items() if not _is_part(path, paths)}
    lines = [f"{named[number]}: {what}" for number, (_, what) in held.items() if number in named]
    return lines or [f"something that no module holds: {what}" for _, what in held.values()][:1]


def _is_part(path: str, paths: dict[int, str]) -> bool:
    return any(path != other and path.startswith(other) for other in paths.values())


def _searched() -> dict[str, Any]:
    """The modules of the Worker and its packages first."""
    own = {name: module for name, module in sys.modules.items() if name not in _modules_before}
    return {**own, **sys.modules}


def lost(proxies: Any) -> str:
    """Objects of JavaScript's that no other realm has: which variables hold them, JSON of lines."""
    gc.unfreeze()
    lines = _snapshot_holders.of_proxies(_searched(), list(proxies))
    gc.freeze()
    return json.dumps(lines)


def resume() -> None:
    """Make anew, in an interpreter that begins with the snapshot, what no two may share."""
    _snapshot.make_anew(_watch.seeded)
    for generator in _generators:
        generator.seed()
    _remake_keys()
    _limits.install()


def _remake_keys() -> None:
    uuid: Any = sys.modules.get("uuid")
    if uuid is not None:
        for name in ("_node", "_last_timestamp", "_last_timestamp_v7"):
            if hasattr(uuid, name):
                setattr(uuid, name, None)
    process: Any = sys.modules.get("multiprocessing.process")
    if process is not None:
        config = process.current_process()._config
        config["authkey"] = process.AuthenticationString(os.urandom(_AUTHENTICATION_KEY))
    numpy_random: Any = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()
