"""KV on sqlite3, with the limits of the runtime's (runtime/bindings/kv/limits.ts)."""

from __future__ import annotations

import base64
import json
import sqlite3
import threading
import time
from typing import Any, NoReturn

from .._api import kv_types
from .._api.host import Operation
from .._api.kv_types import KVError, KVKey, KVPage

__all__ = ["Database", "SqliteKVStore"]

_MOST_KEY = 512
_MOST_VALUE = 25 * 1024 * 1024
_MOST_METADATA = 1024
_LEAST_SECONDS = 60
_MOST_LISTED = 1000
_MOST_AT_ONCE = 100
_ALIVE = "(expiration IS NULL OR expiration > ?)"


def _refuse(operation: str, status: int, why: str) -> NoReturn:
    raise KVError(f"KV {operation} failed: {status} {why}")


def _key(operation: str, key: str) -> bytes:
    if key == "":
        raise KVError("a key must not be empty")
    if key in (".", ".."):
        raise KVError(f'"{key}" cannot be a key')
    return _key_bytes(operation, key)


def _key_bytes(operation: str, key: str) -> bytes:
    made = key.encode()
    if len(made) > _MOST_KEY:
        _refuse(operation, 414, f"a key has at most {_MOST_KEY} bytes of UTF-8, and this one {len(made)}")
    return made


def _expiry(expiration: int | None, ttl: int | None, now: int) -> int | None:
    for name, value, ahead, least in (
        ("expirationTtl", ttl, ttl, f"at least {_LEAST_SECONDS} seconds"),
        (
            "expiration",
            expiration,
            None if expiration is None else expiration - now,
            f"a time at least {_LEAST_SECONDS} seconds ahead, since 1970",
        ),
    ):
        if value is None or ahead is None:
            continue
        if value <= 0:
            _refuse("PUT", 400, f"{name} is {value}; expected an integer above 0")
        if ahead < _LEAST_SECONDS:
            _refuse("PUT", 400, f"{name} is {value}; expected {least}")
        return now + ahead
    return None


class Database:
    """The file of all namespaces, or memory alone."""

    def __init__(self, path: str) -> None:
        """``path`` is of a file, which is made, or ``:memory:``."""
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS entry (namespace TEXT, key BLOB, value BLOB, metadata TEXT, "
            "expiration INTEGER, PRIMARY KEY (namespace, key)) WITHOUT ROWID"
        )

    def run(self, statement: str, *values: Any) -> list[Any]:
        with self._lock:
            try:
                return self._connection.execute(statement, values).fetchall()
            except sqlite3.Error as error:
                raise KVError(f"KV: {error}") from error

    def close(self) -> None:
        with self._lock:
            self._connection.close()


class SqliteKVStore:
    """One namespace: a KVStore. What it does takes no time that a loop could use, so it waits for nothing."""

    def __init__(self, database: Database, namespace: str) -> None:
        """``namespace`` is its id."""
        self._database = database
        self._namespace = namespace

    def _row(self, operation: str, key: str) -> tuple[bytes, str | None] | None:
        rows = self._database.run(
            f"SELECT value, metadata FROM entry WHERE namespace = ? AND key = ? AND {_ALIVE}",
            self._namespace,
            _key(operation, key),
            int(time.time()),
        )
        return rows[0] if rows else None

    def get_text(self, key: str) -> Operation[str | None]:
        value = yield from self.get_bytes(key)
        return None if value is None else kv_types.decoded(key, value)

    def get_bytes(self, key: str) -> Operation[bytes | None]:
        yield from ()
        row = self._row("GET", key)
        return None if row is None else row[0]

    def get_with_metadata(self, key: str) -> Operation[tuple[bytes | None, Any]]:
        yield from ()
        row = self._row("GET", key)
        return (None, None) if row is None else (row[0], None if row[1] is None else json.loads(row[1]))

    def get_many(self, keys: list[str]) -> Operation[dict[str, str | None]]:
        yield from ()
        if not 1 <= len(keys) <= _MOST_AT_ONCE:
            _refuse("GET_BULK", 400, f"{len(keys)} keys were asked for at once; expected 1 to {_MOST_AT_ONCE}")
        rows = {key: self._row("GET_BULK", key) for key in keys}
        if sum(len(row[0]) for row in rows.values() if row is not None) > _MOST_VALUE:
            _refuse("GET_BULK", 413, f"the values together have more than {_MOST_VALUE} bytes")
        return {key: None if row is None else kv_types.decoded(key, row[0]) for key, row in rows.items()}

    def put(
        self, key: str, value: str | bytes, expiration: int | None, expiration_ttl: int | None, metadata: str | None
    ) -> Operation[None]:
        yield from ()
        name = _key("PUT", key)
        content = value.encode() if isinstance(value, str) else value
        if len(content) > _MOST_VALUE:
            _refuse("PUT", 413, f"a value has at most {_MOST_VALUE} bytes, and this one {len(content)}")
        size = 0 if metadata is None else len(metadata.encode())
        if size > _MOST_METADATA:
            _refuse("PUT", 413, f"metadata has at most {_MOST_METADATA} bytes of JSON, and this {size}")
        end = _expiry(expiration, expiration_ttl, int(time.time()))
        values = (self._namespace, name, content, metadata, end)
        self._database.run("INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?)", *values)

    def delete(self, key: str) -> Operation[None]:
        yield from ()
        statement = "DELETE FROM entry WHERE namespace = ? AND key = ?"
        self._database.run(statement, self._namespace, _key("DELETE", key))

    def page(self, prefix: str, limit: int | None, cursor: str | None) -> Operation[KVPage]:
        yield from ()
        start = _key_bytes("LIST", prefix)
        most = _MOST_LISTED if limit is None else limit
        if not 1 <= most <= _MOST_LISTED:
            _refuse("LIST", 400, f"limit is {limit}; expected an integer from 1 to {_MOST_LISTED}")
        rows = self._database.run(
            f"SELECT key, expiration, metadata FROM entry WHERE namespace = ? AND key >= ? AND key > ? AND {_ALIVE} "
            "AND substr(key, 1, ?) = ? ORDER BY key LIMIT ?",
            self._namespace,
            start,
            _last_of(cursor),
            int(time.time()),
            len(start),
            start,
            most + 1,
        )
        keys = [
            KVKey(key.decode(), kv_types.time_of(end), None if metadata is None else json.loads(metadata))
            for key, end, metadata in rows[:most]
        ]
        more = len(rows) > most
        return KVPage(keys, base64.urlsafe_b64encode(rows[most - 1][0]).rstrip(b"=").decode() if more else None)


def _last_of(cursor: str | None) -> bytes:
    if not cursor:
        return b""
    try:
        key = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
    except ValueError:
        key = b""
    if not key:
        raise KVError("the cursor is not one of list()'s")
    return key
