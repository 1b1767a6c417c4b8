"""The test runners: how each is called, how long it may take, and which lines of its output are its summary."""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools import npm_package, python_tools, sanitizers
from tools.compile_cpp import FUZZ_PRESET, SANITIZED
from tools.errors import DevError
from tools.paths import BUILD, LAUNCHER, NODE, ROOT, shown
from tools.process import output_of

CLI = ROOT / "runtime" / "cli" / "main.ts"
# With the 10 of pytest's own run of test_stress.py, the two make a minute.
STRESS_SECONDS = 25
NODE_TEST_SECONDS = 300
STRESS_STACKS = "--stress-wasm-stack-switching"
RANDOM_SEEDS = (1, 2, 3)
RANDOM_TESTS = (
    "test_threads.py",
    "test_thread_executors.py",
    "test_thread_identity.py",
    "test_thread_loops.py",
    "test_time_slices.py",
    "test_time_slices_refused.py",
    "test_locks.py",
    "test_lock_owners.py",
    "test_lock_users.py",
    "test_import_locks.py",
    "test_sqlite.py",
    "test_sqlite_connections.py",
    "test_thread_stress.py",
    "test_ssl_sockets.py",
    "test_processes.py",
)
ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Options:
    """What the caller of ./dev test asked for."""

    preset: str
    verbose: bool
    rest: list[str]


@dataclass(frozen=True)
class Runner:
    """One runner, called once; `kind` is its name for --only."""

    kind: str
    title: str
    command: Callable[[Options], list[str | Path]]
    limit: float
    summary: Callable[[str], str | None]
    # It has work for all processors; others run beside one another.
    is_wide: bool = False


def v8_arguments() -> list[str]:
    """The V8 flags of every process that runs a Worker, asked of the file that has them."""
    module = (ROOT / "runtime" / "v8_flags.mjs").as_uri()
    script = f"import({json.dumps(module)}).then((m) => console.log(JSON.stringify(m.v8Arguments)))"
    arguments: list[str] = json.loads(output_of([NODE, "--eval", script]))
    return arguments


def _last(pattern: str) -> Callable[[str], str | None]:
    """The last line with the pattern."""
    compiled = re.compile(pattern)

    def summary(text: str) -> str | None:
        return next((line.strip("= ") for line in reversed(text.splitlines()) if compiled.search(line)), None)

    return summary


def _counts(pattern: str) -> Callable[[str], str | None]:
    """The counts that stand in a line each, as "12 passed, 1 failed"; None without a test that passed or failed.

    Of several such lines the last counts; what failed is told in full after them.
    """
    compiled = re.compile(pattern)

    def summary(text: str) -> str | None:
        found = [compiled.match(line) for line in text.splitlines()]
        counts = {match["what"].strip().lower(): int(match["count"]) for match in found if match}
        kept = [f"{count} {what}" for what, count in counts.items() if count]
        return ", ".join(kept) or None

    return summary


def _ctest_of(preset: str, options: Options, *selected: str) -> list[str | Path]:
    how = ["--verbose" if options.verbose else "--output-on-failure", f"--parallel={os.cpu_count() or 1}"]
    return ["ctest", "--test-dir", BUILD / preset, *how, "--no-tests=error", *selected, *options.rest]


def _ctest(options: Options) -> list[str | Path]:
    return _ctest_of(options.preset, options, "--label-exclude", "^lit$")


def _fuzz(options: Options) -> list[str | Path]:
    """A short run of each target, the same one every time; `./dev fuzz` is the long one."""
    return _ctest_of(FUZZ_PRESET, options)


def _lit(options: Options) -> list[str | Path]:
    """What CMake has made of it: the command of the one test with the label lit."""
    folder = BUILD / options.preset
    listed = json.loads(output_of(["ctest", "--test-dir", folder, "--label-regex", "^lit$", "--show-only=json-v1"]))
    commands: list[list[str | Path]] = [test["command"] for test in listed["tests"] if "command" in test]
    if len(commands) != 1:
        raise DevError(f"{shown(folder)} has {len(commands)} tests with the label lit instead of one")
    return [*commands[0], *(["-a"] if options.verbose else []), *options.rest]


def _node(options: Options) -> list[str | Path]:
    """As many files at once as there are processors: most wait for processes that they have started. With a sanitizer,
    where a process takes several times its memory, one after another.

    A test that hangs is named, and a file that hangs (ctests/runtime/lib/file_limit.ts).
    """
    how = ["--test-reporter=spec", "--test-global-setup=ctests/runtime/lib/global_setup.ts"]
    how.append(f"--test-concurrency={1 if options.preset in SANITIZED else os.cpu_count() or 1}")
    how.append(f"--test-timeout={1000 * NODE_TEST_SECONDS}")
    if options.preset not in SANITIZED:
        return [NODE, *v8_arguments(), "--test", *how, *options.rest, "ctests/runtime/**/*.test.ts"]
    tree = sanitizers.make_tree(options.preset)
    before = ["env", f"--chdir={tree}", *sanitizers.environment(options.preset)]
    files = [f"ctests/runtime/{name}.test.ts" for name in sanitizers.TESTS]
    return [*before, NODE, *v8_arguments(), "--test", *how, *(options.rest or files)]


