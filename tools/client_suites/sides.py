"""The two that run a suite: blockon's runtime (`here`) and CPython on the host (`cpython`)."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tools.client_suites import debian, folders
from tools.client_suites.servers import Servers
from tools.client_suites.suite import Suite
from tools.paths import LAUNCHER, NODE

HERE = "here"
CPYTHON = "cpython"


_TERSE = (
    "-W",
    "ignore::pytest.PytestConfigWarning",
    "--continue-on-collection-errors",
    "-q",
    "--tb=no",
    "-rN",
    "-p",
    "no:faulthandler",
)


@dataclass(frozen=True)
class Call:
    command: list[str | Path]
    env: dict[str, str]


def _configuration(root: str, suite: Suite) -> list[str]:
    """pytest's settings are the suite's own, but for the options that ask for other plugins."""
    file = "pytest.ini" if (folders.root_of(suite) / "pytest.ini").exists() else "pyproject.toml"
    plugins = [word for plugin in (*suite.plugins, "blockon_suite.plugin") for word in ("-p", plugin)]
    return [*plugins, "-c", f"{root}/{file}", "-o", "addopts=", "-p", "no:cacheprovider", *_TERSE, *suite.arguments]


def _paths(root: str, files: list[str]) -> list[str]:
    return [f"{root}/{file}" for file in files]


def _variables(side: str, servers: Servers) -> dict[str, str]:
    return {
        "BLOCKON_SIDE": side,
        "BLOCKON_SERVERS": servers.url,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _here(folder: Path, suite: Suite, servers: Servers, files: list[str], rest: list[str]) -> Call:
    variables = [word for item in _variables(HERE, servers).items() for word in ("--env", "=".join(item))]
    settings = _configuration(folders.GUEST_ROOT, suite)
    command: list[str | Path] = [
        NODE,
        LAUNCHER,
        "pytest",
        *variables,
        folder,
        *settings,
        *_paths(folders.GUEST_ROOT, files),
        *rest,
    ]
    return Call(command, {})


def _cpython(folder: Path, suite: Suite, servers: Servers, files: list[str], rest: list[str]) -> Call:
    """Without site-packages: what is imported is what the other side imports."""
    root = roots(folder)[CPYTHON]
    places = [folder, folder / "python_modules", *([folders.extensions()] if suite.on_cpython else [])]
    path = os.pathsep.join(map(str, places))
    command: list[str | Path] = [
        debian.program() if suite.source == "debian" else sys.executable,
        "-S",
        "-m",
        "pytest",
        *_configuration(root, suite),
        *_paths(root, files),
        *rest,
    ]
    return Call(command, {**_variables(CPYTHON, servers), "PYTHONPATH": path})


CALLS: dict[str, Callable[[Path, Suite, Servers, list[str], list[str]], Call]] = {CPYTHON: _cpython, HERE: _here}


def roots(folder: Path) -> dict[str, str]:
    return {HERE: folders.GUEST_ROOT, CPYTHON: str(folder / "python_modules" / "suite")}
