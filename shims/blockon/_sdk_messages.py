"""Request and Response of Cloudflare's SDK, made in fewer steps where they are plain.

The SDK asks JavaScript for each class and its constructor anew, and what the name of an object's constructor is. What
is odd, derived from these classes with parts of its own, or of an SDK whose code is not known here, is as it was.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ._known_code import are_known
from ._realm_exchange import realm

__all__ = ["change_response", "request_maker"]

# By CPython 3.14's compiler, of workers-runtime-sdk 1.9.
_REQUEST = {"__init__": frozenset({0xD65C1B80})}
_RESPONSE = {"__init__": frozenset({0x22ABF4BF}), "_create_options": frozenset({0xB540076F})}
_FETCH_RESPONSE = {"__init__": frozenset({0x57C06D0D})}

_NULL_BODY = (101, 103, 204, 205, 304)


def request_maker(class_: Any) -> Callable[[Any], Any]:
    """What makes the SDK's Request of a JavaScript Request that came in."""
    if not are_known(class_, _REQUEST) or "__new__" in vars(class_):
        return class_
    new = object.__new__

    def make(request: Any) -> Any:
        made = new(class_)
        made._js_request = request
        return made

    return make


def _lines(headers: Any) -> str | None:
    """Names and values of plain headers, each a line; None for others."""
    if headers is None:
        return ""
    if type(headers) is not dict:
        return None
    parts = [part for pair in headers.items() for part in pair]
    for part in parts:
        if type(part) is not str:
            return None
    lines = "\n".join(parts)
    return lines if lines.count("\n") == max(0, len(parts) - 1) else None


def change_response(module: Any) -> None:
    """A Response of a string or bytes is made by one call of JavaScript's."""
    class_ = module.Response
    base = module.pyodide.http.FetchResponse
    if not are_known(class_, _RESPONSE) or not are_known(base, _FETCH_RESPONSE):
        return
    original = class_.__init__

    @functools.wraps(original)
    def __init__(  # noqa: N807 - it is one
        self: Any,
        body: Any = None,
        status: Any = None,
        status_text: str = "",
        headers: Any = None,
        web_socket: Any = None,
    ) -> None:
        if (
            type(body) is not str
            or web_socket is not None
            or status_text != ""
            or (status is not None and (type(status) is not int or not 200 <= status <= 599 or status in _NULL_BODY))
            or (lines := _lines(headers)) is None
        ):
            original(self, body, status, status_text, headers, web_socket)
            return
        self.js_request = None
        self._url = ""
        self.js_response = realm.text(body, status or 200, lines)
        self.abort_controller = None
        self.abort_signal = None

    class_.__init__ = __init__
