"""Places where Python code can stand when it blocks: C code of CPython's that called it back, each with a real wait."""

from __future__ import annotations

import asyncio
import bisect
import codecs
import contextlib
import copy
import csv
import decimal
import fractions
import functools
import gc
import heapq
import importlib
import io
import itertools
import logging
import os
import pickle
import signal
import sys
import types
import warnings
import weakref
import xml.etree.ElementTree as ET
from collections import OrderedDict, UserDict, defaultdict
from collections.abc import AsyncGenerator, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from places import waits
from pyodide.ffi import run_sync


class TestAttributes:
    def test_getattribute(self) -> None:
        class Slow:
            value = 5

            def __getattribute__(self, name: str) -> Any:
                return waits(object.__getattribute__(self, name))

        assert Slow().value == 5

    def test_setattr_and_delattr(self) -> None:
        steps: list[str] = []

        class Slow:
            def __setattr__(self, name: str, value: Any) -> None:
                steps.append(waits(f"set {name}"))

            def __delattr__(self, name: str) -> None:
                steps.append(waits(f"del {name}"))

        slow: Any = Slow()
        slow.a = 1
        del slow.a
        assert steps == ["set a", "del a"]

    def test_descriptor_and_set_name(self) -> None:
        names: list[str] = []

        class Descriptor:
            def __set_name__(self, owner: type, name: str) -> None:
                names.append(waits(name))

            def __get__(self, instance: Any, owner: type | None = None) -> str:
                return waits("got")

        class Owner:
            field = Descriptor()

        assert names == ["field"]
        assert Owner().field == "got"

    def test_property_cached_property_and_lru_cache(self) -> None:
        class Slow:
            @property
            def a(self) -> int:
                return waits(1)

            @functools.cached_property
            def b(self) -> int:
                return waits(2)

        slow = Slow()
        assert (slow.a, slow.b, slow.b) == (1, 2, 2)
        assert [functools.lru_cache(waits)(3) for _ in range(2)] == [3, 3]


class TestClasses:
    def test_metaclass(self) -> None:
        steps: list[str] = []

        class Meta(type):
            @classmethod
            def __prepare__(cls, name: str, bases: Any, **kwargs: Any) -> dict[str, Any]:
                steps.append(waits("prepare"))
                return {}

            def __call__(cls, *args: Any) -> Any:
                steps.append(waits("call"))
                return super().__call__(*args)

            def __instancecheck__(cls, instance: Any) -> bool:
                return waits(True)

        class Made(metaclass=Meta):
            def __init__(self) -> None:
                steps.append(waits("init"))

        Made()
        assert isinstance(5, Made)
        assert steps == ["prepare", "call", "init"]

    def test_init_subclass_and_class_getitem(self) -> None:
        names: list[str] = []

        class Base:
            def __init_subclass__(cls) -> None:
                names.append(waits(cls.__name__))

            def __class_getitem__(cls, item: Any) -> Any:
                return waits(item)

        class Derived(Base):
            pass

        assert names == ["Derived"]
        assert Derived[5] == 5

    def test_new_and_singledispatch(self) -> None:
        class Slow:
            def __new__(cls) -> Any:
                return waits(super().__new__(cls))

        assert type(Slow()) is Slow
        generic = functools.singledispatch(lambda value: waits("any"))
        generic.register(int, lambda value: waits("int"))
        assert (generic(1), generic("")) == ("int", "any")


