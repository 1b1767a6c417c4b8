"""What starts processes says that there are none, and names what does: threads."""

from __future__ import annotations

import errno
import functools
from typing import Any, NoReturn

__all__ = ["change_process", "change_subprocess", "no_process"]

_THREADS = "concurrent.futures.ThreadPoolExecutor, threading or multiprocessing.pool.ThreadPool"


def no_process(what: str) -> NoReturn:
    """Raise the OSError of whoever tries."""
    raise OSError(
        errno.ENOTSUP, f"{what}: Python in WebAssembly has one process and can start no other. Threads work: {_THREADS}"
    )


def change_process(module: Any) -> None:
    """Have multiprocessing.Process say it, before it tries to fork."""

    def start(self: Any) -> None:
        no_process(f"multiprocessing cannot start {self.name}")

    module.BaseProcess.start = functools.update_wrapper(start, module.BaseProcess.start)


def change_subprocess(module: Any) -> None:
    """Have subprocess.Popen say what it was to start."""

    def __init__(self: Any, args: Any, *_: Any, **__: Any) -> None:  # noqa: N807
        # For __del__, which is called all the same.
        self._child_created = False
        raise OSError(
            errno.ENOTSUP,
            f"subprocess cannot start {args!r:.200}: Python in WebAssembly has one process and can start no other",
        )

    module.Popen.__init__ = functools.update_wrapper(__init__, module.Popen.__init__)
