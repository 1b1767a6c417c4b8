"""Changes to modules of the standard library and of clients, made when somebody imports them, never before."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["when_imported"]

Change = Callable[[types.ModuleType], None]


class _Loader(importlib.abc.Loader):
    """Loads as `loader` does, and changes what came of it. The module knows of `loader` alone."""

    def __init__(self, loader: importlib.abc.Loader, changes: list[Change]) -> None:
        self._loader = loader
        self._changes = changes

    def __getattr__(self, name: str) -> Any:
        # Sources, code and resources: for who has looked for the module and not loaded it.
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._loader, name)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: types.ModuleType) -> None:
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        for change in self._changes:
            change(module)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds what others do, and has it changed."""

    def __init__(self) -> None:
        self._changes: dict[str, list[Change]] = {}

    def add(self, name: str, change: Change) -> None:
        self._changes.setdefault(name, []).append(change)

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: types.ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        changes = self._changes.get(fullname)
        if changes is None:
            return None
        for finder in sys.meta_path:
            find_spec = getattr(finder, "find_spec", None)
            spec = None if finder is self or find_spec is None else find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _Loader(spec.loader, changes)
                return spec
        return None


_finder = _Finder()


def when_imported(name: str, change: Change) -> None:
    """Have a module changed, behind the changes that it has: now if it has been imported, else as soon as it is."""
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
    # One that another task is just importing is whole then.
    module = importlib.import_module(name) if name in sys.modules else None
    _finder.add(name, change)
    if module is not None:
        change(module)