class TestOperators:
    def test_comparison_and_hash_in_containers(self) -> None:
        class Key:
            def __init__(self, value: int) -> None:
                self.value = value

            def __hash__(self) -> int:
                return waits(1)

            def __eq__(self, other: object) -> bool:
                return waits(isinstance(other, Key) and self.value == other.value)

            def __lt__(self, other: Key) -> bool:
                return waits(self.value < other.value)

        keys = [Key(value) for value in (3, 1, 2)]
        table = {key: key.value for key in keys}
        assert table[Key(2)] == 2
        assert Key(1) in set(keys)
        assert keys.index(Key(2)) == 2
        assert [key.value for key in sorted(keys)] == [1, 2, 3]
        heapq.heapify(keys)
        assert heapq.heappop(keys).value == 1
        assert min(keys).value == 2

    def test_arithmetic_format_and_conversions(self) -> None:
        class Number(decimal.Decimal):
            def __add__(self, other: Any) -> Any:
                return waits(Number(decimal.Decimal.__add__(self, other)))

            def __format__(self, spec: str, *_: Any) -> str:
                return waits(f"<{spec}>")

            def __bool__(self) -> bool:
                return waits(True)

            def __index__(self) -> int:
                return waits(2)

        class Part(fractions.Fraction):
            def __mul__(self, other: Any) -> Any:  # type: ignore[override]
                return waits(super().__mul__(other))

        number = Number(1)
        assert number + 1 == 2
        assert f"{number:x}" == f"{number:x}".format() == "<x>"
        assert "{:y}".format(number) == "<y>"  # noqa: UP032
        assert "abc"[number] == "c"
        assert [value for value in [number] if value]
        assert Part(1, 2) * 2 == 1

    def test_bisect_accumulate_map_filter_reduce(self) -> None:
        assert bisect.bisect([1, 2, 3], 2, key=waits) == 2
        assert list(map(waits, [1, 2])) == [1, 2]
        assert list(filter(waits, [0, 1])) == [1]
        assert list(itertools.accumulate([1, 2], lambda a, b: waits(a + b))) == [1, 3]
        assert [key for key, _ in itertools.groupby("aab", waits)] == ["a", "b"]
        assert list(iter(lambda: waits(3), 3)) == []
        assert max([1, 2], key=lambda value: waits(-value)) == 1

    def test_missing(self) -> None:
        class Table(dict[str, str]):
            def __missing__(self, key: str) -> str:
                return waits(key)

        assert Table()["a"] == "a"
        assert defaultdict(lambda: waits(4))["x"] == 4


class TestIteration:
    def test_generators(self) -> None:
        def inner() -> Generator[int, int, int]:
            got = yield waits(1)
            return waits(got + 1)

        def outer() -> Generator[int, int, None]:
            yield waits((yield from inner()))

        generator = outer()
        assert next(generator) == 1
        assert generator.send(5) == 6
        generator.close()

    def test_generator_closed_in_its_finally(self) -> None:
        steps: list[str] = []

        def numbers() -> Generator[int]:
            try:
                yield 1
            finally:
                steps.append(waits("closed"))

        for _ in numbers():
            break
        assert steps == ["closed"]

    def test_async_generator(self) -> None:
        async def numbers() -> AsyncGenerator[int]:
            for number in range(3):
                yield waits(number)
                await asyncio.sleep(0)

        async def collect() -> list[int]:
            return [number async for number in numbers()]

        assert run_sync(collect()) == [0, 1, 2]

    def test_iterator_into_c(self) -> None:
        class Slow:
            def __iter__(self) -> Iterator[int]:
                return map(waits, [1, 2])

            def __length_hint__(self) -> int:
                return waits(2)

        assert list(Slow()) == [1, 2]
        assert sum(Slow()) == 3
        assert dict.fromkeys(Slow()) == {1: None, 2: None}
        assert "".join(map(waits, "ab")) == "ab"
        assert list(zip(Slow(), Slow(), strict=True)) == [(1, 1), (2, 2)]

    def test_context_managers(self) -> None:
        steps: list[str] = []

        class Manager:
            def __enter__(self) -> str:
                return waits("enter")

            def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
                steps.append(waits(kind.__name__ if kind else ""))
                return waits(True)

        with Manager() as entered:
            steps.append(entered)
            raise KeyError
        with contextlib.ExitStack() as stack:
            stack.callback(lambda: steps.append(waits("callback")))
        assert steps == ["enter", "KeyError", "callback"]


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


