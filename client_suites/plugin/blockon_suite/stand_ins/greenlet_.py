"""greenlet's suite: its folder becomes a part of the package that is there, and psutil has nothing to tell.

The extension by which the suite tries greenlet's C API is that of CPython's wheel. The runtime has no such wheel:
ctypes calls the C API there.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

import greenlet

from blockon_suite.stand_ins import module


class Process:
    """Without memory_full_info(), at which the tests of the process's memory skip themselves."""


class _Extension(MetaPathFinder):
    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.endswith("greenlet.tests._test_extension"):
            return None
        if sys.platform == "emscripten":
            return spec_from_file_location(fullname, Path(__file__).with_name("greenlet_extension.py"))
        return PathFinder.find_spec(fullname, [str(Path(greenlet.__file__).with_name("tests"))])


def install() -> None:
    greenlet.__path__.append(str(Path.cwd() / "src" / "greenlet"))
    module("psutil", Process=Process)
    sys.meta_path.append(_Extension())


def fixtures() -> object:
    return object()


def mend_conftest(conftest: object) -> None:
    pass
