"""Places where Python code can stand when it blocks: ends of lives, imports, and hooks of an interpreter."""

from __future__ import annotations

import gc
import importlib
import logging
import signal
import sys
import warnings
import weakref
from collections import UserDict
from pathlib import Path
from typing import Any

import pytest
from places import waits


class TestEndOfLife:
    def test_del(self) -> None:
        steps: list[str] = []

        class Slow:
            def __del__(self) -> None:
                steps.append(waits("gone"))

        slow = [Slow()]
        slow.clear()
        assert steps == ["gone"]
        Slow()
        assert steps == ["gone", "gone"]

    def test_del_while_an_exception_passes(self) -> None:
        class Slow:
            def __del__(self) -> None:
                waits()

        def fails(_slow: Any) -> None:
            raise KeyError("passes")

        with pytest.raises(KeyError, match="passes"):
            fails(Slow())

    def test_weakrefs(self) -> None:
        steps: list[str] = []
        thing = UserDict[str, int]()
        references = [weakref.ref(thing, lambda _: steps.append(waits("reference")))]
        weakref.finalize(thing, lambda: steps.append(waits("finalize")))
        del thing
        assert sorted(steps) == ["finalize", "reference"]
        assert references[0]() is None

    def test_gc_callbacks(self) -> None:
        steps: list[str] = []

        def callback(phase: str, info: Any) -> None:
            steps.append(waits(phase))

        gc.callbacks.append(callback)
        try:
            gc.collect()
        finally:
            gc.callbacks.remove(callback)
        assert steps[:2] == ["start", "stop"]

    def test_atexit(self) -> None:
        import atexit

        steps: list[str] = []
        callback = atexit.register(lambda: steps.append(waits("exit")))
        others = atexit._ncallbacks() - 1  # type: ignore[attr-defined]
        if others:
            callback()  # running them all would end what others still use
            atexit.unregister(callback)
        else:
            atexit._run_exitfuncs()
        assert steps == ["exit"]


class TestCode:
    def test_import_of_a_module_that_blocks(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "blocks_at_top.py").write_text("from places import waits\nvalue = waits(7)\n")
        monkeypatch.syspath_prepend(tmp_path)
        importlib.invalidate_caches()
        assert importlib.import_module("blocks_at_top").value == 7
        del sys.modules["blocks_at_top"]

    def test_import_hooks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[str] = []

        class Finder:
            @staticmethod
            def find_spec(name: str, *_: Any) -> None:
                seen.append(waits(name))

        monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module("not_to_be_found")
        assert seen == ["not_to_be_found"]

    def test_exec_eval_and_namespaces(self) -> None:
        class Names(dict[str, Any]):
            def __missing__(self, name: str) -> Any:
                return waits(name)

        assert eval("some + other", {}, Names()) == "someother"
        scope = {"waits": waits}
        exec(compile("a = waits(1)\nclass B:\n    c = waits(2)\n", "here", "exec"), scope)
        assert (scope["a"], scope["B"].c) == (1, 2)  # type: ignore[attr-defined]


def traced(number: int) -> int:
    result = number + 1
    return result  # noqa: RET504


class TestHooks:
    """An interpreter's hooks. Tracing is of the thread state, and so of the fiber that asked for it."""

    def test_settrace(self) -> None:
        events: list[str] = []

        def trace(frame: Any, event: str, argument: Any) -> Any:
            if frame.f_code is not traced.__code__:
                return None
            events.append(waits(event))
            return trace

        sys.settrace(trace)
        try:
            assert traced(1) == 2
        finally:
            sys.settrace(None)
        assert events == ["call", "line", "line", "return"]

    def test_setprofile(self) -> None:
        events: list[str] = []

        def profile(frame: Any, event: str, argument: Any) -> None:
            if frame.f_code is traced.__code__:
                events.append(waits(event))

        sys.setprofile(profile)
        try:
            assert traced(1) == 2
        finally:
            sys.setprofile(None)
        assert events == ["call", "return"]

    def test_monitoring(self) -> None:
        monitoring = sys.monitoring
        lines: list[int] = []
        monitoring.use_tool_id(3, "test")
        try:
            monitoring.register_callback(3, monitoring.events.LINE, lambda code, line: lines.append(waits(line)))
            monitoring.set_local_events(3, traced.__code__, monitoring.events.LINE)
            assert traced(1) == 2
        finally:
            monitoring.set_local_events(3, traced.__code__, 0)
            monitoring.free_tool_id(3)
        assert len(lines) == 2

    def test_signal(self) -> None:
        seen: list[int] = []
        before = signal.signal(signal.SIGTERM, lambda number, frame: seen.append(waits(number)))
        try:
            signal.raise_signal(signal.SIGTERM)
            waits()
        finally:
            signal.signal(signal.SIGTERM, before)
        assert seen == [signal.SIGTERM]

    def test_excepthook_and_unraisablehook(self, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[str] = []
        monkeypatch.setattr(sys, "excepthook", lambda kind, *_: seen.append(waits(kind.__name__)))
        monkeypatch.setattr(sys, "unraisablehook", lambda what: seen.append(waits(what.exc_type.__name__)))

        class Fails:
            def __del__(self) -> None:
                raise LookupError

        Fails()
        sys.excepthook(KeyError, KeyError(), None)
        assert seen == ["LookupError", "KeyError"]

    def test_displayhook_and_breakpointhook(self, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[Any] = []
        monkeypatch.setattr(sys, "displayhook", lambda value: seen.append(waits(value)))
        monkeypatch.setattr(sys, "breakpointhook", lambda: seen.append(waits("breakpoint")))
        exec(compile("1 + 1", "here", "single"))
        breakpoint()  # noqa: T100
        assert seen == [2, "breakpoint"]

    def test_logging_and_warnings(self, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[str] = []

        class Handler(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                seen.append(waits(record.getMessage()))

        logger = logging.getLogger("everywhere")
        logger.propagate = False
        logger.addHandler(Handler())
        logger.error("logged")
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            monkeypatch.setattr(warnings, "showwarning", lambda message, *_, **__: seen.append(waits(str(message))))
            warnings.warn("warned", stacklevel=1)
        assert seen == ["logged", "warned"]

    def test_audit_hook(self) -> None:
        seen: list[str] = []
        on = [True]

        def hook(event: str, arguments: Any) -> None:
            if on and event == "blockon.test":
                seen.append(waits(event))

        sys.addaudithook(hook)  # there is no way back
        sys.audit("blockon.test")
        on.clear()
        assert seen == ["blockon.test"]
