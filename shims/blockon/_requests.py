"""What requests does with headers, parameters and URLs for each request, without a call for each of them.

As in ``_urllib3``: what is not known by its code is left alone, and a class that is derived from one of these is as it
was.
"""

from __future__ import annotations

import contextlib
import functools
from collections import OrderedDict
from operator import attrgetter
from typing import Any

from ._known_code import are_known

__all__ = ["DICTS", "change_models", "change_structures"]

# By CPython 3.14's compiler, of requests 2.31 to 2.33, and of 2.34.
_HEADERS = {
    "__init__": frozenset({0xBEB27E3A, 0x32C9AF89}),
    "__setitem__": frozenset({0xF7445BA7, 0x4238563A}),
    "__getitem__": frozenset({0x92555528, 0x6C844E72}),
    "__iter__": frozenset({0xD79B212B, 0xF39B7FA6}),
    "copy": frozenset({0x378A6D5E, 0xF69AE57F}),
}
_STORE = {"__setitem__": _HEADERS["__setitem__"]}
_PARAMETERS = {"_encode_params": frozenset({0xEC97F8BD, 0x0AC67337})}
# Of urllib3.
_ITEMS = {"__iter__": frozenset({0xC14936D8}), "__getitem__": frozenset({0x3EF02C04, 0x9F3AAB61})}
_PREPARED = {"prepare_headers": frozenset({0x096DD6FC, 0x7DF9B2CD})}
_URL = {"prepare_url": frozenset({0x258949C6, 0xF21F66C6})}
_VALIDITY = {
    "check_header_validity": frozenset({0x158D3453, 0x6874B108}),
    "_validate_header_part": frozenset({0x0BC71FB4, 0x36235E91, 0x3B6A35B4}),
    "to_native_string": frozenset({0xBCA14B75}),
}

#: Types whose items are told by themselves alone.
DICTS = (dict, OrderedDict)


def change_structures(module: Any) -> None:
    """``CaseInsensitiveDict`` is asked, made and copied without the calls of MutableMapping."""
    class_: Any = module.CaseInsensitiveDict
    if not are_known(class_, _HEADERS) or "get" in vars(class_) or "update" in vars(class_):
        return
    from urllib3._collections import HTTPHeaderDict

    received_type = HTTPHeaderDict if are_known(HTTPHeaderDict, _ITEMS) else None
    original, get, contains = class_.__init__, class_.get, class_.__contains__

    @functools.wraps(original)
    def __init__(self: Any, data: Any = None, **others: Any) -> None:  # noqa: N807 - it is one
        type_ = type(data)
        if type(self) is not class_ or others:
            original(self, data, **others)
        elif data is None:
            self._store = OrderedDict()
        elif type_ is class_:
            # In the order of its names, which come from the items and not from the keys.
            self._store = OrderedDict([(item[0].lower(), item) for item in data._store.values()])
        elif type_ in DICTS:
            self._store = OrderedDict([(name.lower(), (name, value)) for name, value in data.items()])
        elif type_ is received_type:
            items = [(item[0], ", ".join(item[1:])) for item in data._container.values()]
            self._store = OrderedDict([(item[0].lower(), item) for item in items])
        elif type_ is list:
            self._store = OrderedDict([(name.lower(), (name, value)) for name, value in data])
        else:
            original(self, data)

    @functools.wraps(get)
    def get_(self: Any, key: Any, default: Any = None) -> Any:
        if type(self) is not class_:
            return get(self, key, default)
        item = self._store.get(key.lower())
        return default if item is None else item[1]

    @functools.wraps(contains)
    def __contains__(self: Any, key: Any) -> bool:  # noqa: N807 - it is one
        return key.lower() in self._store if type(self) is class_ else contains(self, key)

    class_.__init__ = __init__
    class_.get = get_
    class_.__contains__ = __contains__
    _add_pairs(class_)


def _add_pairs(class_: Any) -> None:
    from . import _urllib3

    _urllib3.PAIRS[class_] = lambda headers: (headers._store, headers._store.values())


def change_models(module: Any) -> None:
    """``_encode_params``: no parameters are no text. ``prepare_headers``: what is text is checked in one go.
    ``prepare_url``: the same text without parameters is prepared once.
    """
    _change_parameters(module.RequestEncodingMixin)
    _change_prepared(module)
    _change_url(module)


def _change_parameters(class_: Any) -> None:
    if not are_known(class_, _PARAMETERS):
        return
    original = class_._encode_params

    @functools.wraps(original)
    def encode_params(data: Any) -> Any:
        return "" if type(data) in DICTS and not data else original(data)

    class_._encode_params = staticmethod(encode_params)


def _change_prepared(module: Any) -> None:
    from requests import utils

    class_: Any = module.PreparedRequest
    headers_type: Any = module.CaseInsensitiveDict
    if not (are_known(class_, _PREPARED) and are_known(utils, _VALIDITY) and are_known(headers_type, _STORE)):
        return
    original, check = class_.prepare_headers, module.check_header_validity
    is_name, is_value = (pattern.match for pattern in utils.HEADER_VALIDATORS[str])

    @functools.wraps(original)
    def prepare_headers(self: Any, headers: Any) -> None:
        type_ = type(headers)
        if type_ is headers_type:
            pairs = headers._store.values()
        elif type_ in DICTS:
            pairs = headers.items()
        else:
            return original(self, headers)
        prepared = headers_type()
        store = prepared._store
        for name, value in pairs:
            if type(name) is not str or type(value) is not str or not is_name(name) or not is_value(value):
                return original(self, headers)
            store[name.lower()] = (name, value)
        if module.check_header_validity is not check:
            return original(self, headers)
        self.headers = prepared
        return None

    class_.prepare_headers = prepare_headers


def _change_url(module: Any) -> None:
    class_: Any = module.PreparedRequest
    if not are_known(class_, _URL):
        return
    original = class_.prepare_url
    uses = attrgetter("parse_url", "requote_uri", "urlunparse", "unicode_is_ascii")
    usual, encode = uses(module), class_._encode_params

    @functools.lru_cache
    def of_text(url: str) -> str:
        request = class_()
        original(request, url, None)
        made: str = request.url
        return made

    @functools.wraps(original)
    def prepare_url(self: Any, url: Any, params: Any) -> None:
        # Other text depends on whether there is a package idna.
        is_plain = type(url) is str and url.isascii() and uses(module) == usual
        made: str | None = None
        if is_plain and (params is None or (type(params) in DICTS and not params and self._encode_params is encode)):
            # What this raises the original does, with no other error as its context.
            with contextlib.suppress(Exception):
                made = of_text(url)
        if made is None:
            original(self, url, params)
        else:
            self.url = made

    class_.prepare_url = prepare_url
