"""./dev dist"""

from __future__ import annotations

import argparse
from pathlib import Path

from tools import embedder, steps
from tools.paths import shown
from tools.progress import Step


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Sets up and builds first what is missing."
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        metavar="DIR",
        help="also write a distribution folder, from which a program loads Pyodide by DIR/pyodide.mjs and Node alone",
    )


def run(options: argparse.Namespace) -> int:
    wanted = [*steps.SETUP, steps.compile_for("release"), *steps.DIST]
    if options.folder is None:
        steps.run(wanted)
        return 0
    target = options.folder.resolve()
    embedder.check_target(target)

    def write(step: Step) -> None:
        with step.task(f"writing {shown(target)}"):
            embedder.write(target)

    steps.run([*wanted, write])
    print(f'import {{ loadPyodide }} from "{target / "pyodide.mjs"}"')
    return 0
