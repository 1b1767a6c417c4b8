"""HTTP clients: what they bring for Emscripten is kept from them, and a fetch that is set gets into their way.

Their connections stay those that they have on every other system: urllib3 gets a ``urllib3.contrib.emscripten`` whose
``inject_into_urllib3`` changes nothing, and httpx2 a ``httpx2_jsfetch`` with the transports of httpx2 itself.

The modules by which clients connect are changed (``_client_adapters``) once a fetch may be there, and not before.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Sequence
from typing import Any

from . import _fetch, _imports

__all__ = ["follow_fetch", "install", "refuse_unknown"]

_CONNECTING = (
    "aiohttp.connector",
    "http.client",
    "httpcore._backends.anyio",
    "httpcore._backends.sync",
    "httpcore2._backends.anyio",
    "httpcore2._backends.sync",
    "urllib3.connection",
)
_followed: set[str] = set()
# Modules that are otherwise than they are known, and how: no fetch can get into their way.
_unknown: dict[str, str] = {}


def _fill_emscripten_of_urllib3(module: Any) -> None:
    module.inject_into_urllib3 = lambda: None


def _fill_httpx2_jsfetch(module: Any) -> None:
    default: Any = importlib.import_module("httpx2._transports.default")
    module.JavascriptFetchTransport = default.HTTPTransport
    module.AsyncJavascriptFetchTransport = default.AsyncHTTPTransport


_KEPT_AWAY = {
    "httpx2_jsfetch": _fill_httpx2_jsfetch,
    "urllib3.contrib.emscripten": _fill_emscripten_of_urllib3,
}


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Answers for those modules alone."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: types.ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True) if fullname in _KEPT_AWAY else None

    def exec_module(self, module: types.ModuleType) -> None:
        _KEPT_AWAY[module.__name__](module)


_finder = _Finder()


def install() -> None:
    """Have them answered for from now on. Before, no client can have been imported."""
    sys.meta_path.insert(0, _finder)


def _adapt(module: types.ModuleType) -> None:
    from ._client_adapters import ADAPTERS

    try:
        ADAPTERS[module.__name__](module)
    except AttributeError as error:
        _unknown[module.__name__] = str(error)
        if _fetch.current() is not None:
            refuse_unknown()


def refuse_unknown() -> None:
    """Raise RuntimeError where a client was imported that would go round a fetch."""
    for name, why in _unknown.items():
        raise RuntimeError(f"no fetch gets into the way of {name}: this version of it is not known here ({why})")


def follow_fetch() -> None:
    """Have clients ask for a fetch when they connect. Raises RuntimeError where they are left as they are."""
    if _finder not in sys.meta_path:
        raise RuntimeError("HTTP clients are left as they are here: loadPyodide was given shims: false")
    for name in _CONNECTING:
        if name in _followed:
            continue
        _followed.add(name)  # at once: another one may come here while this one waits for an import
        try:
            _imports.when_imported(name, _adapt)
        except BaseException:
            _followed.discard(name)
            raise
