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
    """Why tests do not run or pass: patterns of their names (blockon_suite/patterns.py), or fixtures that they use."""

    tests: tuple[str, ...]
    fixtures: tuple[str, ...]
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
    files, plugins, arguments = (tuple(data.get(key, [])) for key in ("files", "plugins", "arguments"))
    return Suite(name, files, plugins, arguments, left_out, known)
