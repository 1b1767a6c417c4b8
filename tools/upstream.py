"""./dev upstream: Pyodide's own tests against the processed distribution.

Neither the tests nor their runner are part of this repository: both are given. The runner is called as
`RUNNER DISTRIBUTION TESTS [ARGUMENT]...` with NODE and WORK in its environment.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from pathlib import Path

from tools import process, steps
from tools.errors import FAILED, USAGE, DevError
from tools.files import fresh_folder
from tools.paths import BUILD, NODE, NODE_MODULES, ROOT, cache_folder, pyodide_version

DISTRIBUTION = BUILD / "upstream" / "distribution"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runner", type=Path, help="a script that runs Pyodide's tests against a distribution")
    parser.add_argument("tests", type=Path, help="a checkout of Pyodide: conftest.py, src/tests, src/py")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="for pytest, as src/tests/test_jsproxy.py")


def _make_distribution() -> None:
    """The processed files behind the entry points of the npm package, which upstream's tests load it by."""
    fresh_folder(DISTRIBUTION)
    shutil.copytree(BUILD / "dist" / pyodide_version(), DISTRIBUTION, dirs_exist_ok=True)
    shutil.copyfile(NODE_MODULES / "pyodide" / "package.json", DISTRIBUTION / "package.json")
    (DISTRIBUTION / "pyodide.mjs").rename(DISTRIBUTION / "processed.mjs")
    runtime = json.dumps((ROOT / "runtime" / "index.ts").as_uri())
    (DISTRIBUTION / "pyodide.mjs").write_text(
        f"""import {{ realmEngine }} from {runtime};
import * as processed from "./processed.mjs";
export const version = processed.version;
export const loadPyodide = (config = {{}}) =>
  processed.loadPyodide({{ blockonEngine: realmEngine().imports, indexURL: import.meta.dirname, ...config }});
"""
    )
    (DISTRIBUTION / "pyodide.js").write_text(
        'exports.loadPyodide = async (config) => (await import("./pyodide.mjs")).loadPyodide(config);\n'
    )


def run(options: argparse.Namespace) -> int:
    if not (options.tests / "conftest.py").is_file():
        raise DevError(f"{options.tests} has no conftest.py: give a checkout of Pyodide", USAGE)
    if not os.access(options.runner, os.X_OK):
        raise DevError(f"{options.runner} is no program that can be run", USAGE)
    steps.run([*steps.SETUP, steps.compile_for("release"), *steps.DIST])
    _make_distribution()
    work = cache_folder("upstream")
    work.mkdir(parents=True, exist_ok=True)
    command = [options.runner.resolve(), DISTRIBUTION, options.tests.resolve(), *options.arguments]
    outcome = process.run(command, process.to_stdout, env={"NODE": str(NODE), "WORK": str(work)})
    return 0 if outcome.code == 0 else FAILED
