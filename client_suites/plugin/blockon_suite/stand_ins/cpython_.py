"""CPython's tests of threads, with the package `test` of the suite's root."""

from __future__ import annotations

import asyncio
import sys
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from blockon_suite import stand_ins

# What the tests with many threads reckon with: more than the runtime can have, so that they run as a whole.
_MEMORY = "4G"


class _NoExecutor:
    """Of processes or interpreters, which the runtime has not."""

    def __init__(self, *_arguments: Any, **_keywords: Any) -> None:
        raise unittest.SkipTest("the runtime has no such executor")


def _admit_what_is_there() -> None:
    """What `test` takes to be missing by the platform's name alone."""
    import concurrent.futures

    from test import support

    # asyncio's tests ask for sockets that connect; these are the system's.
    support.has_socket_support = True
    # The modules of concurrent.futures' tests have those of processes and interpreters beside those of threads, and are
    # not to be skipped for them; without semaphores they say themselves that there is no pool of processes.
    stand_ins.module("_multiprocessing")
    support.skip_if_broken_multiprocessing_synchronize = lambda: None
    # What importlib's tests look for at their beginning, and those of locks have no use for.
    stand_ins.module("_testmultiphase")
    futures: Any = concurrent.futures
    futures.InterpreterPoolExecutor = _NoExecutor


def install() -> None:
    sys.path.insert(0, str(Path.cwd()))
    from test import support

    support.set_memlimit(_MEMORY)
    if sys.platform == "emscripten":
        _admit_what_is_there()


def mend_conftest(conftest: object) -> None:
    """There is none."""


class _Fixtures:
    @pytest.fixture(autouse=True)
    def _top_level(self) -> Iterator[None]:
        """As the main thread of a program: with no event loop that runs, and asyncio's own policy for new ones."""
        events: Any = asyncio.events
        loop, policy = events._get_running_loop(), events._event_loop_policy
        events._set_running_loop(None)
        events._set_event_loop_policy(None)
        yield
        events._set_event_loop_policy(policy)
        events._set_running_loop(loop)


def fixtures() -> object:
    return _Fixtures()
