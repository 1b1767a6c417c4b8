"""Values that go to other Workers and come from them, as Python's."""

from __future__ import annotations

import datetime
from typing import Any

from ._api.host import Operation, finish
from ._api.request import Request
from ._api.response import Response
from ._bridge import JsException, JsProxy, host, js, jsnull, to_js

__all__ = ["bodies", "from_realm", "is_null", "raised", "to_realm"]

_PLAIN = (str, bool, int, float, bytes, datetime.datetime)


def is_null(value: Any) -> bool:
    """Whether it is JavaScript's null or undefined."""
    return value is None or value is jsnull


def raised(error: JsException) -> tuple[str, str]:
    """The name and the text of an error of JavaScript's."""
    return str(getattr(error, "name", "Error")), str(getattr(error, "message", error))


def from_realm(value: Any) -> Any:
    """What a JavaScript value is in Python. Raises TypeError for what is nothing there."""
    if isinstance(value, JsProxy):
        value = value.to_py(default_converter=_from_object)
    return _plain(value)


def _from_object(value: Any, _convert: Any, _cache: Any) -> Any:
    kind = value.constructor.name
    if kind == "Date":
        return datetime.datetime.fromtimestamp(value.getTime() / 1000, datetime.UTC)
    if kind in ("Request", "Response"):
        # Of another Worker's: it came whole.
        body = host("exchange").readWhole(value).to_bytes()
        headers = [tuple(pair) for pair in js.Array.from_(value.headers.entries()).to_py()]
        if kind == "Response":
            return Response(body or None, value.status, headers)
        return Request(value.method, value.url, headers=headers, content=body or None)
    raise TypeError(f"JavaScript's {kind} has no counterpart in this API")


def _plain(value: Any) -> Any:
    """Without null, and with bytes for what is a view of them."""
    if value is jsnull:
        return None
    if isinstance(value, memoryview):
        return value.tobytes()
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value


def bodies(value: Any) -> Operation[None]:
    """Read the bodies of the requests in it, for to_realm()."""
    if isinstance(value, Request):
        yield from value._whole()
    elif isinstance(value, dict):
        for each in value.values():
            yield from bodies(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from bodies(each)


def to_realm(value: Any) -> Any:
    """A copy of a value for JavaScript. Raises TypeError, which says where, for what cannot be sent."""
    _check(value, "the value", frozenset())
    return to_js(value, dict_converter=js.Object.fromEntries, default_converter=_to_object, create_pyproxies=False)


def _to_object(value: Any, _convert: Any, _cache: Any) -> Any:
    if isinstance(value, datetime.datetime):
        return js.Date.new(value.timestamp() * 1000)
    options = js.Object.new()
    options.headers = to_js([list(pair) for pair in value.headers.items()])
    if isinstance(value, Response):
        options.status = value.status_code
        return js.Response.new(to_js(value.body) if value.body else None, options)
    options.method = value.method
    body = finish(value._whole())
    if body:
        options.body = to_js(body)
    return js.Request.new(str(value.url), options)


def _check(value: Any, where: str, around: frozenset[int]) -> None:
    if value is None or isinstance(value, (*_PLAIN, Request, Response)):
        return
    if id(value) in around:
        raise TypeError(f"{where} contains itself: it cannot be sent to another Worker")
    inside = around | {id(value)}
    if isinstance(value, dict):
        for key, each in value.items():
            if not isinstance(key, str):
                raise TypeError(f"{where} has the key {key!r}: those that are sent to another Worker are str")
            _check(each, f"{where}[{key!r}]", inside)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for index, each in enumerate(value):
            _check(each, f"{where}[{index}]", inside)
    else:
        raise TypeError(
            f"{where} is of {type(value).__name__}: what is sent to another Worker is None, bool, int, float, str, "
            "bytes, datetime, a Request or Response, or a list, dict or set of them"
        )
