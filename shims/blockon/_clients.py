"""HTTP clients: what they bring for Emscripten is kept from them, and a fetch that is set gets into their way.

urllib3 imports ``urllib3.contrib.emscripten`` there, and calls its ``inject_into_urllib3``; it gets one that changes
nothing, so that its connections stay those that it has on every other system, and with them all that is built on it.

The modules by which clients connect are changed (``_client_adapters``) once a fetch may be there, and not before.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Sequence

from . import _imports

__all__ = ["follow_fetch", "install"]

_KEPT_AWAY = "urllib3.contrib.emscripten"
_CONNECTING = (
    "aiohttp.connector",
    "http.client",
    "httpcore._backends.anyio",
    "httpcore._backends.sync",
    "urllib3.connection",
)
_following = False


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


_finder = _Finder()


def install() -> None:
    """Have it answered for from now on. Before, no client can have been imported."""
    sys.meta_path.insert(0, _finder)


def _adapt(module: types.ModuleType) -> None:
    from ._client_adapters import ADAPTERS

    ADAPTERS[module.__name__](module)


def follow_fetch() -> None:
    """Have clients ask for a fetch when they connect. Raises RuntimeError where they are left as they are."""
    global _following
    if _following:
        return
    if _finder not in sys.meta_path:
        raise RuntimeError("HTTP clients are left as they are here: loadPyodide was given shims: false")
    _following = True
    for name in _CONNECTING:
        _imports.when_imported(name, _adapt)
