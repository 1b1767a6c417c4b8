"""sqlite3: connections that tasks and threads share."""

from __future__ import annotations

import gc
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from fibers import synchronously, together
from gates import Gate


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.execute("CREATE TABLE numbers (number INTEGER, data BLOB)")
    connection.execute("INSERT INTO numbers VALUES (1, x'0102')")
    connection.commit()
    yield connection
    connection.close()


def through(gate: Gate, connection: sqlite3.Connection) -> Any:
    """Goes through the gate in the midst of a statement."""
    connection.create_function("gate", 1, gate)
    return connection.execute("SELECT gate(7), gate(8)").fetchall()


USES: dict[str, Callable[[sqlite3.Connection], Any]] = {
    "execute": lambda connection: connection.execute("SELECT number FROM numbers").fetchall(),
    "insert": lambda connection: connection.execute("INSERT INTO numbers VALUES (2, NULL)").rowcount,
    "executemany": lambda connection: (
        connection.executemany("INSERT INTO numbers VALUES (?, NULL)", [(2,), (3,)]).rowcount
    ),
    "executescript": lambda connection: connection.executescript("SELECT 1; SELECT 2").fetchall(),
    "commit": lambda connection: [connection.execute("BEGIN"), connection.commit()][1],
    "rollback": lambda connection: [connection.execute("BEGIN"), connection.rollback()][1],
    "blob": lambda connection: connection.blobopen("numbers", "data", 1).read(),
    "serialize": lambda connection: len(connection.serialize()) > 0,
    "backup": lambda connection: connection.backup(sqlite3.connect(":memory:")),
    "function": lambda connection: connection.create_function("one", 0, lambda: 1),
    "aggregate": lambda connection: connection.create_aggregate("nothing", 0, None),  # type: ignore[arg-type]
    "window": lambda connection: connection.create_window_function("nothing", 0, None),
    "collation": lambda connection: connection.create_collation("same", lambda one, other: 0),
    "trace": lambda connection: connection.set_trace_callback(None),
    "progress": lambda connection: connection.set_progress_handler(None, 1),
    "authorizer": lambda connection: connection.set_authorizer(None),
}


