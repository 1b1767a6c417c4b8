"""What of the standard library blocks, or tells tasks apart, beside the locks themselves, which the guest has.

``time.sleep`` blocks the task that calls it. The locks of modules that are being imported belong to the task that
imports, and not to the thread, which all tasks share: another task that imports the module waits until it is whole. So
do the marks by which ``reprlib.recursive_repr`` knows an object that contains itself. docs/architecture.md, "Locks".
"""

from __future__ import annotations

import _frozen_importlib
import _imp
import _thread
import io
import reprlib
import threading
import time
from types import SimpleNamespace
from typing import Any

import _blockon
from pyodide import webloop

__all__ = ["install"]


class _Probe(io.RawIOBase):
    """A file that looks at the buffered one that reads from it."""

    file: io.BufferedReader

    def readable(self) -> bool:
        return True

    def readinto(self, _buffer: Any) -> int:
        _blockon.probe_buffered(self.file, True)
        return 0


def _probe_buffered() -> None:
    raw = _Probe()
    raw.file = io.BufferedReader(raw)
    _blockon.probe_buffered(raw.file, False)
    raw.file.read(1)
    _blockon.probe_buffered(raw.file, False)
    del raw.file  # A circle, which the collector would have to find.


def install() -> None:
    """Replace time.sleep, and what importlib and reprlib ask for the thread that they run on."""
    _probe_buffered()
    _blockon.take_locks(_thread)
    _blockon.take_conditions(threading.Condition)
    time.sleep = _blockon.make_sleep(webloop._orig_sleep)
    bootstrap: Any = _frozen_importlib
    bootstrap._thread = SimpleNamespace(**{**vars(_thread), "get_ident": _blockon.owner})
    _blockon.set_module_locks(bootstrap._module_locks)
    reprlib.get_ident = _blockon.owner  # type: ignore[attr-defined]
    _imp.acquire_lock = _blockon.acquire_import_lock
    _imp.release_lock = _blockon.release_import_lock
    _imp.lock_held = _blockon.import_lock_held
