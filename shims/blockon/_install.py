"""What every interpreter gets when Pyodide's own packages are there, a Worker's and an embedder's alike."""

from __future__ import annotations

import _blockon
import js

from . import _blocking, _clients, _environment, _event_loop, _imports, _promise_futures, _sockets, _tasks

__all__ = ["install"]


def _change_http_client(_module: object) -> None:
    from . import _http_client

    _http_client.install()


def _change_url_parse(_module: object) -> None:
    from . import _url_parse

    _url_parse.install()


def _change_http11(module: object) -> None:
    from . import _httpx

    _httpx.change_http11(module)


def _change_httpx_urls(module: object) -> None:
    from . import _httpx

    _httpx.change_urls(module)


# Imported by those who change them no sooner than the modules themselves.
_CHANGES = {
    "http.client": _change_http_client,
    "httpcore._async.http11": _change_http11,
    "httpcore._sync.http11": _change_http11,
    "httpx._urls": _change_httpx_urls,
    "urllib.parse": _change_url_parse,
}
_is_installed = False


def install() -> None:
    """Install the Python halves of what the guest does, once: a memory snapshot has them, and starts up again."""
    global _is_installed
    if _is_installed:
        return
    _is_installed = True
    _event_loop.install()
    _tasks.install()
    _blocking.install()
    _promise_futures.install()
    _sockets.install()
    _clients.install()
    _environment.install()
    for name, change in _CHANGES.items():
        _imports.when_imported(name, change)
    _blockon.set_js_id(next(type_ for type_ in type(js.Object).__mro__ if "js_id" in type_.__dict__))
