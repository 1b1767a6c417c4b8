"""Runs a suite on one side in one process, and begins anew behind a test that hangs or ends the interpreter."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tools import process
from tools.client_suites import sides
from tools.client_suites.servers import Servers
from tools.client_suites.suite import Suite
from tools.progress import duration
from tools.runners import ANSI

MARK = "@@suite "
# A test gets an exception after its suite's seconds. When that does not end it, or a file goes on for too long, its
# process is ended.
SILENT_SECONDS = 60
FILE_SECONDS = 300
EXIT_SECONDS = 10
MOST_BEGINNINGS = 25
PASSED = "passed"


@dataclass
class SideRun:
    """How the tests ended: name to (outcome, why). Outcomes are pytest's, `hung`, `died` and `not run`."""

    outcomes: dict[str, tuple[str, str]] = field(default_factory=dict)
    left_out: set[str] = field(default_factory=set)
    errors: dict[str, str] = field(default_factory=dict)  # files that could not be read
    seconds: float = 0.0


def events(line: bytes) -> Iterator[dict[str, object]]:
    """What the plugin said in a line. Tests may print without a newline, so that MARK need not begin it."""
    _, mark, text = line.decode(errors="replace").partition(MARK)
    if not mark:
        return
    try:
        yield json.loads(ANSI.sub("", text))
    except json.JSONDecodeError:
        return  # cut off when the process was ended


class _Beginning:
    """One process: what it told, and whether it is to be ended."""

    def __init__(self, run: SideRun, side: str) -> None:
        self._run = run
        self._side = side
        self._rest = b""
        self._file = ""
        self._file_begin = self._last = time.monotonic()
        self.items: list[str] = []
        self.running: str | None = None
        self.finished = False

    def on_output(self, chunk: bytes) -> None:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            for event in events(line):
                self._last = time.monotonic()
                self._take(event)

    def is_stuck(self) -> bool:
        """A process that collects is given the time of a file; one that said that it is at its end has little left."""
        now = time.monotonic()
        silent = EXIT_SECONDS if self.finished else FILE_SECONDS if self.running is None else SILENT_SECONDS
        return now - self._last > silent or now - self._file_begin > FILE_SECONDS

    def _take(self, event: dict[str, object]) -> None:
        run = self._run
        match event:
            case {"left_out": list(names)}:
                run.left_out.update(names)
            case {"items": list(names)}:
                self.items = names
            case {"begins": str(name)}:
                self.running = name
                self._enter(name.partition("::")[0])
            case {"ends": str(name), "outcome": str(outcome), "why": str(why)}:
                run.outcomes[name] = (outcome, why)
                self.running = None
            case {"error": str(file), "why": str(why)}:
                run.errors[file] = why
            case {"finished": True}:
                self._enter("")
                self.finished = True

    def _enter(self, file: str) -> None:
        if file == self._file:
            return
        now = time.monotonic()
        if self._file:
            counts = Counter(
                outcome for name, (outcome, _) in self._run.outcomes.items() if name.partition("::")[0] == self._file
            )
            told = ", ".join(f"{count} {outcome}" for outcome, count in counts.most_common())
            print(f"{self._side:7} {self._file}: {told} ({duration(now - self._file_begin)})", flush=True)
        self._file, self._file_begin = file, now


def _how(outcome: process.Outcome) -> tuple[str, str]:
    if outcome.code is None:
        return "hung", f"nothing for {SILENT_SECONDS} s, or the file took more than {FILE_SECONDS} s"
    return "died", f"exit code {outcome.code}: {_last_line(outcome)}"


def _last_line(outcome: process.Outcome) -> str:
    lines = [line for line in outcome.output.decode(errors="replace").splitlines() if line.strip() and MARK not in line]
    return lines[-1][:200] if lines else "without a word"


def run_suite(folder: Path, suite: Suite, files: list[str], side: str, servers: Servers, rest: list[str]) -> SideRun:
    run = SideRun()
    call = sides.CALLS[side](folder, suite, servers, files, rest)
    for _ in range(MOST_BEGINNINGS):
        servers.set_options(
            {
                "suite": suite.name,
                "root": sides.roots(folder),
                "left_out": suite.left_out_patterns(),
                "left_out_fixtures": suite.left_out_fixtures(),
                "ended": sorted(run.outcomes),
                "test_seconds": suite.test_seconds,
            }
        )
        beginning = _Beginning(run, side)
        outcome = process.run(call.command, beginning.on_output, folder=folder, env=call.env, until=beginning.is_stuck)
        run.seconds += outcome.seconds
        if beginning.finished:
            break
        if beginning.running is None:
            run.errors[f"{suite.name}: the run as a whole"] = _last_line(outcome)
            break
        run.outcomes[beginning.running] = _how(outcome)
    why = _last_line(outcome) if beginning.finished else f"the suite was begun {MOST_BEGINNINGS} times"
    for name in beginning.items:
        run.outcomes.setdefault(name, ("not run", why))
    return run
