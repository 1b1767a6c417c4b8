"""sqlite3: waiting for another connection's transaction."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import blockon
import pytest
from fibers import synchronously, together
from gates import Gate
from pyodide.ffi import run_sync

# Longer than a test: what waits for it in vain does not end.
FOREVER = 10_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "numbers.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE numbers (number INTEGER)")
    connection.close()
    return path


def numbers(path: Path) -> list[int]:
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT number FROM numbers ORDER BY number").fetchall()
    connection.close()
    return [number for (number,) in rows]


def insert(path: Path, number: int, inside: Callable[[], Any] = lambda: None, timeout: float = FOREVER) -> None:
    """In a transaction of its own, in which `inside` is called."""
    connection = sqlite3.connect(path, timeout=timeout)
    try:
        with connection:
            connection.execute("INSERT INTO numbers VALUES (?)", (number,))
            inside()
    finally:
        connection.close()


class TestTransactions:
    def test_one_waits_for_the_others(self, path: Path) -> None:
        gate = Gate()
        order: list[str] = []

        def first() -> None:
            insert(path, 1, gate)
            order.append("first")

        def second() -> None:
            gate.reached.wait()
            insert(path, 2)
            order.append("second")

        def other() -> None:
            gate.reached.wait()
            for _ in range(5):
                time.sleep(0.002)
            order.append("other")
            gate.opened.set()

        together(first, second, other)
        assert order[0] == "other"
        assert sorted(order) == ["first", "other", "second"]
        assert numbers(path) == [1, 2]

    @pytest.mark.parametrize("count", [2, 12])
    def test_threads(self, path: Path, count: int) -> None:
        def write(start: int) -> None:
            for number in range(start, start + 5):
                insert(path, number, partial(time.sleep, 0.001))

        threads = [threading.Thread(target=write, args=(100 * i,)) for i in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert numbers(path) == [100 * i + j for i in range(count) for j in range(5)]

    def test_its_time_is_up(self, path: Path) -> None:
        gate = Gate()

        def second() -> None:
            gate.reached.wait()
            try:
                with pytest.raises(sqlite3.OperationalError, match="database is locked") as caught:
                    insert(path, 2, timeout=0.02)
                assert caught.value.sqlite_errorname == "SQLITE_BUSY"
            finally:
                gate.opened.set()

        together(partial(insert, path, 1, gate), second)
        assert numbers(path) == [1]

    def test_no_time(self, path: Path) -> None:
        gate = Gate()

        def second() -> None:
            gate.reached.wait()
            with pytest.raises(sqlite3.OperationalError, match="database is locked"):
                insert(path, 2, timeout=0)
            gate.opened.set()

        together(partial(insert, path, 1, gate), second)

    def test_where_nothing_can_be_suspended(self, path: Path) -> None:
        """Nobody could end the transaction meanwhile."""
        gate = Gate()

        def second() -> Any:
            gate.reached.wait()
            error = synchronously(partial(insert, path, 2))
            gate.opened.set()
            return error

        error = together(partial(insert, path, 1, gate), second, raising=False)[1]
        assert isinstance(error, sqlite3.OperationalError)
        assert str(error) == "database is locked"

    def test_a_deadline(self, path: Path) -> None:
        gate = Gate()

        def second() -> None:
            gate.reached.wait()
            try:
                with pytest.raises(TimeoutError), blockon.timeout(0.01):
                    insert(path, 2)
            finally:
                gate.opened.set()

        together(partial(insert, path, 1, gate), second)
        assert numbers(path) == [1]

    def test_a_task_that_is_cancelled(self, path: Path) -> None:
        gate = Gate()

        async def second() -> None:
            insert(path, 2)

        async def run() -> None:
            first = asyncio.create_task(asyncio.to_thread(insert, path, 1, gate))
            await asyncio.to_thread(gate.reached.wait)
            task = asyncio.create_task(second())
            await asyncio.sleep(0.005)
            task.cancel()
            try:
                with pytest.raises(asyncio.CancelledError):
                    await task
            finally:
                gate.opened.set()
            await first

        run_sync(run())
        assert numbers(path) == [1]

    def test_what_it_waits_for_is_said(self, path: Path) -> None:
        gate = Gate()

        def third() -> list[str]:
            gate.reached.wait()
            time.sleep(0.01)
            said = [fiber.waits_for for fiber in blockon.fibers()]
            gate.opened.set()
            return said

        def second() -> None:
            gate.reached.wait()
            insert(path, 2)

        said = together(partial(insert, path, 1, gate), second, third)[2]
        assert "another connection's transaction (sqlite3)" in said

    def test_a_backup_waits(self, path: Path, tmp_path: Path) -> None:
        gate = Gate()
        insert(path, 0)

        def holds() -> None:
            connection = sqlite3.connect(path)
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
            gate()
            connection.rollback()
            connection.close()

        def copies() -> list[Any]:
            gate.reached.wait()
            seen: list[int] = []

            def progress(status: int, remaining: int, total: int) -> None:
                seen.append(status)
                if len(seen) == 3:
                    gate.opened.set()

            source, copy = sqlite3.connect(path, timeout=0), sqlite3.connect(tmp_path / "copy.sqlite3")
            source.backup(copy, pages=1, progress=progress, sleep=0.001)
            rows = copy.execute("SELECT number FROM numbers").fetchall()
            source.close()
            copy.close()
            return [seen[0], seen[-1], rows]

        assert together(holds, copies)[1] == [sqlite3.SQLITE_BUSY, sqlite3.SQLITE_DONE, [(0,)]]
