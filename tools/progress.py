"""Progress, for people at a terminal (one line that is rewritten) and for logs (a line now and then).

A command is a list of steps. Each gets a Step, which knows its number; a step with nothing to do says nothing.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

LOG_SECONDS = 10.0
LOG_PERCENT = 10


def duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"


class Task:
    """A piece of work that takes time: `[3/7] building Binaryen ... 41 %`.

    A lazy one says nothing before something of it is done, since only then it is known that there is something to do.
    """

    def __init__(self, label: str, *, lazy: bool = False) -> None:
        self._label = label
        self._silent = lazy
        self._begin = time.monotonic()
        self._terminal = sys.stderr.isatty()
        self._logged = (self._begin, 0)
        if not lazy:
            self._write("")

    def report(self, done: int, total: int) -> None:
        if self._silent and done == 0:
            return
        self._silent = False
        percent = 100 * done // max(total, 1)
        if self._terminal:
            self._write(f" {percent} %")
            return
        now = time.monotonic()
        when, before = self._logged
        if percent > before and (percent - before >= LOG_PERCENT or now - when >= LOG_SECONDS):
            self._logged = (now, percent)
            self._write(f" {percent} %")

    def end(self, outcome: str) -> None:
        if self._silent:
            return
        self._write(f" {outcome} ({duration(time.monotonic() - self._begin)})")
        if self._terminal:
            sys.stderr.write("\n")

    def _write(self, text: str) -> None:
        line = f"{self._label} ...{text}"
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write(f"\r\x1b[K{line[:width]}")
        else:
            sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


class Step:
    """The number of a step among those of its command."""

    def __init__(self, number: int, count: int) -> None:
        self._prefix = f"[{number}/{count}]"

    @contextmanager
    def task(self, title: str, *, lazy: bool = False) -> Iterator[Task]:
        task = Task(f"{self._prefix} {title}", lazy=lazy)
        try:
            yield task
        except KeyboardInterrupt:
            task.end("interrupted")
            raise
        except BaseException:
            task.end("failed")
            raise
        task.end("done")
