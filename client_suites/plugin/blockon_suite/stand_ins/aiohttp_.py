"""aiohttp's suite: those of its tests that need no server."""

from __future__ import annotations

from typing import Any

from blockon_suite.stand_ins import certificates


def install() -> None:
    certificates.install()


def fixtures() -> object:
    return object()


def mend_conftest(conftest: Any) -> None:
    pass
