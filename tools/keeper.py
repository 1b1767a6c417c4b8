"""Ends what this process started when it is killed: a process beside it, which sees that by the end of a pipe.

It is told which process groups run. This file is its program, too.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable

GRACE_SECONDS = 5.0
_PAUSE = 0.02

_telling = threading.Lock()
_told: subprocess.Popen[bytes] | None = None


def end_groups(groups: Iterable[int], reap: Callable[[], object] = lambda: None) -> None:
    """Ask all processes of the groups to stop, and make those that don't. `reap` is for the caller's own children."""
    left = set(groups)
    for number, wait in ((signal.SIGTERM, GRACE_SECONDS), (signal.SIGKILL, 0.0)):
        deadline = time.monotonic() + wait
        _signal(left, number)
        while left and time.monotonic() < deadline:
            time.sleep(_PAUSE)
            reap()
            _signal(left, 0)


def _signal(groups: set[int], number: int) -> None:
    """Groups that are gone are taken out."""
    for group in tuple(groups):
        try:
            os.killpg(group, number)
        except ProcessLookupError:
            groups.remove(group)


def keep(group: int) -> None:
    """From now on the group ends with this process, however that ends."""
    _tell(f"+{group}")


def forget(group: int) -> None:
    _tell(f"-{group}")


def _tell(line: str) -> None:
    global _told
    with _telling:
        if _told is None:
            # Out of reach for what a terminal sends to this process's group.
            command = [sys.executable, "-I", "-S", __file__]
            _told = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True)
        assert _told.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it was killed itself: then this process's own end has to do
            _told.stdin.write(f"{line}\n".encode())
            _told.stdin.flush()


def main() -> None:
    running: set[int] = set()
    for line in sys.stdin:
        (running.add if line[0] == "+" else running.discard)(int(line[1:]))
    end_groups(running)


if __name__ == "__main__":
    main()
