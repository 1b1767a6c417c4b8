"""./dev ps: `blockon ps`, for servers that `./dev serve` started."""

from __future__ import annotations

import argparse

from tools import steps
from tools.paths import LAUNCHER
from tools.process import become_node


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="for blockon ps, as --stack")


def run(options: argparse.Namespace) -> int:
    steps.run(steps.SETUP)
    become_node([LAUNCHER, "ps", *options.arguments])
