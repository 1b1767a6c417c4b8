"""What blockon.fibers() tells of a wait: the thing itself, and who holds it."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any

import _blockon
import blockon
import js
import pytest
from fibers import synchronously, together
from pyodide.ffi import run_sync


def seen_waiting(wait: Callable[[], Any], release: Callable[[], Any]) -> blockon.Fiber:
    """The entry of a fiber that calls ``wait``, as another one sees it before it calls ``release``."""
    ids: list[int] = []

    def waits() -> None:
        ids.append(blockon.current_fiber())
        wait()

    def looks() -> blockon.Fiber:
        entry = next(fiber for fiber in blockon.fibers() if fiber.id == ids[0])
        release()
        return entry

    entry: blockon.Fiber = together(waits, looks)[1]
    return entry


def test_a_lock_and_its_holder() -> None:
    lock = threading.Lock()
    lock.acquire()
    entry = seen_waiting(lock.acquire, lock.release)
    assert (entry.waits_for, entry.awaited, entry.held_by) == ("a lock", lock, blockon.current_fiber())


@pytest.mark.parametrize("new_lock", [threading.Lock, threading.RLock])
def test_who_took_a_lock_last_is_its_holder(new_lock: Callable[[], Any]) -> None:
    lock, ids = new_lock(), []

    def holds() -> None:
        with lock:
            ids.append(blockon.current_fiber())
            done.wait()

    def waits() -> None:
        ids.append(blockon.current_fiber())
        with lock:
            ids.append(blockon.current_fiber())
            again.wait()

    def looks() -> list[Any]:
        entry = next(fiber for fiber in blockon.fibers() if fiber.id == ids[1])
        done.set()
        while len(ids) < 3:
            run_sync(asyncio.sleep(0))
        refusal = synchronously(lock.acquire)
        again.set()
        return [entry.awaited, entry.held_by, str(refusal)]

    done, again = threading.Event(), threading.Event()
    awaited, held_by, refusal = together(holds, waits, looks)[2]
    assert (awaited, held_by) == (lock, ids[0])
    # A wait that cannot be names the holder too: the one that the lock was handed to.
    assert f"the lock is held by task {ids[2]} (" in refusal


def test_a_holder_is_unknown_rather_than_wrong() -> None:
    places: dict[int, Any] = {}
    lock = other = threading.Lock()
    while lock is other:
        other = threading.Lock()
        # Of the table that the guest keeps by address.
        lock = places.setdefault((id(other) + 8) // 16 % 1024, other)
    lock.acquire()
    other.acquire()
    assert seen_waiting(other.acquire, other.release).held_by == blockon.current_fiber()
    entry = seen_waiting(lock.acquire, lock.release)
    assert (entry.awaited, entry.held_by) == (lock, None)


def test_a_holder_that_has_ended_is_none() -> None:
    lock = threading.Lock()
    together(lock.acquire)
    assert seen_waiting(lock.acquire, lock.release).held_by is None


def test_other_things() -> None:
    items: queue.SimpleQueue[int] = queue.SimpleQueue()
    entry = seen_waiting(items.get, lambda: items.put(1))
    assert (entry.waits_for, entry.awaited, entry.held_by) == ("another task", items, None)

    future: asyncio.Future[int] = asyncio.get_event_loop().create_future()
    entry = seen_waiting(lambda: run_sync(future), lambda: future.set_result(1))
    assert (entry.waits_for, entry.awaited) == ("a future", future)

    promise = js.Promise.withResolvers()
    entry = seen_waiting(lambda: run_sync(promise.promise), lambda: promise.resolve(1))
    assert (entry.waits_for, entry.awaited) == ("a promise", None)


def test_no_standstill_while_one_runs() -> None:
    assert _blockon.standstill() == -1
    lock = threading.Lock()
    lock.acquire()
    assert seen_waiting(lock.acquire, lambda: (_blockon.waits(), lock.release())).state == "suspended"
