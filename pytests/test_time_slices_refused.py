"""Time slices: where a thread that computes gives way to nobody, however long it takes."""

from __future__ import annotations

import _imp
import gc
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fibers import synchronously, together
from slices import LONG, Busy, compute, in_thread, sometime

pytestmark = pytest.mark.usefixtures("short_slices")


class TestWhereNobodyIsPreempted:
    """No other thread runs between two lines there, however long they take."""

    def nobody_ran(self, busy: Busy) -> bool:
        before = busy.count
        compute(LONG)
        return busy.count == before

    def test_elsewhere_a_thread_is(self) -> None:
        with Busy() as busy:
            sometime(lambda: not in_thread(lambda: self.nobody_ran(busy)))
            in_thread(busy.until_it_ran)

    def test_tasks(self) -> None:
        with Busy() as busy:
            assert together(lambda: self.nobody_ran(busy)) == [True]

    def test_below_javascript(self) -> None:
        with Busy() as busy:
            assert in_thread(lambda: synchronously(lambda: self.nobody_ran(busy)))

    def test_a_collection(self) -> None:
        seen: list[bool] = []

        class Finalized:
            def __init__(self) -> None:
                self.itself = self

            def __del__(self) -> None:
                seen.append(nobody_ran())

        def nobody_ran() -> bool:
            return self.nobody_ran(busy)

        def collects() -> None:
            Finalized()
            gc.collect()

        def collects_sometime() -> None:
            Finalized()
            while len(seen) < 2:
                [].append([])
                kept.append([kept])

        kept: list[Any] = []
        with Busy() as busy:
            in_thread(collects)
            in_thread(collects_sometime)
        assert seen == [True, True]

    @pytest.mark.parametrize("install", [sys.settrace, sys.setprofile])
    def test_callbacks_of_tracing(self, install: Callable[[Any], None]) -> None:
        seen: list[bool] = []

        def callback(*_: Any) -> None:
            if not seen:
                seen.append(self.nobody_ran(busy))

        def body() -> None:
            install(callback)
            try:
                len([])
                (lambda: None)()
            finally:
                install(None)

        with Busy() as busy:
            in_thread(body)
        assert seen == [True]

    def test_the_import_lock(self) -> None:
        def body() -> bool:
            _imp.acquire_lock()
            try:
                return self.nobody_ran(busy)
            finally:
                _imp.release_lock()

        with Busy() as busy:
            assert in_thread(body)

    def test_a_module_that_is_imported(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "computes_at_import.py").write_text(f"import {__name__}\n{__name__}.at_import()\n")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr(
            sys.modules[__name__], "at_import", lambda: seen.append(self.nobody_ran(busy)), raising=False
        )
        seen: list[bool] = []

        def body() -> None:
            import computes_at_import  # noqa: F401

        with Busy() as busy:
            in_thread(body)
        assert seen == [True]
        sys.modules.pop("computes_at_import")

    @pytest.mark.parametrize(
        ("module", "is_own"),
        [
            ("blockon", True),
            ("blockon._of_a_test", True),
            ("_blockon_tls._connection", True),
            ("_multiprocessing", True),
            ("blockon_of_others", False),
            ("blocko", False),
            ("", False),
        ],
    )
    def test_the_runtimes_own_code(self, module: str, is_own: bool) -> None:
        """Code of others that it calls is pre-empted, and it is not behind that."""
        names: dict[str, Any] = {"__name__": module, "perf_counter": time.perf_counter}
        exec(OWN_CODE, names)
        with Busy() as busy:

            def nobody_ran() -> bool:
                alone: bool = in_thread(lambda: names["nobody_ran"](busy, LONG))
                return alone

            def nobody_ran_but_within() -> bool:
                within, after = in_thread(lambda: names["somebody_ran_within"](busy, busy.until_it_ran, LONG))
                assert within
                return bool(after)

            for is_alone in (nobody_ran, nobody_ran_but_within):
                if is_own:
                    assert is_alone()
                else:
                    sometime(lambda is_alone=is_alone: not is_alone())


# What the functions see of the thread, without a call of anything in Python.
OWN_CODE = """
def nobody_ran(busy, seconds):
    before, end = busy.count, perf_counter() + seconds
    while perf_counter() < end:
        pass
    return busy.count == before

def somebody_ran_within(busy, wait, seconds):
    before = busy.count
    wait()
    ran = busy.count > before
    return ran, nobody_ran(busy, seconds)
"""
