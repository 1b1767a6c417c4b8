"""What an interpreter of [blockon.sandbox] runs: one piece of code, and what it gave, wrote and raised."""

from __future__ import annotations

import contextlib
import importlib.metadata
import io
import linecache
import re
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any

import _blockon_host
from blockon import WorkerEntrypoint
from blockon._realm_values import to_realm
from pyodide.code import eval_code_async

_FILE = "<sandbox>"
_FOLDER = "/session"
_PACKAGES = "/session/metadata/python_modules"
_MOST_WRITTEN = 1 << 20
# For the account of what the code failed with, when that had no memory left.
_RESERVE = 8 << 20


class _Written(io.TextIOBase):
    """What is written, up to a size."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._room = _MOST_WRITTEN
        self._left_out = 0

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        kept = text[: self._room]
        if kept:
            self._pieces.append(kept)
            self._room -= len(kept)
        self._left_out += len(text) - len(kept)
        return len(text)

    def text(self) -> str:
        end = f"\n... {self._left_out} more characters are left out" if self._left_out else ""
        return "".join(self._pieces) + end


def _write(files: dict[str, Any]) -> None:
    for name, content in files.items():
        path = Path(_FOLDER, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _use(packages: list[str]) -> None:
    """Have the Worker's packages importable, among which these have to be."""
    if not packages:
        return
    there = {_normalized(each.name) for each in importlib.metadata.distributions(path=[_PACKAGES])}
    for name in packages:
        if _normalized(name) not in there:
            known = ", ".join(sorted(there)) or "none"
            raise ModuleNotFoundError(f"the package {name} is none of the Worker's, which are: {known}", name=name)
    sys.path.insert(0, _PACKAGES)


def _of_code(trace: TracebackType | None) -> TracebackType | None:
    """From the first frame that is the code's on."""
    while trace is not None and trace.tb_frame.f_code.co_filename != _FILE:
        trace = trace.tb_next
    return trace


def _told(error: BaseException) -> dict[str, str]:
    text = "".join(traceback.format_exception(type(error), error, _of_code(error.__traceback__)))
    return {"type": type(error).__name__, "message": str(error), "traceback": text}


async def _outcome(code: str, files: dict[str, Any], packages: list[str], memory: int) -> dict[str, Any]:
    linecache.cache[_FILE] = (len(code), None, code.splitlines(keepends=True), _FILE)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    try:
        _write(files)
        _use(packages)
        _blockon_host.limitHeap(memory)
        value = await eval_code_async(code, namespace, filename=_FILE)
        # Whether it can be sent: the error is the code's, and not of who sends it.
        to_realm(value)
    except BaseException as error:  # noqa: BLE001
        _blockon_host.limitHeap(memory + _RESERVE)
        return {"value": None, "error": _told(error)}
    _blockon_host.limitHeap(memory + _RESERVE)
    return {"value": value, "error": None}


class Default(WorkerEntrypoint):
    """Is called once."""

    async def run(self, code: str, files: dict[str, Any], packages: list[str], memory: int) -> dict[str, Any]:
        """``memory``: bytes. The result, the error, and what was written."""
        out, err = _Written(), _Written()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            outcome = await _outcome(code, files, packages, memory)
        return {**outcome, "stdout": out.text(), "stderr": err.text()}
