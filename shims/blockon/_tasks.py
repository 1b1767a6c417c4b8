"""asyncio's tasks, cancelled where they block (jspi/guest/task_cancel.h)."""

from __future__ import annotations

from asyncio import CancelledError, Task
from typing import Any

import _blockon
from pyodide.webloop import PyodideTask

__all__ = ["RunSyncTask", "install"]


def _cancel(self: Task[Any], msg: Any | None = None) -> bool:
    """As Task.cancel(); a step that waits in run_sync gets the CancelledError at once."""
    if not Task.cancel(self, msg):
        return False
    _blockon.cancel_task(self, CancelledError() if msg is None else CancelledError(msg))
    return True


class RunSyncTask(Task[Any]):
    """The task of a coroutine that is given to run_sync."""

    cancel = _cancel


class _NoLoop:
    """The loop of a task that never runs."""

    def get_debug(self) -> bool:
        return False

    def call_soon(self, *_arguments: Any, **_keywords: Any) -> None:
        pass


async def _nothing() -> None:
    pass


def install() -> None:
    """Replace the cancel() of the event loop's tasks."""
    coroutine = _nothing()
    task: Any = Task(coroutine, loop=_NoLoop(), name="never run")  # type: ignore[arg-type]
    task._log_destroy_pending = False
    _blockon.probe_task(task, Task.__basicsize__)
    coroutine.close()
    tasks: Any = PyodideTask
    tasks.cancel = _cancel
