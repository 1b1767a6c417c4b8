"""./dev ps: `blockon ps`, for servers that `./dev serve` started."""

from __future__ import annotations

import argparse

from tools import steps
from tools.paths import LAUNCHER
from tools.process import become_node


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pid", nargs="?", help="the process of the only server to ask")
    parser.add_argument("--stack", action="store_true", help="the whole traceback of each fiber")
    parser.add_argument("--json", action="store_true", help="one line of JSON for programs")


def run(options: argparse.Namespace) -> int:
    steps.run(steps.SETUP)
    given = [name for name in ("stack", "json") if getattr(options, name)]
    become_node([LAUNCHER, "ps", *(f"--{name}" for name in given), *([options.pid] if options.pid else [])])
