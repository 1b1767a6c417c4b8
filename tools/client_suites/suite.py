"""A suite: which files of it run, what is left out of them, and what is known to fail."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from tools.errors import USAGE, DevError
from tools.paths import ROOT, shown

FOLDER = ROOT / "client_suites"
KEYS = {"files", "plugins", "arguments", "left_out", "known"}


@dataclass(frozen=True)
class Reason:
    """Why tests do not run or do not pass: patterns of their names (blockon_suite/patterns.py)."""

    tests: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Suite:
    name: str
    files: tuple[str, ...]  # glob patterns in the sdist
    plugins: tuple[str, ...]
    arguments: tuple[str, ...]  # of pytest
    left_out: tuple[Reason, ...]
    known: tuple[Reason, ...]

    def left_out_patterns(self) -> list[str]:
        return [pattern for each in self.left_out for pattern in each.tests]

    def known_patterns(self) -> list[str]:
        return [pattern for each in self.known for pattern in each.tests]


def names() -> list[str]:
    return sorted(file.stem for file in FOLDER.glob("*.toml"))


def _reasons(file: Path, entries: list[dict[str, object]]) -> tuple[Reason, ...]:
    found = []
    for entry in entries:
        tests, reason = entry.get("tests"), entry.get("reason")
        if entry.keys() != {"tests", "reason"} or not isinstance(tests, list) or not isinstance(reason, str):
            raise DevError(f"{shown(file)}: each entry has `tests`, a list of patterns, and `reason`: {entry}")
        found.append(Reason(tuple(map(str, tests)), reason))
    return tuple(found)


def load(name: str) -> Suite:
    file = FOLDER / f"{name}.toml"
    if name not in names():
        raise DevError(f"there is no suite {name}; there are: {', '.join(names())}", USAGE)
    data = tomllib.loads(file.read_text())
    if unknown := data.keys() - KEYS:
        raise DevError(f"{shown(file)}: unknown keys: {', '.join(sorted(unknown))}")
    left_out, known = (_reasons(file, data.get(key, [])) for key in ("left_out", "known"))
    files, plugins, arguments = (tuple(data.get(key, [])) for key in ("files", "plugins", "arguments"))
    return Suite(name, files, plugins, arguments, left_out, known)
