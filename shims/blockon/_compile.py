"""Bytecode of packages, made before anybody imports them. Nothing of theirs is run."""

from __future__ import annotations

import importlib.util
import json
import sys
from importlib import _bootstrap_external
from pathlib import Path
from typing import Any

from . import _bridge

__all__ = ["main"]


def main(arguments: str) -> int:
    """Compile files and hand the results to the host, which names them as JSON.

    The report ``bytecode`` is a line of JSON with the tag of this Python's bytecode and the size of each, in the order
    of their names, and all of them behind it. One that cannot be compiled has the size 0: who imports it is told why.
    """
    results = [_bytecode(name) for name in json.loads(arguments)]
    head = json.dumps({"tag": sys.implementation.cache_tag, "sizes": [len(each) for each in results]}).encode("ascii")
    _bridge.host("report")("bytecode", _bridge.to_js(b"".join([head, b"\n", *results])))
    return 0


def _bytecode(name: str) -> bytes:
    source = Path(name).read_bytes()
    try:
        code = compile(source, name, "exec", dont_inherit=True)
    except Exception:  # noqa: BLE001 - a template, a test's bad input, another version's syntax
        return b""
    to_pyc: Any = _bootstrap_external._code_to_hash_pyc  # type: ignore[attr-defined]
    # Never compared with the source (PEP 552): both come from an installation that does not change.
    return bytes(to_pyc(code, importlib.util.source_hash(source), False))
