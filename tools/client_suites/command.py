"""./dev test --upstream [SUITE ...]: runs the suites on both sides and says what only CPython passes."""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Iterator
from pathlib import Path

from tools import python_tools, steps
from tools.client_suites import debian, folders, servers, sides
from tools.client_suites import suite as suites
from tools.client_suites.runs import PASSED, run_suite
from tools.client_suites.suite import Suite
from tools.client_suites.verdict import Verdict
from tools.errors import FAILED

SETUP = [*steps.SETUP, steps.compile_for("release"), *steps.DIST]
MOST_NAMED = 60
MOST_OF_REASON = 160


def _run(suite: Suite, rest: list[str]) -> Verdict:
    folder = folders.make(suite)
    print(f"\n--- {suite.name} {folders.version(suite)}", flush=True)
    files = folders.files(suite)
    runs = {}
    for side in sides.CALLS:
        # Each its own: servers count what they are asked, and answer by that.
        with servers.started(f"{suite.name}-{side}") as at:
            runs[side] = run_suite(folder, suite, files, side, at, rest)
    return Verdict(suite, runs, whole=not rest)


def _together(names: list[str], verdict: Verdict) -> Iterator[str]:
    """A line for a test, with the parameters left out of which it has more than one; why it failed, below."""
    for test, group in itertools.groupby(names, lambda name: name.partition("[")[0]):
        same = list(group)
        yield f"  {same[0] if len(same) == 1 else f'{test} ({len(same)} of them)'}"
        if names is verdict.failures:
            yield f"      {verdict.why(same[0])[:MOST_OF_REASON]}"


def _name(verdict: Verdict) -> None:
    for title, names in (
        ("pass on CPython, not here", verdict.failures),
        ("pass, so remove them from `known`", verdict.passes),
        ("could not be run on CPython", verdict.errors),
        ("patterns that fit no test, so remove them", verdict.stale),
    ):
        if names:
            print(f"\n{verdict.suite.name}, {len(names)} {title}:")
            lines = list(_together(names, verdict))
            print("\n".join(lines[:MOST_NAMED]))
            if len(lines) > MOST_NAMED:
                print(f"  and {len(lines) - MOST_NAMED} more; --json FILE has all")


def _table(verdicts: list[Verdict]) -> None:
    lines = [["suite", "tests", "pass here", "on CPython", "known", "left out", "unexpected"]]
    for each in verdicts:
        counts = [
            each.count(sides.CPYTHON),
            each.count(sides.HERE, PASSED),
            each.count(sides.CPYTHON, PASSED),
            each.known,
        ]
        name = f"{each.suite.name} {folders.version(each.suite)}"
        lines.append([name, *map(str, (*counts, len(each.left_out()), each.unexpected))])
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    print()
    for line in lines:
        cells = zip(line, widths, strict=True)
        print("  ".join(cell.rjust(width) if i else cell.ljust(width) for i, (cell, width) in enumerate(cells)))


def run(options: argparse.Namespace) -> int:
    wanted = [suites.load(name) for name in options.upstream or suites.names()]
    json_file: Path | None = options.json
    sources: dict[str, steps.Ensure] = {"sdist": folders.ensure_sdists, "debian": debian.ensure}
    needed = [sources[source] for source in dict.fromkeys(suite.source for suite in wanted)]
    if any(suite.on_cpython for suite in wanted):
        needed.append(folders.ensure_extensions)
    steps.run([*SETUP, *needed, folders.ensure_packages, folders.ensure_servers])
    python_tools.lend_pip()
    verdicts = [_run(suite, options.rest) for suite in wanted]
    for verdict in verdicts:
        _name(verdict)
    _table(verdicts)
    if json_file is not None:
        json_file.write_text(json.dumps([verdict.to_json() for verdict in verdicts], indent=1) + "\n")
    return 0 if all(verdict.good for verdict in verdicts) else FAILED
