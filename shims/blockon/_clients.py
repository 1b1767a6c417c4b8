"""Clients that bring a way of their own for Emscripten, over ``fetch``: it is kept from them, since sockets are here.

urllib3 imports ``urllib3.contrib.emscripten`` there, and calls its ``inject_into_urllib3``; it gets one that changes
nothing, so that its connections stay those that it has on every other system, and with them all that is built on it.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Sequence

__all__ = ["install"]

_KEPT_AWAY = "urllib3.contrib.emscripten"


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Answers for that module alone."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: types.ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True) if fullname == _KEPT_AWAY else None

    def exec_module(self, module: types.ModuleType) -> None:
        module.inject_into_urllib3 = lambda: None  # type: ignore[attr-defined]


def install() -> None:
    """Have it answered for from now on. Before, no client can have been imported."""
    sys.meta_path.insert(0, _Finder())
