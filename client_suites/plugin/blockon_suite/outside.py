"""Asks the process with the servers (blockon_servers). BLOCKON_SERVERS is its URL."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import sys
import urllib.parse
from collections.abc import Iterator
from typing import Any


class OutsideError(Exception):
    """The text that was answered: a traceback of the other process."""


def _post_by_fetch(url: str, body: str) -> tuple[int, str]:
    """Inside the runtime, by its own fetch: the sockets are what is tested."""
    import js
    from pyodide.ffi import run_sync, to_js

    options = to_js({"method": "POST", "body": body}, dict_converter=js.Object.fromEntries)
    response = run_sync(js.fetch(url, options))
    return response.status, run_sync(response.text())


def _post_by_socket(url: str, body: str) -> tuple[int, str]:
    parts = urllib.parse.urlsplit(url)
    with contextlib.closing(http.client.HTTPConnection(parts.netloc, timeout=30)) as connection:
        connection.request("POST", parts.path, body)
        response = connection.getresponse()
        return response.status, response.read().decode()


def call(name: str, **arguments: Any) -> Any:
    """One of the functions that blockon_servers has."""
    post = _post_by_fetch if sys.platform == "emscripten" else _post_by_socket
    status, text = post(f"{os.environ['BLOCKON_SERVERS']}/{name}", json.dumps(arguments))
    if status != 200:
        raise OutsideError(text)
    return json.loads(text)


@contextlib.contextmanager
def server(kind: str, **arguments: Any) -> Iterator[dict[str, Any]]:
    """A server that listens during the block: what is to be known of it."""
    known = call("start", kind=kind, **arguments)
    try:
        yield known
    finally:
        call("stop", number=known["number"])
