"""Calls of the engine's TLS (jspi/engine/tls), and the numbers that it goes by."""

from __future__ import annotations

import gc
import marshal
from typing import Any

from _blockon import tls_call

from ._errors import LIMIT, raise_failure

__all__ = ["CONSTANTS", "VERSION", "call", "raise_last_failure"]

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
    return value


def raise_last_failure() -> None:
    """Raise what the last step of a connection failed of."""
    raise_failure(call("failure"))


CONSTANTS: dict[str, int] = call("constants")
VERSION: tuple[int, str] = call("version")
