"""What every interpreter gets when Pyodide's own packages are there, a Worker's and an embedder's alike."""

from __future__ import annotations

import functools
import importlib
import types

import _blockon

from . import (
    _blocking,
    _clients,
    _environment,
    _event_loop,
    _fetch,
    _imports,
    _interval_timer,
    _processes,
    _promise_futures,
    _sockets,
    _tasks,
    _thread_loops,
    _threads,
)
from ._bridge import js

__all__ = ["install"]

# Whether sockets, TLS and clients are blockon's or Pyodide's. None until then: a memory snapshot has all of it.
_with_shims: bool | None = None


# Modules, and what changes each: a function of a module of ours, imported no sooner than that one.
_CHANGES = {
    "encodings.idna": "_host_names.change_idna",
    "fastapi.applications": "_fastapi.change_applications",
    "fastapi.routing": "_fastapi.change_routing",
    "http.client": "_http_client.install",
    "httpcore._async.http11": "_httpx.change_http11",
    "httpcore._sync.http11": "_httpx.change_http11",
    "httpcore2._async.http11": "_httpx.change_http11",
    "httpcore2._sync.http11": "_httpx.change_http11",
    "httpx._models": "_httpx.change_models",
    "httpx._urls": "_httpx.change_urls",
    "httpx2._urls": "_httpx.change_urls",
    "requests.cookies": "_requests_cookies.change_cookies",
    "requests.models": "_requests.change_models",
    "requests.sessions": "_requests_settings.change_sessions",
    "requests.structures": "_requests.change_structures",
    "requests.utils": "_requests_settings.change_utils",
    "starlette.middleware.base": "_middleware.change_base",
    "urllib.parse": "_url_parse.install",
    "urllib3._collections": "_urllib3.change_collections",
    "urllib3.connection": "_urllib3.change_connection",
    "urllib3.connectionpool": "_urllib3_pools.change_connectionpool",
    "urllib3.poolmanager": "_urllib3_pools.change_poolmanager",
    "urllib3.response": "_urllib3_responses.change_response",
    "urllib3.util.timeout": "_urllib3.change_timeout",
    "urllib3.util.url": "_urllib3.change_url",
    "workers.response": "_sdk_messages.change_response",
}


def _change_by(place: str, module: types.ModuleType) -> None:
    ours, _, function = place.partition(".")
    getattr(importlib.import_module(f".{ours}", __package__), function)(module)


def _change_when_imported(name: str, place: str) -> None:
    _imports.when_imported(name, functools.partial(_change_by, place))


def _install_shims() -> None:
    _sockets.install()
    _clients.install()
    for name, place in _CHANGES.items():
        _change_when_imported(name, place)


def install(shims: bool, fetch: bool) -> None:
    """Install the Python halves of what the guest does, once: a memory snapshot has them, and starts up again.

    Without ``shims``, sockets, ``ssl`` and HTTP clients are as in stock Pyodide. ``fetch``: there is an option of that
    name, each time anew.
    """
    if _with_shims is None:
        _install_once(shims)
    elif _with_shims != shims:
        made_with = str(_with_shims).lower()
        raise RuntimeError(f"loadPyodide: the memory snapshot was made with the option shims: {made_with}")
    _threads.tell_platform()
    _fetch.take_option(fetch)


def _install_once(shims: bool) -> None:
    global _with_shims
    _event_loop.install()
    _tasks.install()
    _thread_loops.install()
    _blocking.install()
    _promise_futures.install()
    _threads.install()
    _environment.install()
    _interval_timer.install()
    _change_when_imported("anyio._backends._asyncio", "_anyio.change_backend")
    _imports.when_imported("_sqlite3", _threads.change_sqlite)
    _imports.when_imported("multiprocessing.process", _processes.change_process)
    _imports.when_imported("subprocess", _processes.change_subprocess)
    if shims:
        _install_shims()
    else:
        _blockon.leave_sockets()
        _sockets.use_pyodides_ssl()
    _blockon.set_js_id(next(type_ for type_ in type(js.Object).__mro__ if "js_id" in type_.__dict__))
    _with_shims = shims
