"""What stands in the place of servers, threads and packages that cannot be where the tests run.

Each suite has a module here with `install()`, called before anything of the suite is imported, `mend_conftest(module)`,
and `fixtures()`, which gives a plugin.
"""

from __future__ import annotations

import importlib
import sys
import types
from typing import Any


def module(name: str, **contents: Any) -> None:
    """Put a module, and packages around it, where `import` finds it."""
    made = types.ModuleType(name)
    made.__dict__.update(contents)
    sys.modules[name] = made
    parent, _, last = name.rpartition(".")
    if parent and parent not in sys.modules:
        module(parent, __path__=[])
    if parent:
        setattr(sys.modules[parent], last, made)


def _of(suite: str) -> types.ModuleType:
    return importlib.import_module(f"{__name__}.{suite}_")


def install(suite: str) -> None:
    _of(suite).install()


def mend_conftest(suite: str, conftest: object) -> None:
    _of(suite).mend_conftest(conftest)


def fixtures(suite: str) -> object:
    return _of(suite).fixtures()
