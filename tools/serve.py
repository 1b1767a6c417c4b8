"""./dev serve: `blockon serve`, after whatever it needs."""

from __future__ import annotations

import argparse
from pathlib import Path

from tools import python_tools, steps
from tools.errors import DevError
from tools.paths import LAUNCHER
from tools.process import become_node


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", help="the Worker's folder, with its wrangler.toml")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="for blockon serve, as --port N")


def run(options: argparse.Namespace) -> int:
    # Before minutes go into a build for nothing.
    if not Path(options.folder).is_dir():
        raise DevError(f"{options.folder}: there is no such folder. Give the folder of a Worker, as examples/hello.")
    steps.run([*steps.SETUP, steps.compile_for("release"), *steps.DIST])
    python_tools.lend_pip()
    become_node([LAUNCHER, "serve", options.folder, *options.arguments])
