"""./dev packages: the packages of PyPI that are used most, in Workers: which of them resolve, import and work.

By hand, since it asks the package index for all of them. What does not work is in `package_failures.toml`, with the
reason; that list may only shrink, so a package that works again fails the run until its row is removed, and so does one
that fails anew.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from tools import package_trial, python_tools, steps
from tools.errors import FAILED, USAGE, DevError
from tools.files import write_whole
from tools.package_trial import Outcome, Package
from tools.paths import ROOT
from tools.progress import duration

LIST = Path(__file__).with_name("popular_packages.toml")
FAILURES = Path(__file__).with_name("package_failures.toml")
TABLE = ROOT / "docs" / "packages.md"
HEAD = """# Packages

Of the packages of PyPI that are used most, those that were tried in a Worker: installed by their names alone, imported,
and made to do one small thing. Written by `./dev packages --write`, which tries them again.

| package | version | in a Worker |
| --- | --- | --- |
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these packages, and no others")
    parser.add_argument("--json", type=Path, metavar="FILE", help="what came of each, for programs")
    parser.add_argument("--write", action="store_true", help="put it into the table in docs/packages.md")
    parser.add_argument("--minutes", type=float, default=60, help="begin no package after that (60)")


def packages() -> list[Package]:
    rows = tomllib.loads(LIST.read_text())["package"]
    return [
        Package(
            row["name"],
            tuple(row.get("modules", [row["name"].replace("-", "_")])),
            row["use"],
            tuple(row.get("beside", ())),
        )
        for row in rows
    ]


def failures() -> dict[str, str]:
    """The reason of each package that is known not to work."""
    known: dict[str, str] = tomllib.loads(FAILURES.read_text())["known"]
    if strange := known.keys() - {package.name for package in packages()}:
        raise DevError(f"{FAILURES}: {', '.join(sorted(strange))} are no packages of {LIST.name}")
    return known


def _chosen(names: list[str] | None) -> list[Package]:
    every = {package.name: package for package in packages()}
    if strange := [name for name in names or [] if name not in every]:
        raise DevError(f"{', '.join(strange)}: {LIST.name} has no such packages", USAGE)
    return [every[name] for name in names or every]


def _cell(outcome: Outcome, known: dict[str, str]) -> str:
    if outcome.works:
        return "works"
    return known.get(outcome.name, f"{outcome.stage}: {outcome.reason}").replace("|", "\\|")


def _write_table(outcomes: list[Outcome], known: dict[str, str]) -> None:
    """With the rows of what was tried before and not now."""
    rows = {}
    if TABLE.exists():
        for line in TABLE.read_text().splitlines():
            if line.startswith("| ") and not line.startswith(("| package", "| ---")):
                rows[line.split(" | ")[0].removeprefix("| ")] = line
    for outcome in outcomes:
        rows[outcome.name] = f"| {outcome.name} | {outcome.version or '-'} | {_cell(outcome, known)} |"
    write_whole(TABLE, HEAD + "".join(f"{rows[name]}\n" for name in sorted(rows)))


def _try(chosen: list[Package], minutes: float) -> Iterator[Outcome]:
    begin = time.monotonic()
    for number, package in enumerate(chosen, 1):
        if time.monotonic() - begin > minutes * 60:
            print(f"{len(chosen) - number + 1} packages were not tried: {minutes:g} minutes are over", file=sys.stderr)
            break
        started = time.monotonic()
        outcome = package_trial.run(package)
        text = "works" if outcome.works else f"{outcome.stage}: {outcome.reason[:120]}"
        took = duration(time.monotonic() - started)
        print(f"[{number}/{len(chosen)}] {outcome.name} {outcome.version} {text} ({took})", file=sys.stderr, flush=True)
        yield outcome


def run(options: argparse.Namespace) -> int:
    chosen, known = _chosen(options.only), failures()
    steps.run([*steps.SETUP, steps.compile_for("release"), *steps.DIST])
    python_tools.lend_pip()
    outcomes: list[Outcome] = []
    for outcome in _try(chosen, options.minutes):
        outcomes.append(outcome)
        # What is known is kept, should the rest not come to its end.
        if options.json:
            write_whole(options.json, json.dumps([asdict(one) for one in outcomes], indent=2) + "\n")
        if options.write:
            _write_table([outcome], known)
    fails = [outcome.name for outcome in outcomes if not outcome.works and outcome.name not in known]
    passes = [outcome.name for outcome in outcomes if outcome.works and outcome.name in known]
    if passes:
        print(f"work, so remove them from {FAILURES.name}: {', '.join(passes)}")
    if fails:
        print(f"fail: {', '.join(fails)}")
    print(f"{sum(outcome.works for outcome in outcomes)} of {len(outcomes)} work")
    return FAILED if fails or passes else 0