class TestLibraries:
    def test_codecs(self) -> None:
        codecs.register_error("blockon.wait", lambda error: (waits("?"), error.end))  # type: ignore[attr-defined]
        assert "a\xe4".encode("ascii", "blockon.wait") == b"a?"
        codec = codecs.lookup("ascii")

        def search(name: str) -> Any:
            return waits(codec) if name == "blockon_slow" else None

        codecs.register(search)
        assert "a".encode("blockon_slow") == b"a"
        codecs.unregister(search)

    def test_pickle_and_copy(self) -> None:
        class Pickler(pickle.Pickler):
            def persistent_id(self, item: Any) -> Any:
                return waits("it") if isinstance(item, types.ModuleType) else None

        class Unpickler(pickle.Unpickler):
            def persistent_load(self, number: Any) -> Any:
                return waits(number)

        file = io.BytesIO()
        Pickler(file).dump([Reduced(), os])
        file.seek(0)
        assert Unpickler(file).load() == [9, "it"]
        assert copy.deepcopy(Copied()) == "copied"

    def test_elementtree_and_expat(self) -> None:
        from xml.parsers import expat

        seen: list[str] = []
        parser = expat.ParserCreate()
        parser.StartElementHandler = lambda name, attributes: seen.append(waits(name))
        parser.CharacterDataHandler = lambda data: seen.append(waits(data))
        parser.Parse("<a>text<b/></a>", True)
        assert seen == ["a", "text", "b"]

        class Target:
            def start(self, tag: str, attributes: Any) -> None:
                seen.append(waits(tag))

            def close(self) -> str:
                return waits("closed")

        assert ET.XMLParser(target=Target()).close is not None
        xml = ET.XMLParser(target=Target())
        xml.feed("<c/>")
        assert xml.close() == "closed"
        assert seen[-1] == "c"

    def test_csv_and_files(self, tmp_path: Path) -> None:
        assert list(csv.reader(map(waits, ["a,b", "c,d"]))) == [["a", "b"], ["c", "d"]]
        written: list[str] = []

        class File(io.TextIOBase):
            def write(self, text: str) -> int:
                written.append(waits(text))
                return len(text)

        class Raw(io.RawIOBase):
            def readable(self) -> bool:
                return True

            def readinto(self, buffer: Any) -> int:
                if not written:
                    return 0
                buffer[:2] = waits(b"x\n")
                written.clear()
                return 2

        csv.writer(File()).writerow([1, 2])
        print("printed", file=File())
        assert "".join(written) == "1,2\r\nprinted\n"
        assert io.TextIOWrapper(io.BufferedReader(Raw())).readline() == "x\n"

        def opener(path: str, flags: int) -> int:
            return waits(os.open(path, flags))

        with open(tmp_path / "opened", "w", opener=opener) as file:
            file.write("a")

        class Where:
            def __fspath__(self) -> str:
                return waits(str(tmp_path))

        assert os.listdir(Where()) == ["opened"]  # noqa: PTH208
        with os.scandir(Where()) as entries:
            assert [waits(entry.name) for entry in entries] == ["opened"]

    def test_ordered_dict_and_user_dict(self) -> None:
        class Slow(UserDict[str, int]):
            def __getitem__(self, key: str) -> int:
                return waits(super().__getitem__(key))

        assert dict(Slow(a=1)) == {"a": 1}
        assert {**Slow(a=1)} == {"a": 1}
        assert OrderedDict(Slow(a=1)) == {"a": 1}

    def test_sqlite(self) -> None:
        sqlite3 = pytest.importorskip("sqlite3")
        connection = sqlite3.connect(":memory:")
        seen: list[str] = []
        connection.create_function("slow", 1, waits)
        connection.create_collation("slow", lambda a, b: waits((a > b) - (a < b)))
        connection.set_trace_callback(lambda statement: seen.append(waits(statement)))
        connection.set_progress_handler(lambda: waits(0), 1)
        assert connection.execute("select slow(5)").fetchone() == (5,)
        connection.close()
        assert seen


class Reduced:
    def __reduce__(self) -> Any:
        return waits((waits, (9,)))


class Copied:
    def __deepcopy__(self, memo: Any) -> str:
        return waits("copied")


def test_two_fibers_stand_in_the_same_place() -> None:
    """One waits in a sort of its own while the other does."""
    order: list[str] = []

    def sorts(name: str) -> list[int]:
        def key(number: int) -> int:
            order.append(name)
            return waits(number)

        return sorted([3, 1, 2], key=key)

    async def run(name: str) -> list[int]:
        return sorts(name)

    async def both() -> list[list[int]]:
        return await asyncio.gather(run("a"), run("b"))

    assert run_sync(both()) == [[1, 2, 3]] * 2
    assert order != sorted(order)
