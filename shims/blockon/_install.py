"""What every interpreter gets when Pyodide's own packages are there, a Worker's and an embedder's alike."""

from __future__ import annotations

from typing import Any

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


def _change_http_client(module: object) -> None:
    from . import _http_client

    _http_client.install(module)


def _change_url_parse(module: object) -> None:
    from . import _url_parse

    _url_parse.install(module)


def _change_http11(module: object) -> None:
    from . import _httpx

    _httpx.change_http11(module)


def _change_httpx_urls(module: object) -> None:
    from . import _httpx

    _httpx.change_urls(module)


def _change_urllib3(module: Any) -> None:
    from . import _urllib3

    _urllib3.CHANGES[module.__name__](module)


def _change_requests(module: Any) -> None:
    from . import _requests

    _requests.CHANGES[module.__name__](module)


def _change_anyio(module: object) -> None:
    from . import _anyio

    _anyio.change_backend(module)


# Imported by those who change them no sooner than the modules themselves.
_CHANGES = {
    "http.client": _change_http_client,
    "httpcore._async.http11": _change_http11,
    "httpcore._sync.http11": _change_http11,
    "httpcore2._async.http11": _change_http11,
    "httpcore2._sync.http11": _change_http11,
    "httpx._urls": _change_httpx_urls,
    "httpx2._urls": _change_httpx_urls,
    "requests.models": _change_requests,
    "requests.sessions": _change_requests,
    "requests.structures": _change_requests,
    "requests.utils": _change_requests,
    "urllib.parse": _change_url_parse,
    "urllib3._collections": _change_urllib3,
    "urllib3.connection": _change_urllib3,
    "urllib3.poolmanager": _change_urllib3,
    "urllib3.util.url": _change_urllib3,
}


def _install_shims() -> None:
    _sockets.install()
    _clients.install()
    for name, change in _CHANGES.items():
        _imports.when_imported(name, change)


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
    _imports.when_imported("anyio._backends._asyncio", _change_anyio)
    _imports.when_imported("multiprocessing.process", _processes.change_process)
    _imports.when_imported("subprocess", _processes.change_subprocess)
    if shims:
        _install_shims()
    else:
        _blockon.leave_sockets()
        _sockets.use_pyodides_ssl()
    _blockon.set_js_id(next(type_ for type_ in type(js.Object).__mro__ if "js_id" in type_.__dict__))
    _with_shims = shims
