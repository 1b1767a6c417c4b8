"""Places where Python code can stand when it blocks: C code of the standard library that called it back."""

from __future__ import annotations

import asyncio
import codecs
import copy
import csv
import io
import os
import pickle
import types
import xml.etree.ElementTree as ET
from collections import OrderedDict, UserDict
from pathlib import Path
from typing import Any

import pytest
from places import waits
from pyodide.ffi import run_sync


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
