"""./dev build"""

from __future__ import annotations

import argparse

from tools import steps
from tools.compile_cpp import PRESETS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--preset", choices=PRESETS, default="release", help="of CMakePresets.json (default: release)")


def run(options: argparse.Namespace) -> int:
    steps.run([*steps.SETUP, steps.compile_for(options.preset)])
    return 0
