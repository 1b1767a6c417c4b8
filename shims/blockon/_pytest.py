"""pytest as a program of the runtime."""

from __future__ import annotations

import json


def main(arguments: str) -> int:
    """Run pytest with arguments in JSON; returns its exit code."""
    import pytest

    return int(pytest.main(["-p", "no:cacheprovider", *json.loads(arguments)]))
