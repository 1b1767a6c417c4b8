"""Rounds of a test that does random things: as many as there is time for, each with a seed of its own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

__all__ = ["run_rounds"]


def run_rounds(one_round: Callable[[int], None], usual_seconds: float) -> None:
    """At least one. BLOCKON_STRESS_SECONDS says how long, BLOCKON_STRESS_SEED what the first one's seed is (1)."""
    first = seed = int(os.environ.get("BLOCKON_STRESS_SEED", "1"))
    end = time.monotonic() + float(os.environ.get("BLOCKON_STRESS_SECONDS", usual_seconds))
    while seed == first or time.monotonic() < end:
        one_round(seed)
        seed += 1
    print(f"rounds: {seed - first}")
