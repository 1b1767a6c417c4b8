"""Importing a module that blocks at its top level, from several fibers at once."""

from __future__ import annotations

import _imp as imp
import importlib
import importlib.machinery
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fibers import synchronously, together


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that modules are imported from; they are forgotten afterwards."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def write(folder: Path, **modules: str) -> None:
    for name, source in modules.items():
        (folder / f"{name}.py").write_text(source)
    importlib.invalidate_caches()


SLOW = """
import time
first = 1
time.sleep(0.005)
last = 2
"""


def test_all_get_the_whole_module(folder: Path) -> None:
    write(folder, slow_module=SLOW)

    def imports() -> ModuleType:
        import slow_module  # type: ignore[import-not-found]

        assert slow_module.last == 2
        return slow_module

    def imports_a_name() -> ModuleType:
        from slow_module import last

        assert last == 2
        return sys.modules["slow_module"]

    modules = together(*([imports, imports_a_name] * 5))
    assert len(set(map(id, modules))) == 1


def test_it_runs_once(folder: Path) -> None:
    write(folder, counted_module=SLOW + "import builtins\nbuiltins.counted = getattr(builtins, 'counted', 0) + 1\n")
    import builtins

    together(*([partial(importlib.import_module, "counted_module")] * 5))
    assert builtins.counted == 1  # type: ignore[attr-defined]
    del builtins.counted  # type: ignore[attr-defined]


def test_one_that_fails_is_tried_by_the_next(folder: Path) -> None:
    write(folder, failing_module="import time\ntime.sleep(0.002)\nraise ValueError('no')\n")

    def imports() -> str:
        with pytest.raises(ValueError, match="no") as caught:
            importlib.import_module("failing_module")
        return str(caught.value)

    assert together(*([imports] * 3)) == ["no"] * 3
    assert "failing_module" not in sys.modules


def test_others_go_on(folder: Path) -> None:
    write(folder, slow_module=SLOW, other_module="value = 1\n")
    order: list[str] = []

    def imports(name: str) -> None:
        importlib.import_module(name)
        order.append(name)

    together(partial(imports, "slow_module"), partial(imports, "other_module"))
    assert order == ["other_module", "slow_module"]


def test_circular_import_of_one_fiber(folder: Path) -> None:
    write(
        folder,
        circle_a="import time\nbefore = 1\nimport circle_b\ntime.sleep(0.001)\nafter = circle_b.seen\n",
        circle_b="import time\ntime.sleep(0.001)\nimport circle_a as a\nseen = a.before, hasattr(a, 'after')\n",
    )
    modules = together(*([partial(importlib.import_module, "circle_a")] * 3))
    assert {module.after for module in modules} == {(1, False)}


def test_circular_import_of_two_fibers(folder: Path) -> None:
    """Each has begun one module and needs the other's: CPython lets one of them see a module that is not whole."""
    write(
        folder,
        circle_a="import time\ntime.sleep(0.003)\nimport circle_b\nname = 'a'\n",
        circle_b="import time\ntime.sleep(0.003)\nimport circle_a\nname = 'b'\n",
    )
    a, b = together(partial(importlib.import_module, "circle_a"), partial(importlib.import_module, "circle_b"))
    assert (a.name, b.name) == ("a", "b")


def test_synchronous_entry(folder: Path) -> None:
    write(folder, slow_module=SLOW)

    def imports() -> Any:
        return synchronously(partial(importlib.import_module, "slow_module"))

    error = together(partial(importlib.import_module, "slow_module"), imports, raising=False)[1]
    assert isinstance(error, RuntimeError)
    assert "callPromising" in str(error)
    assert sys.modules["slow_module"].last == 2


def test_a_finder_that_blocks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The import lock is held meanwhile; who imports waits for it."""
    write(folder, other_module="value = 1\n")

    class Finder:
        def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
            if name.startswith("found_slowly"):
                time.sleep(0.002)

    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])

    def imports(name: str) -> str:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            return "missing"
        return "found"

    names = ["found_slowly_a", "other_module", "found_slowly_b", "found_slowly_a"]
    assert together(*(partial(imports, name) for name in names)) == ["missing", "found", "missing", "missing"]


def test_synchronous_entry_while_a_finder_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    class Finder:
        def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
            if name == "found_slowly":
                time.sleep(0.002)

    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])

    def imports_slowly() -> None:
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module("found_slowly")

    error = together(imports_slowly, lambda: synchronously(partial(importlib.import_module, "absent")), raising=False)[
        1
    ]
    assert isinstance(error, RuntimeError)
    assert "callPromising" in str(error)
    assert not imp.lock_held()
    with pytest.raises(RuntimeError, match="not holding the import lock"):
        imp.release_lock()
