"""./dev check: all checkers, each whatever the others found."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial

from tools import hygiene, process, steps
from tools.checkers import CHECKERS, Checker
from tools.errors import FAILED, DevError
from tools.progress import duration

LIMIT = 300.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--fix", action="store_true", help="format, and mend what the checkers can mend")


def _run(checker: Checker, fix: bool) -> tuple[bool, str]:
    """Whether it found nothing, and what it printed."""
    try:
        outcome = process.run(checker.command(fix), lambda _: None, limit=LIMIT)
    except DevError as error:
        return False, str(error)
    text = outcome.output.decode(errors="replace").strip()
    if outcome.code is None:
        text += f"\nended for taking more than {duration(LIMIT)}"
    return outcome.code == 0, text


def _repository() -> tuple[bool, str]:
    found = hygiene.findings()
    return not found, "\n".join(found)


def run(options: argparse.Namespace) -> int:
    steps.run(steps.CHECK_SETUP)
    checks: list[tuple[str, Callable[[], tuple[bool, str]]]] = [
        *((checker.name, partial(_run, checker, options.fix)) for checker in CHECKERS),
        ("repository", _repository),
    ]
    lines = []
    passed = True
    for name, check in checks:
        begin = time.monotonic()
        good, text = check()
        passed = passed and good
        if not good:
            print(f"--- {name}\n{text}\n", flush=True)
        lines.append(f"{'ok  ' if good else 'FAIL'}  {name} ({duration(time.monotonic() - begin)})")
    print("\n".join(lines))
    if not passed and not options.fix:
        print("./dev check --fix mends what can be mended.")
    return 0 if passed else FAILED
