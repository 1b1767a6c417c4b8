"""./dev dist"""

from __future__ import annotations

import argparse

from tools import steps


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Sets up and builds first what is missing."


def run(options: argparse.Namespace) -> int:
    steps.run([*steps.SETUP, steps.compile_for("release"), *steps.DIST])
    return 0
