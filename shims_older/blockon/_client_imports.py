"""What a Python without OpenSSL and sockets has clients import: an ``ssl`` of names, and httpx over the fetch.

Where no thread can be, functions that anyio would give to one run where they are called.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Callable, Sequence
from contextvars import copy_context
from functools import partial
from typing import Any, Never

from . import _imports

__all__ = ["install"]

_SOURCE = "blockon._ssl_module"


class _SslFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Answers for ``ssl`` alone, which Pyodide keeps in a package of its own."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        return importlib.machinery.ModuleSpec(fullname, self) if fullname == "ssl" else None

    def exec_module(self, module: types.ModuleType) -> None:
        found: Any = importlib.util.find_spec(_SOURCE)
        module.__file__ = found.origin
        exec(found.loader.get_code(_SOURCE), module.__dict__)


def _run_at_once(module: types.ModuleType) -> None:
    """``anyio.to_thread.run_sync`` has no thread to give the function to."""

    async def run_sync(function: Callable[..., Any], *arguments: Any, **_options: Any) -> Any:
        return copy_context().run(function, *arguments)

    to_thread: Any = module
    to_thread.run_sync = run_sync


def _refuse_to_block(why: str, module: types.ModuleType) -> None:
    """urllib3 blocks on its fetch, or on an XMLHttpRequest, which a Worker has not."""

    def send_request(_request: object) -> Never:
        raise RuntimeError(why)

    fetch: Any = module
    fetch.send_request = send_request


def _send_by_fetch(module: types.ModuleType) -> None:
    from . import _httpx_fetch

    _httpx_fetch.change_transports(module)


def install(why_no_run_sync: str | None) -> None:
    """Have them found from now on. asyncio, which looks for ``ssl`` by itself, has been imported without."""
    sys.meta_path.insert(0, _SslFinder())
    _imports.when_imported("httpx._transports.default", _send_by_fetch)
    if why_no_run_sync is not None:
        _imports.when_imported("anyio.to_thread", _run_at_once)
        _imports.when_imported("urllib3.contrib.emscripten.fetch", partial(_refuse_to_block, why_no_run_sync))
