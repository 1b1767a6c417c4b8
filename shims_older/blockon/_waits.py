"""What may wait on an older Python: a call that can block, until it is woken or its time is up.

Calls are known by the glue (patches/0.28.3/0010-fibers.toml). Where Python cannot block at all nothing here waits.
"""

from __future__ import annotations

import _asyncio
import importlib
from typing import Any

from ._older import unavailable

__all__ = ["CANNOT_WAIT", "can_wait", "glue", "new_waiter", "owner", "require_wait", "run_sync", "wait"]

CANNOT_WAIT = (
    "JavaScript called Python synchronously, which cannot be suspended. Call the function by callPromising(), or do "
    "not wait (acquire(blocking=False))"
)

_ffi: Any = importlib.import_module("pyodide.ffi")
run_sync: Any = _ffi.run_sync
#: None where no call can block.
glue: Any = getattr(importlib.import_module("pyodide_js")._module, "blockonFibers", None)


def can_wait() -> bool:
    """Whether a call made here may wait."""
    return glue is not None and bool(_ffi.can_run_sync())


def require_wait(what: str, for_what: str) -> None:
    """Raise RuntimeError where nothing can wait: ``what`` cannot be done, ``for_what`` is not there on this Python."""
    if glue is None:
        raise RuntimeError(f"{what}: {unavailable(for_what)}")
    if not _ffi.can_run_sync():
        raise RuntimeError(f"{what}: {CANNOT_WAIT}")


def new_waiter(seconds: float) -> Any:
    """One that is woken once by ``wake()``, which is False where its time was up before; negative for any time."""
    return glue.waiter(-1 if seconds < 0 else seconds * 1000)


def wait(waiter: Any) -> bool:
    """Until it is woken: True; or its time is up: False."""
    return bool(run_sync(waiter.promise))


def owner() -> object:
    """What owns a lock that is taken now: the task that runs, or the call."""
    loop = _asyncio._get_running_loop()
    task = None if loop is None else _asyncio.current_task(loop)
    return task if task is not None else glue.owner()
