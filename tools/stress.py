"""./dev stress: random tasks, threads and greenlets, under each of V8's ways to run and to collect."""

from __future__ import annotations

import argparse

from tools import process, python_tools, steps
from tools.errors import FAILED
from tools.progress import duration
from tools.runners import STRESS_STACKS, stress_command

TESTS = ("test_stress.py", "test_thread_stress.py", "test_greenlet_stress.py")
SETTINGS = {
    "as it runs": [],
    "Liftoff's code only": ["--liftoff-only"],
    "optimized at the first call": ["--no-liftoff", "--no-wasm-lazy-compilation"],
    "all wasm on secondary stacks": [STRESS_STACKS],
    "every collection compacts": ["--stress-compaction"],
    "a collection every 5,000 allocations": ["--gc-interval=5000"],
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=int, default=60, metavar="N", help="time for each test in each setting (60)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed of the first round (1)")


def run(options: argparse.Namespace) -> int:
    steps.run([*steps.SETUP, steps.compile_for("release"), *steps.DIST])
    python_tools.lend_pip()
    results = []
    at_random = {"BLOCKON_SWITCH": f"random:{options.seed}"}
    runs: list[tuple[str, list[str], dict[str, str]]] = [(title, flags, {}) for title, flags in SETTINGS.items()]
    for title, flags, env in [*runs, ("threads switched at random", [], at_random)]:
        print(f"\n--- {title}", flush=True)
        command = stress_command(flags, options.seconds, options.seed, TESTS)
        outcome = process.run([*command, "-q"], process.to_stdout, env=env)
        results.append((title, outcome.code == 0, duration(outcome.seconds)))
    print("\n" + "\n".join(f"{'ok  ' if passed else 'FAIL'}  {title} ({time})" for title, passed, time in results))
    return 0 if all(passed for _, passed, _ in results) else FAILED
