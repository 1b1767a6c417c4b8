"""The checkers: how each is called, and how it mends what it finds where it can."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tools.hygiene import repository_files
from tools.paths import NODE, NODE_MODULES
from tools.python_tools import program

CPP = ("jspi/*.cc", "jspi/*.h", "ctests/*.cc", "ctests/*.h")
PATCHES = "patches/apply.py"


@dataclass(frozen=True)
class Checker:
    """A program; `command` gets whether to mend. One that cannot mend checks either way."""

    name: str
    command: Callable[[bool], list[str | Path]]


def _clang_format(fix: bool) -> list[str | Path]:
    return [program("clang-format"), *(["-i"] if fix else ["--dry-run", "--Werror"]), *repository_files(*CPP)]


def _ruff_check(fix: bool) -> list[str | Path]:
    return [program("ruff"), "check", "--quiet", *(["--fix"] if fix else []), "."]


def _ruff_format(fix: bool) -> list[str | Path]:
    return [program("ruff"), "format", *([] if fix else ["--check"]), "."]


def _mypy_tools(fix: bool) -> list[str | Path]:
    return [program("mypy"), "--python-version=3.11", "dev", "tools", PATCHES]


def _mypy_shims(fix: bool) -> list[str | Path]:
    return [program("mypy"), "--python-version=3.12", "shims", "ctests/types"]


def _api_reference(fix: bool) -> list[str | Path]:
    return [sys.executable, "-m", "tools.api_reference", *(["--write"] if fix else [])]


def _biome(fix: bool) -> list[str | Path]:
    biome = NODE_MODULES / "@biomejs" / "cli-linux-x64" / "biome"
    color = "force" if os.isatty(1) else "off"
    return [biome, "check", "--error-on-warnings", f"--colors={color}", *(["--write"] if fix else []), "."]


def _tsc(fix: bool) -> list[str | Path]:
    return [NODE, NODE_MODULES / "typescript" / "bin" / "tsc", "--noEmit", "--project", "tsconfig.json"]


CHECKERS = (
    Checker("clang-format", _clang_format),
    Checker("ruff format", _ruff_format),
    Checker("ruff check", _ruff_check),
    Checker("mypy: tools", _mypy_tools),
    Checker("mypy: shims", _mypy_shims),
    Checker("docs/api_reference.md", _api_reference),
    Checker("biome", _biome),
    Checker("tsc", _tsc),
)