def _package(options: Options) -> list[str | Path]:
    tarballs = [f"BLOCKON_TARBALL={npm_package.make()}", f"BLOCKON_OLDER_TARBALL={npm_package.make_older('0.26.4')}"]
    return ["env", *tarballs, NODE, "--test", "--test-reporter=spec", *options.rest, "ctests/package/*.test.ts"]


def _pytest(*flags: str) -> Callable[[Options], list[str | Path]]:
    def command(options: Options) -> list[str | Path]:
        how = "-v" if options.verbose else "-q"
        return [NODE, LAUNCHER, "pytest", *flags, "pytests", how, *options.rest]

    return command


def _cpython(options: Options) -> list[str | Path]:
    how = "-v" if options.verbose else "-q"
    python = python_tools.program("python", python_tools.CLIENT_REQUIREMENTS)
    return [NODE, "pytests/on_cpython.mjs", python, how, *options.rest]


def stress_command(flags: Sequence[str], seconds: int, seed: int, tests: Sequence[str]) -> list[str | Path]:
    """Tests that do random things, so many seconds each, under more flags of V8's."""
    variables = (f"BLOCKON_STRESS_SECONDS={seconds}", f"BLOCKON_STRESS_SEED={seed}")
    for_pytest = [argument for variable in variables for argument in ("--env", variable)]
    return [NODE, *v8_arguments(), *flags, CLI, "pytest", *for_pytest, "pytests", *tests]


def _stress(*flags: str) -> Callable[[Options], list[str | Path]]:
    def command(options: Options) -> list[str | Path]:
        seed = random.randrange(1, 1_000_000)
        print(f"stress{''.join(f' {flag}' for flag in flags)}: `./dev stress --seed {seed}` does the same", flush=True)
        how = "-v" if options.verbose else "-q"
        return [*stress_command(flags, STRESS_SECONDS, seed, ["test_stress.py"]), how, *options.rest]

    return command


def _random_switches(seed: int) -> Callable[[Options], list[str | Path]]:
    """The tests of what threads share, with the threads switched at random."""

    def command(options: Options) -> list[str | Path]:
        how = "-v" if options.verbose else "-q"
        return ["env", f"BLOCKON_SWITCH=random:{seed}", *_pytest()(options)[:4], *RANDOM_TESTS, how, *options.rest]

    return command


_NODE_SUMMARY = _counts(r"^\S+ (?P<what>pass|fail|cancelled|skipped) (?P<count>\d+)$")
_PYTEST_SUMMARY = _last(r"\b\d+ (passed|failed|errors?|skipped|deselected)\b.* in [\d.]+s")

RUNNERS = (
    Runner("ctest", "ctest", _ctest, 900, _last(r"\d+% tests passed"), is_wide=True),
    Runner("fuzz", "fuzz targets, a short run", _fuzz, 300, _last(r"\d+% tests passed"), is_wide=True),
    Runner("lit", "lit", _lit, 300, _counts(r"^  (?P<what>[A-Z][A-Za-z ]+?)\s*:\s*(?P<count>\d+)"), is_wide=True),
    Runner("node", "node --test", _node, 3000, _NODE_SUMMARY, is_wide=True),
    Runner("pytest", "pytest, the gate open", _pytest(), 1200, _PYTEST_SUMMARY),
    Runner("pytest", "pytest, the gate closed", _pytest("--flag", "no_python_run_sync", "--"), 600, _PYTEST_SUMMARY),
    Runner("cpython", "pytest, clients and frameworks on CPython", _cpython, 300, _PYTEST_SUMMARY),
    Runner("stress", "stress, as it runs", _stress(), 300, _PYTEST_SUMMARY),
    Runner("stress", "stress, all wasm on secondary stacks", _stress(STRESS_STACKS), 300, _PYTEST_SUMMARY),
    *(
        Runner("stress", f"threads switched at random, seed {seed}", _random_switches(seed), 300, _PYTEST_SUMMARY)
        for seed in RANDOM_SEEDS
    ),
    Runner("package", "the npm package", _package, 600, _NODE_SUMMARY),
)
KINDS = tuple(dict.fromkeys(runner.kind for runner in RUNNERS))
