"""Python packages that the host runs, in virtual environments in the user's cache: one for each list of them.

The tools are those of requirements-dev.txt; the peers that benchmarks compare with, and
the clients of pytests, which run on CPython too, have lists of their own.
"""

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
BENCH_REQUIREMENTS = ROOT / "benchmarks" / "requirements.txt"
CLIENT_REQUIREMENTS = ROOT / "pytests" / "requirements.txt"


def folder(requirements: Path = REQUIREMENTS) -> Path:
    key = hashlib.sha256(requirements.read_bytes())
    key.update(f"{sys.version}\0{sys.base_prefix}".encode())
    return cache_folder("python-tools", key.hexdigest()[:16])


def program(name: str, requirements: Path = REQUIREMENTS) -> Path:
    return folder(requirements) / "bin" / name


def lend_pip() -> None:
    """Let the runtime install packages by this environment's pip, since the system's Python may have none."""
    os.environ.setdefault("BLOCKON_PYTHON", str(program("python")))


def lend_bench_python() -> None:
    """Let a benchmark run the Python programs among its peers."""
    os.environ["BLOCKON_BENCH_PYTHON"] = str(program("python", BENCH_REQUIREMENTS))


def _is_whole(environment: Path) -> bool:
    return (environment / ".whole").exists() and (environment / "bin" / "python").exists()


def ensure(step: Step, *, requirements: Path = REQUIREMENTS, what: str = "the Python tools") -> None:
    environment = folder(requirements)
    if _is_whole(environment):
        return
    with lock(beside(environment, ".lock"), f"{what} in hand"):
        if _is_whole(environment):
            return
        # Made where it stays, since its scripts name its path; whole when the mark is written.
        with step.task(f"installing {what}"):
            fresh_folder(environment)
            run_logged([sys.executable, "-m", "venv", environment], "venv")
            pip = ["-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
            run_logged([environment / "bin" / "python", *pip, "--requirement", requirements], "pip-install")
            write_whole(environment / ".whole", "")
