"""Files that are whole or absent: locks between processes, folders put in place, stamps of what they were made from."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

_held: list[int] = []


def held_locks() -> tuple[int, ...]:
    """The file descriptors of the locks that this process holds, for children to inherit."""
    return tuple(_held)


@contextmanager
def lock(path: Path, what: str) -> Iterator[None]:
    """Hold the lock file `path`, after whoever has it; `what` is named while waiting."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(descriptor, 32).decode(errors="replace") or "?"
            sys.stderr.write(f"waiting for another ./dev (process {owner}) that has {what}\n")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        _held.append(descriptor)
        try:
            yield
        finally:
            _held.remove(descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


def beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def write_whole(path: Path, text: str) -> None:
    """Write a file that others never see in part."""
    temporary = beside(path, ".partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary.write_text(text)
    os.replace(temporary, path)


def put_in_place(partial: Path, target: Path) -> None:
    """Make the folder `partial` the folder `target`, for what was there. A kill leaves the old, the new or none."""
    old = beside(target, ".old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        os.rename(target, old)
    os.rename(partial, target)
    shutil.rmtree(old, ignore_errors=True)


def fresh_folder(path: Path) -> Path:
    if path.exists():
        shutil.rmtree(path)
    path.mkdir(parents=True)
    return path


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Stamp:
    """Whether outputs were made from the inputs as they are now.

    Sizes and times are compared first, since that takes a millisecond; where they differ, contents decide.
    """

    def __init__(self, path: Path, inputs: Iterable[Path], outputs: Iterable[Path], recipe: str = "") -> None:
        self._path = path
        self._inputs = sorted(inputs)
        self._outputs = sorted(outputs)
        self._recipe = recipe
        self._made_from: dict[str, object] = {}

    def is_current(self) -> bool:
        try:
            stamp = json.loads(self._path.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return False
        if stamp.get("recipe") != self._recipe or stamp.get("outputs") != self._times(self._outputs):
            return False
        times = self._times(self._inputs)
        if stamp.get("inputs") == times:
            return True
        if None in times.values() or stamp.get("contents") != self._contents():
            return False
        write_whole(self._path, json.dumps({**stamp, "inputs": times}))
        return True

    def begin(self) -> None:
        """To be called before the outputs are made: what the inputs are then is what they are made from."""
        self._path.unlink(missing_ok=True)
        self._made_from = {"inputs": self._times(self._inputs), "contents": self._contents()}

    def end(self) -> None:
        """To be called when the outputs are whole and in place."""
        stamp = {"recipe": self._recipe, **self._made_from, "outputs": self._times(self._outputs)}
        write_whole(self._path, json.dumps(stamp))

    def _times(self, paths: list[Path]) -> dict[str, list[int] | None]:
        times: dict[str, list[int] | None] = {}
        for path in paths:
            try:
                status = path.stat()
                times[str(path)] = [status.st_size, status.st_mtime_ns]
            except FileNotFoundError:
                times[str(path)] = None
        return times

    def _contents(self) -> dict[str, str]:
        return {str(path): digest_of(path) for path in self._inputs}
