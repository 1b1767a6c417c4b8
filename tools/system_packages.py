"""Debian's packages that the others need: asked of dpkg, installed by apt-get when that needs no password."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess

from tools.errors import USAGE, DevError
from tools.process import run_logged
from tools.progress import Step

# A package, and a program of it: where the program is there, it does not matter whose it is.
FOR_CHECKS = {"git": "git", "npm": "npm"}
FOR_BUILDS = {
    "cmake": "cmake",
    "ninja-build": "ninja",
    "g++": "g++",
    "libgtest-dev": None,
    "clang-19": "clang++-19",
    "libclang-rt-19-dev": None,
    "lld-19": "wasm-ld-19",
    "llvm-19-tools": "FileCheck-19",
    "wabt": "wat2wasm",
}
# The servers that pytests' databases are; their programs are started by path.
FOR_TESTS = {"postgresql-15": None, "redis-tools": None}
# What loads the servers of ./dev bench serve.
FOR_LOAD = {"wrk": "wrk"}


def _installed(packages: list[str]) -> set[str]:
    """Which of the packages dpkg has."""
    try:
        result = subprocess.run(
            ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Abbrev}\n", *packages],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # Names the packages that it does not know.
            text=True,
        )
    except FileNotFoundError as error:
        raise DevError(
            "this is no Debian (there is no dpkg-query); these are needed, by their names there: " + " ".join(packages),
            USAGE,
        ) from error
    return {name for name, status in map(str.split, result.stdout.splitlines()) if status == "ii"}


def _missing(builds: bool, tests: bool, load: bool) -> list[str]:
    wanted: dict[str, str | None] = {
        **FOR_CHECKS,
        **(FOR_BUILDS if builds else {}),
        **(FOR_TESTS if tests else {}),
        **(FOR_LOAD if load else {}),
    }
    candidates = [package for package, program in wanted.items() if program is None or shutil.which(program) is None]
    present = _installed(candidates) if candidates else set()
    missing = [package for package in candidates if package not in present]
    if importlib.util.find_spec("ensurepip") is None:
        missing.append("python3-venv")
    return missing


def _root_command() -> list[str] | None:
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n"]
    return None


def ensure(step: Step, *, builds: bool = True, tests: bool = False, load: bool = False) -> None:
    """With `builds`, also what compiling needs; with `tests`, the databases that are tested with; with `load`, wrk."""
    missing = _missing(builds, tests, load)
    if not missing:
        return
    names = " ".join(missing)
    root = _root_command()
    if root is None or shutil.which("apt-get") is None:
        raise DevError(
            "system packages are missing, and installing them needs a password. Run this, then the same again:\n"
            f"  sudo apt-get install --no-install-recommends {names}",
            USAGE,
        )
    with step.task(f"installing system packages: {names}"):
        apt = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
        run_logged([*apt, "update"], "apt-update")
        run_logged([*apt, "install", "--yes", "--no-install-recommends", *missing], "apt-install")
    still = _missing(builds, tests, load)
    if still:
        raise DevError(f"apt-get has installed them, and still missing are: {' '.join(still)}", USAGE)
