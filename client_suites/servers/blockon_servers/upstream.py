"""Modules of a suite as it is published, for servers that are written there."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def use(suite: str) -> None:
    """Let modules of the suite be imported. Only one suite may have a package `tests` among those that are used."""
    folder = str(Path(os.environ["BLOCKON_SUITES"]) / suite)
    if folder not in sys.path:
        sys.path.insert(0, folder)
