"""What every interpreter gets when Pyodide's own packages are there, a Worker's and an embedder's alike."""

from __future__ import annotations

import _blockon
import js

from . import _blocking, _clients, _event_loop, _imports, _promise_futures, _sockets, _tasks

__all__ = ["install"]


def _change_http_client(_module: object) -> None:
    from . import _http_client

    _http_client.install()


def _change_url_parse(_module: object) -> None:
    from . import _url_parse

    _url_parse.install()


def install() -> None:
    """Install the Python halves of what the guest does."""
    _event_loop.install()
    _tasks.install()
    _blocking.install()
    _promise_futures.install()
    _sockets.install()
    _clients.install()
    _imports.when_imported("http.client", _change_http_client)
    _imports.when_imported("urllib.parse", _change_url_parse)
    _blockon.set_js_id(next(type_ for type_ in type(js.Object).__mro__ if "js_id" in type_.__dict__))
