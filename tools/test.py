"""./dev test: all runners, each whatever the others did, and at the end what each said of itself."""

from __future__ import annotations

import argparse
import itertools
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tools import process, python_tools, sanitizers, steps
from tools.at_once import IsOver, at_once
from tools.client_suites import command
from tools.client_suites import suite as client_suites
from tools.compile_cpp import ADDON_TARGET, FUZZ_PRESET, PRESETS, SANITIZED
from tools.errors import FAILED, USAGE, DevError
from tools.in_order import InOrder
from tools.progress import duration
from tools.runners import ANSI, KINDS, RUNNERS, Options, Runner

# The runtime looks for the addon in the release build, but where a sanitizer looks into it (tools/sanitizers.py); the
# fuzz targets have a build of their own.
ONE_PRESET = {"cpython", "fuzz", "package", "pytest", "stress"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--only", nargs="+", choices=KINDS, metavar="RUNNER", help=f"of: {', '.join(KINDS)}")
    parser.add_argument(
        "--preset", choices=PRESETS, default="release", help="for ctest, lit and node (default: release)"
    )
    parser.add_argument(
        "--upstream",
        nargs="*",
        metavar="SUITE",
        help=f"the clients' own tests instead, beside CPython: {', '.join(client_suites.names())}",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="with --upstream: write how each test ended")
    parser.add_argument("-v", "--verbose", action="store_true", help="name every test")
    parser.add_argument("rest", nargs="*", metavar="-- ARGUMENT", help="for the runner, when --only names one")


def _verdict(runner: Runner, outcome: process.Outcome) -> tuple[bool, str]:
    summary = runner.summary(ANSI.sub("", outcome.output.decode(errors="replace")))
    if outcome.code is None:
        return False, f"ended for taking more than {duration(runner.limit)}"
    if outcome.code < 0:
        return False, f"died by {signal.Signals(-outcome.code).name}" + (f" after: {summary}" if summary else "")
    if summary is None:
        return False, f"printed no summary of any test (exit code {outcome.code})"
    return outcome.code == 0, summary


def _run(
    runner: Runner,
    options: Options,
    on_output: Callable[[bytes], object] = process.to_stdout,
    until: IsOver = lambda: False,
) -> tuple[bool, str]:
    """Whether all of its tests passed, and its closing line."""
    on_output(f"\n--- {runner.title}\n".encode())
    try:
        outcome = process.run(runner.command(options), on_output, limit=runner.limit, until=until)
    except DevError as error:
        on_output(f"{error.output}\n{error}\n".lstrip().encode())
        return False, f"FAIL  {runner.title}: could not be run"
    passed, text = _verdict(runner, outcome)
    found = sanitizers.reports(options.preset) if runner.kind == "node" and options.preset in SANITIZED else []
    if found:
        on_output("".join(f"{line}\n" for line in found).encode())
        passed, text = False, f"{len(found)} reports of the sanitizer above; {text}"
    return passed, f"{'ok  ' if passed else 'FAIL'}  {runner.title}: {text} ({duration(outcome.seconds)})"


def _run_beside(runners: list[Runner], options: Options) -> list[tuple[bool, str]]:
    shown = InOrder(len(runners), process.to_stdout)

    def run_one(number: int, runner: Runner, is_over: IsOver) -> tuple[bool, str]:
        try:
            return _run(runner, options, lambda chunk: shown.write(number, chunk), is_over)
        finally:
            shown.end(number)

    return at_once([partial(run_one, number, runner) for number, runner in enumerate(runners)])


def _run_all(runners: list[Runner], options: Options) -> list[tuple[bool, str]]:
    results: list[tuple[bool, str]] = []
    for is_wide, group in itertools.groupby(runners, lambda runner: runner.is_wide):
        some = list(group)
        if is_wide or len(some) == 1:
            results += [_run(runner, options) for runner in some]
        else:
            results += _run_beside(some, options)
    return results


def _selected(options: argparse.Namespace) -> list[Runner]:
    kinds = set(options.only or KINDS)
    if options.preset != "release":
        unfit = kinds & (ONE_PRESET if options.preset in SANITIZED else {*ONE_PRESET, "node"})
        if options.only and unfit:
            raise DevError(f"{', '.join(sorted(unfit))} run one build only: leave --preset out", USAGE)
        kinds -= unfit
    if options.rest and len(kinds) != 1:
        raise DevError("arguments after -- are for one runner: name it by --only", USAGE)
    return [runner for runner in RUNNERS if runner.kind in kinds]


def run(options: argparse.Namespace) -> int:
    if options.upstream is not None:
        return command.run(options)
    runners = _selected(options)
    kinds = {runner.kind for runner in runners}
    compiled = [steps.compile_for("release")]  # The distribution is made by it.
    if options.preset != "release":
        compiled.append(steps.compile_for(options.preset, *([ADDON_TARGET] if kinds == {"node"} else [])))
    if "fuzz" in kinds:
        compiled.append(steps.compile_for(FUZZ_PRESET))
    for_clients = [
        *(steps.DATABASES if kinds & {"cpython", "pytest"} else []),
        *(steps.CPYTHON if "cpython" in kinds else []),
    ]
    steps.run([*steps.SETUP, *for_clients, *compiled, *steps.DIST])
    python_tools.lend_pip()
    for_runner = Options(options.preset, options.verbose, options.rest)
    results = _run_all(runners, for_runner)
    print("\n" + "\n".join(line for _, line in results), flush=True)
    return 0 if all(passed for passed, _ in results) else FAILED
