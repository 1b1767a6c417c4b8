"""./dev build"""

from __future__ import annotations

import argparse

from tools import steps
from tools.compile_cpp import FUZZ_PRESET, PRESETS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    choices = (*PRESETS, FUZZ_PRESET)
    parser.add_argument("--preset", choices=choices, default="release", help="of CMakePresets.json (default: release)")


def run(options: argparse.Namespace) -> int:
    steps.run([*steps.SETUP, steps.compile_for(options.preset)])
    return 0
