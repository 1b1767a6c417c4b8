"""A suite: which files of it run, what is left out of them, and what is known to fail."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from tools.errors import USAGE, DevError
from tools.paths import ROOT, shown

FOLDER = ROOT / "client_suites"
KEYS = {"source", "files", "needs", "plugins", "arguments", "on_cpython", "test_seconds", "left_out", "known"}
SOURCES = {"sdist", "debian"}
TEST_SECONDS = 20


@dataclass(frozen=True)
class Reason:
    """Why tests do not run or pass: patterns of their names (blockon_suite/patterns.py), or fixtures that they use."""

    tests: tuple[str, ...]
    fixtures: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Suite:
    name: str
    source: str  # "sdist" of the suite's name, or "debian" for CPython's own tests
    files: tuple[str, ...]  # glob patterns in the source
    needs: tuple[str, ...]  # all that is copied of it; everything, if there is none
    plugins: tuple[str, ...]
    arguments: tuple[str, ...]  # of pytest
    on_cpython: tuple[str, ...]  # packages of extensions.txt, which the runtime has its own of
    test_seconds: int  # a test gets an exception after these
    left_out: tuple[Reason, ...]
    known: tuple[Reason, ...]

    def left_out_patterns(self) -> list[str]:
        return [pattern for each in self.left_out for pattern in each.tests]

    def left_out_fixtures(self) -> list[str]:
        return [name for each in self.left_out for name in each.fixtures]

    def known_patterns(self) -> list[str]:
        return [pattern for each in self.known for pattern in each.tests]


def names() -> list[str]:
    return sorted(file.stem for file in FOLDER.glob("*.toml"))


def _reasons(file: Path, entries: list[dict[str, object]], lists: set[str]) -> tuple[Reason, ...]:
    found = []
    for entry in entries:
        names = {key: tuple(map(str, each)) for key, each in entry.items() if key in lists and isinstance(each, list)}
        reason = entry.get("reason")
        if not names or entry.keys() != {*names, "reason"} or not isinstance(reason, str):
            raise DevError(
                f"{shown(file)}: each entry has `reason`, and a list of {' or '.join(sorted(lists))}: {entry}"
            )
        found.append(Reason(names.get("tests", ()), names.get("fixtures", ()), reason))
    return tuple(found)


def load(name: str) -> Suite:
    file = FOLDER / f"{name}.toml"
    if name not in names():
        raise DevError(f"there is no suite {name}; there are: {', '.join(names())}", USAGE)
    data = tomllib.loads(file.read_text())
    if unknown := data.keys() - KEYS:
        raise DevError(f"{shown(file)}: unknown keys: {', '.join(sorted(unknown))}")
    left_out = _reasons(file, data.get("left_out", []), {"tests", "fixtures"})
    known = _reasons(file, data.get("known", []), {"tests"})
    lists = ("files", "needs", "plugins", "arguments", "on_cpython")
    files, needs, plugins, arguments, on_cpython = (tuple(data.get(key, [])) for key in lists)
    source = data.get("source", "sdist")
    if source not in SOURCES:
        raise DevError(f"{shown(file)}: `source` is one of {', '.join(sorted(SOURCES))}, not {source!r}")
    seconds = data.get("test_seconds", TEST_SECONDS)
    return Suite(name, source, files, needs, plugins, arguments, on_cpython, seconds, left_out, known)
