"""greenlet's suite: its folder becomes a part of the package that is there, and psutil has nothing to tell."""

from __future__ import annotations

from pathlib import Path

import greenlet

from blockon_suite.stand_ins import module


class Process:
    """Without memory_full_info(), at which the tests of the process's memory skip themselves."""


def install() -> None:
    greenlet.__path__.append(str(Path.cwd() / "src" / "greenlet"))
    module("psutil", Process=Process)


def fixtures() -> object:
    return object()


def mend_conftest(conftest: object) -> None:
    pass
