"""./dev stress: random waits in many tasks, under each of V8's ways to run and to collect."""

from __future__ import annotations

import argparse
from pathlib import Path

from tools import process, python_tools, steps
from tools.errors import FAILED
from tools.paths import NODE, ROOT
from tools.progress import duration
from tools.runners import v8_arguments

CLI = ROOT / "runtime" / "cli" / "main.ts"
SETTINGS = {
    "as it runs": [],
    "Liftoff's code only": ["--liftoff-only"],
    "optimized at the first call": ["--no-liftoff", "--no-wasm-lazy-compilation"],
    "all wasm on secondary stacks": ["--stress-wasm-stack-switching"],
    "every collection compacts": ["--stress-compaction"],
    "a collection every 5,000 allocations": ["--gc-interval=5000"],
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=int, default=60, metavar="N", help="time for each setting (60)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed of the first round (1)")


def run(options: argparse.Namespace) -> int:
    steps.run([*steps.SETUP, steps.compile_for("release"), *steps.DIST])
    python_tools.lend_pip()
    variables = [f"BLOCKON_STRESS_SECONDS={options.seconds}", f"BLOCKON_STRESS_SEED={options.seed}"]
    for_pytest = [argument for variable in variables for argument in ("--env", variable)]
    results = []
    for title, flags in SETTINGS.items():
        print(f"\n--- {title}", flush=True)
        command: list[str | Path] = [NODE, *v8_arguments(), *flags, CLI, "pytest", *for_pytest, "pytests"]
        outcome = process.run([*command, "-q", "test_stress.py"], process.to_stdout)
        results.append((title, outcome.code == 0, duration(outcome.seconds)))
    print("\n" + "\n".join(f"{'ok  ' if passed else 'FAIL'}  {title} ({time})" for title, passed, time in results))
    return 0 if all(passed for _, passed, _ in results) else FAILED
