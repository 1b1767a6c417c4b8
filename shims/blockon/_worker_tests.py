"""``blockon test`` in the interpreter: pytest for a Worker's tests, and the reports that go to the host behind them."""

from __future__ import annotations

import json
from pathlib import Path

from . import _bridge

__all__ = ["main"]


def main(arguments: str) -> int:
    """Run pytest; returns its exit code.

    ``arguments`` is JSON: ``main`` and ``kv`` for the plugin, ``arguments`` for pytest, and ``reports``, the files that
    the host is given.
    """
    from ._test_plugin import run

    given = json.loads(arguments)
    code = run(given["main"], given["kv"], ["-p", "no:cacheprovider", *given["arguments"]])
    for file in given["reports"]:
        path = Path(file)
        if path.exists():
            _bridge.host("report")(file, _bridge.to_js(path.read_bytes()))
    return code
