"""Waits in SQLite: for another connection's transaction, and for a connection that another fiber has."""

from __future__ import annotations

import sqlite3
import time

from js import later
from pyodide.ffi import run_sync
from scenario_helpers import surely, together

PATH = "/tmp/scenario.sqlite3"


def connect(**options: object) -> sqlite3.Connection:
    return sqlite3.connect(PATH, isolation_level=None, **options)  # type: ignore[call-overload, no-any-return]


def cause_of(errors: list[BaseException]) -> BaseException:
    """For want of memory none may have come that far."""
    return errors[0] if errors else MemoryError()


def of_transaction() -> bool:
    holder, waiter = connect(), connect(timeout=60)

    def holds() -> int:
        holder.execute("BEGIN IMMEDIATE")
        try:
            time.sleep(0.005)
        finally:
            surely(holder.rollback)
        return 7

    def waits() -> int:
        waiter.execute("BEGIN IMMEDIATE")
        surely(waiter.rollback)
        return 7

    try:
        return together(holds, waits) == [7, 7]
    finally:
        surely(holder.close)
        surely(waiter.close)


def of_connection() -> bool:
    connection = connect()
    errors: list[BaseException] = []

    def slow() -> int:
        try:
            return run_sync(later(7))
        except BaseException as error:
            errors.append(error)
            raise

    def asks(text: str) -> int:
        try:
            return int(connection.execute(text).fetchone()[0])
        except sqlite3.OperationalError:
            # What the function raised, which SQLite tells in its own words.
            raise cause_of(errors) from None

    try:
        try:
            connection.create_function("slow", 0, slow)
        except SystemError as error:
            # CPython finds no memory and says nothing.
            raise MemoryError from error
        return together(lambda: asks("SELECT slow()"), lambda: asks("SELECT 7")) == [7, 7]
    finally:
        surely(connection.close)
