"""Calls of the engine's TLS (jspi/engine/tls), and the numbers that it goes by."""

from __future__ import annotations

import gc
import marshal
from typing import Any

from _blockon import tls_call

from ._errors import LIMIT, raise_failure

__all__ = ["CONSTANTS", "VERSION", "call", "raise_last_failure", "replay"]

# What the engine can read: no references, no interned strings.
MARSHAL_VERSION = 2


def call(name: str, *arguments: Any) -> Any:
    bytes_ = marshal.dumps((name, *arguments), MARSHAL_VERSION)
    done, value = marshal.loads(tls_call(bytes_))
    if not done and value[0] == LIMIT:
        # Perhaps nobody can reach some of them any more.
        gc.collect()
        done, value = marshal.loads(tls_call(bytes_))
    if not done:
        raise_failure(value)
    if journal is not None:
        _note(name, arguments, value)
    return value


def raise_last_failure() -> None:
    """Raise what the last step of a connection failed of."""
    raise_failure(call("failure"))


# While a snapshot of a Worker is made: what contexts were made by and set to, by their numbers.
journal: dict[int, list[tuple[Any, ...]]] | None = None
_SETS = ("context_set_", "context_load_", "context_ask_", "context_keep_")


def _note(name: str, arguments: tuple[Any, ...], value: Any) -> None:
    if journal is None:
        return
    if name == "context_new":
        journal[value] = [(name, *arguments)]
    elif name.startswith(_SETS) and arguments[0] in journal:
        journal[arguments[0]].append((name, *arguments[1:]))


def replay(calls: list[tuple[Any, ...]]) -> int:
    """Make a context again, in another realm, and return its number."""
    (name, *arguments), *rest = calls
    number: int = call(name, *arguments)
    for name, *arguments in rest:
        call(name, number, *arguments)
    return number


CONSTANTS: dict[str, int] = call("constants")
VERSION: tuple[int, str] = call("version")
