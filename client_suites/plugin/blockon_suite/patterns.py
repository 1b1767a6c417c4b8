"""Names of tests with `*` for anything: `tests/test_utils.py::TestProxy*`. All else stands for itself, brackets too."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence


def matcher(patterns: Sequence[str]) -> Callable[[str], int | None]:
    """Gives the index of the first pattern that a name fits. One without parameters is all of a parametrized test."""
    compiled = [re.compile(".*".join(map(re.escape, pattern.split("*"))) + r"(\[.*\])?") for pattern in patterns]

    def first(name: str) -> int | None:
        return next((index for index, each in enumerate(compiled) if each.fullmatch(name)), None)

    return first