class TestSharedConnections:
    def test_it_says_that_threads_may_share_one(self) -> None:
        assert sqlite3.threadsafety == 3

    @pytest.mark.parametrize("use", USES)
    @pytest.mark.parametrize("run", [together, pytest.param(None, id="threads")])
    def test_one_that_is_in_use_is_waited_for(
        self, connection: sqlite3.Connection, use: str, run: Callable[..., Any] | None
    ) -> None:
        gate = Gate()
        order: list[str] = []

        def first() -> None:
            assert through(gate, connection) == [(7, 8)]
            order.append("first")

        def second() -> None:
            gate.reached.wait()
            USES[use](connection)
            order.append("second")

        def third() -> None:
            gate.reached.wait()
            time.sleep(0.005)
            order.append("third")
            gate.opened.set()

        if run:
            run(first, second, third)
        else:
            threads = [threading.Thread(target=function) for function in (first, second, third)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert order[0] == "third"
        assert sorted(order) == ["first", "second", "third"]

    def test_a_call_within_a_call(self, connection: sqlite3.Connection) -> None:
        def inner(number: int) -> int:
            time.sleep(0.001)
            return int(connection.execute("SELECT ? + count(*) FROM numbers", (number,)).fetchone()[0])

        connection.create_function("ask", 1, inner)

        def asks(number: int) -> Any:
            return connection.execute("SELECT ask(?)", (number,)).fetchone()[0]

        assert together(*(partial(asks, number) for number in range(10))) == list(range(1, 11))

    @pytest.mark.parametrize("use", sorted(set(USES) - {"trace", "progress", "authorizer"}))
    def test_where_nothing_can_be_suspended(self, connection: sqlite3.Connection, use: str) -> None:
        gate = Gate()

        def second() -> Any:
            gate.reached.wait()
            error = synchronously(partial(USES[use], connection))
            gate.opened.set()
            return error

        rows, error = together(partial(through, gate, connection), second, raising=False)
        assert rows == [(7, 8)]
        assert isinstance(error, (RuntimeError, sqlite3.Error))
        if use in {"execute", "insert", "executemany", "commit", "rollback", "blob", "backup"}:
            assert str(error).startswith(
                "cannot wait here for another task: the connection of sqlite3 is in use by task "
            ), error
            assert "threading.py" in str(error)  # where it waits
            assert "callPromising()" in str(error)
        # All is as it was.
        assert USES["execute"](connection) == [(1,)]
        if use != "serialize":
            USES[use](connection)

    def test_what_is_let_go_of_where_nothing_can_be_suspended(self, connection: sqlite3.Connection) -> None:
        """Whoever has the connection lets go of it, at the end of the call."""
        gate = Gate()
        cursors = [connection.execute("SELECT number FROM numbers UNION SELECT 2") for _ in range(3)]
        blob = connection.blobopen("numbers", "data", 1)

        def lets_go() -> None:
            cursors.pop().close()
            with pytest.raises(RuntimeError, match="the connection of sqlite3 is in use by task"):
                cursors.pop().fetchone()
            cursors.clear()
            blob.close()
            gc.collect()

        def second() -> Any:
            gate.reached.wait()
            error = synchronously(lets_go)
            gate.opened.set()
            return error

        rows, error = together(partial(through, gate, connection), second, raising=False)
        assert rows == [(7, 8)]
        assert error is None
        # Statements that were left open would hold the table.
        connection.execute("DROP TABLE numbers")
        with pytest.raises(sqlite3.ProgrammingError, match="closed blob"):
            blob.read()

    @pytest.mark.parametrize("how", ["waiting", "at once"])
    def test_closed_while_it_is_in_use(self, connection: sqlite3.Connection, how: str) -> None:
        gate = Gate()

        def second() -> None:
            gate.reached.wait()
            gate.opened.set() if how == "waiting" else None
            if how == "waiting":
                connection.close()
            else:
                assert synchronously(connection.close) is None
                gate.opened.set()

        def first() -> Any:
            connection.create_function("gate", 1, gate)
            try:
                return connection.execute("SELECT gate(7)").fetchall()
            except sqlite3.ProgrammingError as error:
                return str(error)

        assert together(first, second)[0] in ([(7,)], "Cannot operate on a closed database.")
        with pytest.raises(sqlite3.ProgrammingError, match="closed database"):
            connection.execute("SELECT 1")

    def test_many_at_once(self, connection: sqlite3.Connection) -> None:
        """Each has its parameters, though the text of the statement is the same."""

        def slow(number: int) -> int:
            time.sleep(0)
            return number

        connection.create_function("slow", 1, slow)

        def work(start: int) -> None:
            for number in range(start, start + 5):
                connection.execute("INSERT INTO numbers VALUES (slow(?), NULL)", (number,))
                assert connection.execute("SELECT slow(?)", (number,)).fetchone() == (number,)

        threads = [threading.Thread(target=work, args=(100 * i,)) for i in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert connection.execute("SELECT count(*) FROM numbers").fetchone() == (51,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_connections_that_share_a_cache() -> None:
    """What is half changed by one of them may not be looked at by the other."""
    name = "file:cache?mode=memory&cache=shared"
    one, other = (sqlite3.connect(name, uri=True, check_same_thread=False) for _ in range(2))
    gate = Gate()
    order: list[str] = []

    def first() -> None:
        through(gate, one)
        order.append("first")

    def second() -> None:
        gate.reached.wait()
        other.execute("CREATE TABLE numbers (number INTEGER)")
        order.append("second")

    def third() -> None:
        gate.reached.wait()
        time.sleep(0.005)
        order.append("third")
        gate.opened.set()

    together(first, second, third)
    assert order[0] == "third"
    assert one.execute("SELECT count(*) FROM numbers").fetchone() == (0,)
    one.close()
    other.close()


def test_connections_that_share_nothing() -> None:
    """The one is not waited for."""
    one, other = (sqlite3.connect(":memory:") for _ in range(2))
    gate = Gate()

    def second() -> Any:
        gate.reached.wait()
        rows = other.execute("SELECT 1").fetchall()
        gate.opened.set()
        return rows

    assert together(partial(through, gate, one), second) == [[(7, 8)], [(1,)]]
    one.close()
    other.close()
