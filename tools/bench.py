"""./dev bench: benchmarks/NAME.mjs in the Node that package.json pins, with the V8 flags of the runtime."""

from __future__ import annotations

import argparse

from tools import python_tools, steps
from tools.errors import USAGE, DevError
from tools.paths import ROOT
from tools.process import become_node
from tools.runners import v8_arguments

FOLDER = ROOT / "benchmarks"


def _names() -> list[str]:
    """Those that say how they are called; the other files there are parts of them."""
    return sorted(file.stem for file in FOLDER.glob("*.mjs") if f"./dev bench {file.stem}" in file.read_text())


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help=f"one of: {', '.join(_names())}")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="for the benchmark, as --json FILE")


def run(options: argparse.Namespace) -> int:
    if options.name not in _names():
        raise DevError(f"there is no benchmark {options.name}; there are: {', '.join(_names())}", USAGE)
    load = steps.LOAD if options.name == "serve" else []
    steps.run([*steps.SETUP, *load, steps.compile_for("release"), *steps.DIST, *steps.BENCH])
    python_tools.lend_pip()
    python_tools.lend_bench_python()
    become_node([*v8_arguments(), FOLDER / f"{options.name}.mjs", *options.arguments])
