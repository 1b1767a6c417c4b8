"""JSON as FastAPI reads it, and as it writes what an endpoint returns that has no model.

That is dicts and lists of plain values most often. FastAPI copies them first (``jsonable_encoder``), asking of each
value in them what kind it is. Of plain values the copy is the same, so that none is needed.
"""

from __future__ import annotations

import json
from types import NoneType
from typing import Any

__all__ = ["json_bytes", "json_value"]

_PLAIN = frozenset({str, int, float, bool, NoneType})
# How deep containers may be within one another; one may be within itself.
_MOST_DEEP = 20

# As JSONResponse writes it.
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
# As json.loads() reads it that is given no options.
_decoder: Any = json.JSONDecoder()
_scan = _decoder.scan_once
_BRACE = b"{"[0]


def _is_plain(value: Any, depth: int) -> bool:
    type_ = type(value)
    if type_ is dict:
        # FastAPI leaves out what SQLAlchemy keeps in an object.
        if not all(type(key) is str and not key.startswith("_sa") for key in value):
            return False
        values = value.values()
    elif type_ is list or type_ is tuple:
        values = value
    else:
        return type_ in _PLAIN
    if _PLAIN.issuperset(map(type, values)):
        return True
    return depth > 0 and all(_is_plain(each, depth - 1) for each in values)


def json_bytes(value: Any) -> bytes | None:
    """The value as JSON; None where FastAPI is to make it, or to say why it cannot."""
    if not _is_plain(value, _MOST_DEEP):
        return None
    try:
        return _encode(value).encode()
    except ValueError:  # an infinite number, or half of a surrogate pair
        return None


def json_value(body: bytes) -> Any:
    """What ``json.loads()`` makes of it, which looks for encodings and white space first."""
    if body[0] == _BRACE and b"\0" not in body[:4]:
        try:
            text = body.decode("utf-8", "surrogatepass")
            value, end = _scan(text, 0)
        except StopIteration:
            return json.loads(body)
        if end == len(text):
            return value
    return json.loads(body)
