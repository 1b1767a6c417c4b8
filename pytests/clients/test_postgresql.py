"""PostgreSQL by pg8000, which is Python and sockets and no more."""

from __future__ import annotations

import contextlib
import datetime
import decimal
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pg8000.dbapi
import pg8000.native
import pytest
import urllib3
from adapters import TIMEOUT
from at_once import at_once

AUTHORITY = str(Path(__file__).parent.parent / "tls" / "authority.pem")
Connect = Callable[..., pg8000.native.Connection]


@pytest.fixture
def known(server: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(urllib3.request("GET", f"{server}/postgresql", timeout=60, retries=False).data)
    assert "error" not in answer, answer["error"]
    return {**answer, "database": "postgres", "timeout": TIMEOUT, "ssl_context": False}


@pytest.fixture
def connect(known: dict[str, Any]) -> Iterator[Connect]:
    opened: list[pg8000.native.Connection] = []

    def connect(**options: Any) -> pg8000.native.Connection:
        opened.append(pg8000.native.Connection(**{**known, **options}))
        return opened[-1]

    yield connect
    for each in opened:
        with contextlib.suppress(pg8000.native.InterfaceError, OSError):  # of those that have ended
            each.close()


@pytest.fixture
def table(connect: Connect) -> Iterator[str]:
    """Empty, with the columns id and name."""
    connect().run("DROP TABLE IF EXISTS people")
    connect().run("CREATE TABLE people (id serial PRIMARY KEY, name text UNIQUE NOT NULL)")
    yield "people"
    connect().run("DROP TABLE people")


def code(error: Exception) -> str:
    """PostgreSQL's own of an error."""
    found: str = error.args[0]["C"]
    return found


def test_values(connect: Connect) -> None:
    values = [1, 2.5, "héllo", b"\0\xff", True, None, [1, 2], decimal.Decimal("1.10"), datetime.date(2020, 2, 29)]
    kinds = ["int", "float8", "text", "bytea", "bool", "text", "int[]", "numeric", "date"]
    query = "SELECT " + ", ".join(f"CAST(:v{index} AS {kind})" for index, kind in enumerate(kinds))
    found = connect().run(query, **{f"v{index}": value for index, value in enumerate(values)})
    assert found == [values]


def test_large_results_and_values(connect: Connect) -> None:
    rows = connect().run("SELECT n, repeat('x', 1000) FROM generate_series(1, 2000) AS n")
    assert [row[0] for row in rows] == list(range(1, 2001))
    large = bytes(range(256)) * 8192
    assert connect().run("SELECT CAST(:large AS bytea)", large=large) == [[large]]


def test_rows_are_kept(connect: Connect, table: str) -> None:
    for name in ("ada", "grace"):
        connect().run(f"INSERT INTO {table} (name) VALUES (:name)", name=name)
    found = connect().run(f"SELECT id, name FROM {table} ORDER BY id")
    assert found == [[1, "ada"], [2, "grace"]]
    counted = connect()
    counted.run(f"UPDATE {table} SET name = upper(name)")
    assert counted.row_count == 2


def test_prepared_statements(connect: Connect) -> None:
    statement = connect().prepare("SELECT CAST(:a AS int) + CAST(:b AS int)")
    assert [statement.run(a=n, b=n) for n in range(10)] == [[[2 * n]] for n in range(10)]
    statement.close()


def test_copy(connect: Connect, table: str, tmp_path: Path) -> None:
    file = tmp_path / "people"
    file.write_bytes(b"".join(b"%d\tname %d\n" % (n, n) for n in range(1, 1001)))
    with file.open("rb") as source:
        connect().run(f"COPY {table} FROM STDIN", stream=source)
    with (tmp_path / "copy").open("wb") as target:
        connect().run(f"COPY (SELECT * FROM {table} ORDER BY id) TO STDOUT", stream=target)
    assert (tmp_path / "copy").read_bytes() == file.read_bytes()


def test_transactions(connect: Connect, table: str, known: dict[str, Any]) -> None:
    with pg8000.dbapi.connect(**known) as connection:
        cursor = connection.cursor()
        cursor.execute(f"INSERT INTO {table} (name) VALUES (%s)", ("ada",))
        assert connect().run(f"SELECT count(*) FROM {table}") == [[0]]
        connection.rollback()
        cursor.executemany(f"INSERT INTO {table} (name) VALUES (%s)", [("grace",), ("edith",)])
        connection.commit()
        cursor.execute(f"SELECT name FROM {table} ORDER BY name")
        assert cursor.fetchall() == (["edith"], ["grace"])
        with pytest.raises(pg8000.dbapi.DatabaseError) as caught:
            cursor.execute("SELECT * FROM nowhere")
        assert code(caught.value) == "42P01"
        with pytest.raises(pg8000.dbapi.DatabaseError) as caught:
            cursor.execute("SELECT 1")
        assert code(caught.value) == "25P02"  # the transaction has failed
        connection.rollback()
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == [1]
    assert connect().run(f"SELECT count(*) FROM {table}") == [[2]]


ERRORS = [
    ("SELEC 1", "42601"),
    ("SELECT * FROM nowhere", "42P01"),
    ("SELECT 1 / 0", "22012"),
    ("SELECT CAST('x' AS int)", "22P02"),
    ("INSERT INTO people (name) VALUES (NULL)", "23502"),
    ("INSERT INTO people (name) VALUES ('a'), ('a')", "23505"),
]


@pytest.mark.parametrize(("query", "expected"), ERRORS)
def test_errors(connect: Connect, table: str, query: str, expected: str) -> None:
    connection = connect()
    with pytest.raises(pg8000.native.DatabaseError) as caught:
        connection.run(query)
    assert code(caught.value) == expected
    assert connection.run("SELECT 1") == [[1]]


def test_connections_that_fail(connect: Connect) -> None:
    with pytest.raises(pg8000.native.DatabaseError) as caught:
        connect(password="wrong")
    assert code(caught.value) == "28P01"
    with pytest.raises(pg8000.native.DatabaseError) as caught:
        connect(database="nowhere")
    assert code(caught.value) == "3D000"
    with pytest.raises(
        pg8000.native.InterfaceError, match=r"Can't create a connection to host 127\.0\.0\.1 and port 1"
    ):
        connect(port=1)


def test_a_connection_that_the_server_ends(connect: Connect) -> None:
    ended = connect()
    [[number]] = ended.run("SELECT pg_backend_pid()")
    connect().run("SELECT pg_terminate_backend(:number)", number=number)
    with pytest.raises((pg8000.native.DatabaseError, pg8000.native.InterfaceError, ConnectionResetError)):
        ended.run("SELECT 1")


def test_a_query_that_takes_too_long(connect: Connect) -> None:
    slow = connect(timeout=0.3)
    with pytest.raises(TimeoutError, match="timed out"):
        slow.run("SELECT pg_sleep(20)")
    limited = connect()
    limited.run("SET statement_timeout = 50")
    with pytest.raises(pg8000.native.DatabaseError) as caught:
        limited.run("SELECT pg_sleep(20)")
    assert code(caught.value) == "57014"


def test_tls(connect: Connect) -> None:
    context = ssl.create_default_context(cafile=AUTHORITY)
    connection = connect(ssl_context=context)
    assert connection.run("SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == [[True, "TLSv1.3"]]
    assert connection.run("SELECT length(CAST(:large AS bytea))", large=bytes(1 << 20)) == [[1 << 20]]
    with pytest.raises(ssl.SSLCertVerificationError, match="certificate verify failed"):
        connect(ssl_context=ssl.create_default_context())
    assert connect(ssl_context=None).run("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == [[True]]


@pytest.mark.tasks
def test_two_tasks_at_once(connect: Connect) -> None:
    """Each on a connection of its own: the second is done while the first waits."""
    order: list[str] = []
    slow, fast = connect(), connect()

    def wait() -> None:
        slow.run("SELECT pg_advisory_lock(1)")
        order.append("locked")

    def work() -> None:
        order.append(fast.run("SELECT CAST('worked' AS text)")[0][0])
        time.sleep(0.05)
        fast.run("SELECT pg_advisory_unlock(1)")

    fast.run("SELECT pg_advisory_lock(1)")
    assert at_once(wait, work) == [None, None]
    assert order == ["worked", "locked"]


@pytest.mark.tasks
def test_one_row_is_waited_for(connect: Connect, table: str) -> None:
    connect().run(f"INSERT INTO {table} (name) VALUES ('0')")
    lock = threading.Lock()
    connections = [connect() for _ in range(4)]

    def add(connection: pg8000.native.Connection) -> None:
        for _ in range(5):
            connection.run("BEGIN")
            [[value]] = connection.run(f"SELECT name FROM {table} FOR UPDATE")
            with lock:
                connection.run(f"UPDATE {table} SET name = :name", name=str(int(value) + 1))
            connection.run("COMMIT")

    assert at_once(*[lambda each=each: add(each) for each in connections]) == [None] * 4
    assert connect().run(f"SELECT name FROM {table}") == [["20"]]


def test_notifications(connect: Connect) -> None:
    listening = connect()
    listening.run("LISTEN news")
    connect().run("NOTIFY news, 'hello'")
    listening.run("SELECT 1")
    assert [(channel, text) for _, channel, text in listening.notifications] == [("news", "hello")]
