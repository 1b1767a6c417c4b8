"""./dev setup"""

from __future__ import annotations

import argparse

from tools import steps


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Every other command does this by itself. Binaryen takes some minutes, once for a compiler."


def run(options: argparse.Namespace) -> int:
    steps.run([*steps.SETUP, *steps.DATABASES])
    return 0
