"""./dev stress: random waits in many tasks, under each of V8's ways to run and to collect."""

from __future__ import annotations

import argparse

from tools import process, python_tools, steps
from tools.errors import FAILED
from tools.progress import duration
from tools.runners import STRESS_STACKS, stress_command

SETTINGS = {
    "as it runs": [],
    "Liftoff's code only": ["--liftoff-only"],
    "optimized at the first call": ["--no-liftoff", "--no-wasm-lazy-compilation"],
    "all wasm on secondary stacks": [STRESS_STACKS],
    "every collection compacts": ["--stress-compaction"],
    "a collection every 5,000 allocations": ["--gc-interval=5000"],
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=int, default=60, metavar="N", help="time for each setting (60)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed of the first round (1)")


def run(options: argparse.Namespace) -> int:
    steps.run([*steps.SETUP, steps.compile_for("release"), *steps.DIST])
    python_tools.lend_pip()
    results = []
    for title, flags in SETTINGS.items():
        print(f"\n--- {title}", flush=True)
        outcome = process.run([*stress_command(flags, options.seconds, options.seed), "-q"], process.to_stdout)
        results.append((title, outcome.code == 0, duration(outcome.seconds)))
    print("\n" + "\n".join(f"{'ok  ' if passed else 'FAIL'}  {title} ({time})" for title, passed, time in results))
    return 0 if all(passed for _, passed, _ in results) else FAILED
