"""The Python tools of requirements-dev.txt, in a virtual environment in the user's cache, one for each such list."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

from tools.files import beside, fresh_folder, lock, write_whole
from tools.paths import ROOT, cache_folder
from tools.process import run_logged
from tools.progress import Step

REQUIREMENTS = ROOT / "requirements-dev.txt"


def folder() -> Path:
    key = hashlib.sha256(REQUIREMENTS.read_bytes())
    key.update(f"{sys.version}\0{sys.base_prefix}".encode())
    return cache_folder("python-tools", key.hexdigest()[:16])


def program(name: str) -> Path:
    return folder() / "bin" / name


def lend_pip() -> None:
    """Let the runtime install packages by this environment's pip, since the system's Python may have none."""
    os.environ.setdefault("BLOCKON_PYTHON", str(program("python")))


def _is_whole(environment: Path) -> bool:
    return (environment / ".whole").exists() and (environment / "bin" / "python").exists()


def ensure(step: Step) -> None:
    environment = folder()
    if _is_whole(environment):
        return
    with lock(beside(environment, ".lock"), "the Python tools in hand"):
        if _is_whole(environment):
            return
        # Made where it stays, since its scripts name its path; whole when the mark is written.
        with step.task("installing Python tools"):
            fresh_folder(environment)
            run_logged([sys.executable, "-m", "venv", environment], "venv")
            pip = ["-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
            run_logged([program("python"), *pip, "--requirement", REQUIREMENTS], "pip-install")
            write_whole(environment / ".whole", "")
