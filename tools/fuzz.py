"""./dev fuzz: libFuzzer's targets (ctests/fuzz), for as long as told. What they have found stays in build/fuzz."""

from __future__ import annotations

import argparse
from pathlib import Path

from tools import process, steps
from tools.compile_cpp import FUZZ_PRESET
from tools.errors import FAILED
from tools.paths import BUILD, ROOT, shown
from tools.progress import duration

FOLDER = BUILD / FUZZ_PRESET
TARGETS = tuple(sorted(path.name.removesuffix("_fuzz.cc") for path in (ROOT / "ctests" / "fuzz").glob("*_fuzz.cc")))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "target", nargs="?", choices=TARGETS, metavar="TARGET", help=f"of: {', '.join(TARGETS)} (default: each)"
    )
    parser.add_argument("--seconds", type=int, default=60, metavar="N", help="time for each target (60)")


def _fuzz(target: str, seconds: int) -> tuple[bool, str]:
    """Whether nothing was found, and a closing line."""
    program = FOLDER / "ctests" / "fuzz" / f"{target}_fuzz"
    corpus, crashes = FOLDER / "corpus" / target, FOLDER / "crashes" / target
    for folder in (corpus, crashes):
        folder.mkdir(parents=True, exist_ok=True)
    before = set(crashes.iterdir())
    command: list[str | Path] = [program, corpus, f"-artifact_prefix={crashes}/", f"-max_total_time={seconds}"]
    outcome = process.run([*command, "-timeout=10", "-len_control=0"], process.to_stdout)
    time = duration(outcome.seconds)
    if outcome.code == 0:
        return True, f"ok    {target}: nothing found, {len(list(corpus.iterdir()))} inputs in {shown(corpus)} ({time})"
    found = sorted(set(crashes.iterdir()) - before)
    if not found:
        return False, f"FAIL  {target}: ended by itself with exit code {outcome.code} ({time})"
    again = "\n".join(f"        {shown(program)} {shown(path)}" for path in found)
    return False, f"FAIL  {target}: an input that fails ({time}). Again with:\n{again}"


def run(options: argparse.Namespace) -> int:
    steps.run([*steps.SETUP, steps.compile_for(FUZZ_PRESET)])
    results = []
    for target in [options.target] if options.target else TARGETS:
        print(f"\n--- {target}", flush=True)
        results.append(_fuzz(target, options.seconds))
    print("\n" + "\n".join(line for _, line in results))
    return 0 if all(passed for passed, _ in results) else FAILED
