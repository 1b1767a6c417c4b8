"""The npm packages that package-lock.json pins, without their install scripts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tools.files import digest_of, write_whole
from tools.paths import NODE, NODE_MODULES, ROOT
from tools.process import run_logged
from tools.progress import Step

LOCKFILE = ROOT / "package-lock.json"
STAMP = NODE_MODULES / ".blockon-lock-sha256"
FLAGS = ["--ignore-scripts", "--loglevel=error"]


def _packages(lockfile: Path) -> dict[str, dict[str, Any]]:
    packages: dict[str, dict[str, Any]] = json.loads(lockfile.read_text())["packages"]
    return {folder: package for folder, package in packages.items() if folder}


def _installed_by_hand() -> bool:
    """Whether npm's own record, which it writes last, says that exactly these packages are installed."""
    try:
        installed = _packages(NODE_MODULES / ".package-lock.json")
    except (FileNotFoundError, json.JSONDecodeError):
        return False
    wanted = _packages(LOCKFILE)

    def same(folder: str) -> bool:
        if folder not in installed:
            return wanted[folder].get("optional", False) is True  # For another system.
        return all(installed[folder].get(key) == wanted[folder].get(key) for key in ("version", "integrity"))

    return installed.keys() <= wanted.keys() and all(same(folder) for folder in wanted)


def ensure(step: Step) -> None:
    digest = digest_of(LOCKFILE)
    if STAMP.exists() and STAMP.read_text() == digest and NODE.exists():
        return
    if not (NODE.exists() and _installed_by_hand()):
        with step.task("installing npm packages"):
            run_logged(["npm", "ci", *FLAGS], "npm-ci")
    write_whole(STAMP, digest)
