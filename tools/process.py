"""Child processes: in a group of their own, which ends with the call or this process; their output read as it comes.

A child inherits the locks that this process holds (tools/files.py), so that they last as long as its work does: when
this process is killed (tools/keeper.py), some moments longer.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from tools import keeper
from tools.errors import DevError
from tools.files import held_locks
from tools.paths import LOGS, NODE, ROOT, shown
from tools.progress import Task

TAIL_LINES = 20
_NINJA = re.compile(r"^\[(\d+)/(\d+)\] ")

Command = Sequence[str | Path]


@dataclass(frozen=True)
class Outcome:
    """How a process ended. `code` is negative for a signal, None when it was ended for taking too long."""

    code: int | None
    output: bytes
    seconds: float


def to_stdout(chunk: bytes) -> None:
    """For `run`: passes the output on as it comes."""
    sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()


def run(
    command: Command,
    on_output: Callable[[bytes], object],
    *,
    folder: Path = ROOT,
    env: Mapping[str, str] | None = None,
    limit: float | None = None,
    until: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Run a command; stdout and stderr go to `on_output` as they come. After `limit` seconds it is ended, and
    when `until`, which is asked several times a second, says so.
    """
    begin = time.monotonic()
    try:
        child = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=held_locks(),
        )
    except OSError as error:
        raise DevError(f"{command[0]} cannot be started: {error.strerror}. Run `./dev setup`.") from error
    assert child.stdout is not None
    stream = child.stdout.fileno()
    output = bytearray()
    overrun = False
    try:
        keeper.keep(child.pid)
        while True:
            if until() or (limit is not None and time.monotonic() - begin > limit):
                overrun = True
                break
            ready, _, _ = select.select([stream], [], [], 0.2)
            if ready:
                chunk = os.read(stream, 65536)
                if not chunk:
                    break
                output += chunk
                on_output(chunk)
            elif child.poll() is not None:
                break  # A process that it left behind holds the pipe open.
        code = None
        if not overrun:
            remaining = None if limit is None else max(0.1, limit - (time.monotonic() - begin))
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = child.wait(remaining)
        return Outcome(code, bytes(output), time.monotonic() - begin)
    finally:
        keeper.end_groups([child.pid], child.poll)
        child.wait()
        child.stdout.close()
        keeper.forget(child.pid)


def run_logged(
    command: Command,
    log: str,
    *,
    task: Task | None = None,
    folder: Path = ROOT,
    env: Mapping[str, str] | None = None,
    failed_from: str | None = None,
) -> str:
    """Run a long step with its output in build/logs/<log>.log, and return that output; DevError when it fails.

    With a task, ninja's [n/m] become its progress. The error shows the log's last lines, or all from the first line
    that starts with `failed_from`.
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    path = LOGS / f"{log}.log"
    rest = b""

    with path.open("wb", buffering=0) as file:

        def on_output(chunk: bytes) -> None:
            nonlocal rest
            file.write(chunk)
            if task is None:
                return
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if match := _NINJA.match(line.decode(errors="replace")):
                    task.report(int(match[1]), int(match[2]))

        outcome = run(command, on_output, folder=folder, env=env)
    text = outcome.output.decode(errors="replace")
    if outcome.code == 0:
        return text
    lines = text.rstrip().splitlines()
    first = max(0, len(lines) - TAIL_LINES)
    if failed_from is not None:
        first = next((n for n, line in enumerate(lines) if line.startswith(failed_from)), first)
    how = f"exit code {outcome.code}" if (outcome.code or 0) >= 0 else signal.Signals(-(outcome.code or 0)).name
    name = " ".join([Path(command[0]).name, *(str(part) for part in command[1:3])])
    raise DevError(f"`{name} ...` failed ({how}); its output is in {shown(path)}", output="\n".join(lines[first:]))


def output_of(command: Command, env: Mapping[str, str] | None = None) -> str:
    """What a quick command prints to stdout; DevError when it fails."""
    parts = [str(part) for part in command]
    try:
        result = subprocess.run(parts, capture_output=True, text=True, env={**os.environ, **(env or {})}, cwd=ROOT)
    except OSError as error:
        raise DevError(f"{parts[0]} cannot be started: {error.strerror}. Run `./dev setup`.") from error
    if result.returncode != 0:
        raise DevError(f"`{' '.join(parts[:3])}` failed with exit code {result.returncode}:\n{result.stderr.strip()}")
    return result.stdout


def become_node(arguments: Command) -> NoReturn:
    """Go on as the Node that package.json pins, where the caller is."""
    sys.stdout.flush()
    os.execv(NODE, [str(NODE), *map(str, arguments)])
