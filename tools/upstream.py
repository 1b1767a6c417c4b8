"""./dev upstream: Pyodide's own tests against the processed distribution.

Neither the tests nor their runner are part of this repository: both are given. The runner is called as
`RUNNER DISTRIBUTION TESTS [ARGUMENT]...` with NODE and WORK in its environment.
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

from tools import embedder, process, steps
from tools.errors import FAILED, USAGE, DevError
from tools.paths import BUILD, NODE, NODE_MODULES, cache_folder

DISTRIBUTION = BUILD / "upstream" / "pyodide"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runner", type=Path, help="a script that runs Pyodide's tests against a distribution")
    parser.add_argument("tests", type=Path, help="a checkout of Pyodide: conftest.py, src/tests, src/py")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="for pytest, as src/tests/test_jsproxy.py")


def run(options: argparse.Namespace) -> int:
    if not (options.tests / "conftest.py").is_file():
        raise DevError(f"{options.tests} has no conftest.py: give a checkout of Pyodide", USAGE)
    if not os.access(options.runner, os.X_OK):
        raise DevError(f"{options.runner} is no program that can be run", USAGE)
    steps.run([*steps.SETUP, steps.compile_for("release"), *steps.DIST])
    embedder.write(DISTRIBUTION)
    for page in ("console.html", "console-v2.html"):  # Some tests fetch them; they are for browsers.
        shutil.copyfile(NODE_MODULES / "pyodide" / page, DISTRIBUTION / page)
    work = cache_folder("upstream")
    work.mkdir(parents=True, exist_ok=True)
    command = [options.runner.resolve(), DISTRIBUTION, options.tests.resolve(), *options.arguments]
    outcome = process.run(command, process.to_stdout, env={"NODE": str(NODE), "WORK": str(work)})
    return 0 if outcome.code == 0 else FAILED
