"""./dev check: all checkers, each whatever the others found."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial

from tools import hygiene, process, steps
from tools.at_once import IsOver, at_once
from tools.checkers import CHECKERS, Checker
from tools.errors import FAILED, DevError
from tools.progress import duration

LIMIT = 300.0

#: Whether it found nothing, and what it printed.
Check = Callable[[IsOver], tuple[bool, str]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--fix", action="store_true", help="format, and mend what the checkers can mend")


def _run(checker: Checker, fix: bool, is_over: IsOver) -> tuple[bool, str]:
    """Whether it found nothing, and what it printed."""
    try:
        outcome = process.run(checker.command(fix), lambda _: None, limit=LIMIT, until=is_over)
    except DevError as error:
        return False, str(error)
    text = outcome.output.decode(errors="replace").strip()
    if outcome.code is None:
        text += f"\nended for taking more than {duration(LIMIT)}"
    return outcome.code == 0, text


def _repository(_: IsOver) -> tuple[bool, str]:
    found = hygiene.findings()
    return not found, "\n".join(found)


def _timed(check: Check, is_over: IsOver) -> tuple[bool, str, float]:
    begin = time.monotonic()
    good, text = check(is_over)
    return good, text, time.monotonic() - begin


def run(options: argparse.Namespace) -> int:
    steps.run(steps.CHECK_SETUP)
    checks: list[tuple[str, Check]] = [
        *((checker.name, partial(_run, checker, options.fix)) for checker in CHECKERS),
        ("repository", _repository),
    ]
    lines = []
    passed = True
    # Those that mend write to the same files.
    results = at_once([partial(_timed, check) for _, check in checks], 1 if options.fix else None)
    for (name, _), (good, text, seconds) in zip(checks, results, strict=True):
        passed = passed and good
        if not good:
            print(f"--- {name}\n{text}\n", flush=True)
        lines.append(f"{'ok  ' if good else 'FAIL'}  {name} ({duration(seconds)})")
    print("\n".join(lines))
    if not passed and not options.fix:
        print("./dev check --fix mends what can be mended.")
    return 0 if passed else FAILED
