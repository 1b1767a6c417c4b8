"""The runtime as JavaScript, as it is shipped: below node_modules Node runs no TypeScript."""

from __future__ import annotations

from pathlib import Path

from tools.paths import NODE, NODE_MODULES, ROOT
from tools.process import run_logged


def emit(target: Path, log: str) -> None:
    """Emit runtime/**/*.ts with its types into the folder `target`; tsc's messages go to the log of that name."""
    tsc = NODE_MODULES / "typescript" / "bin" / "tsc"
    run_logged([NODE, tsc, "--project", ROOT / "tsconfig.package.json", "--outDir", target], log)


def bundle(target: Path, log: str) -> None:
    """Bundle what is started by itself, in the folder `target` that emit() has written."""
    run_logged([NODE, ROOT / "tools" / "bundle_runtime.mjs", target], log)
