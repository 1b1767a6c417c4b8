"""What requests does with headers and parameters for each request, without a call for each of them.

As in ``_urllib3``: what is not known by its code is left alone, and a class that is derived from one of these is as it
was.
"""

from __future__ import annotations

import functools
import os
import urllib.request
from collections import OrderedDict
from typing import Any

from ._known_code import are_known
from ._url_parse import is_parsed

__all__ = ["change_models", "change_sessions", "change_structures", "change_utils"]

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
_SETTINGS = {"merge_setting": frozenset({0x739DF1DF, 0x49C77EDC})}
_PROXIES = {"select_proxy": frozenset({0xB2F203B3, 0x604A80CD})}
_ENVIRONMENT = {
    "get_environ_proxies": frozenset({0x8BEAF043, 0xB20E5D46}),
    "should_bypass_proxies": frozenset({0xE8B3D576, 0x3C072C5A}),
}
_NETRC = {"get_netrc_auth": frozenset({0xCE599059, 0xDE76F476, 0x287715ED, 0x1C776AB1})}
_PREPARED = {"prepare_headers": frozenset({0x096DD6FC, 0x7DF9B2CD})}
_VALIDITY = {
    "check_header_validity": frozenset({0x158D3453, 0x6874B108}),
    "_validate_header_part": frozenset({0x0BC71FB4, 0x36235E91, 0x3B6A35B4}),
    "to_native_string": frozenset({0xBCA14B75}),
}

_DICTS = (dict, OrderedDict)


def change_structures(module: Any) -> None:
    """``CaseInsensitiveDict`` is asked, made and copied without the calls of MutableMapping."""
    class_: Any = module.CaseInsensitiveDict
    if not are_known(class_, _HEADERS) or "get" in vars(class_) or "update" in vars(class_):
        return
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
        elif type_ in _DICTS:
            self._store = OrderedDict([(name.lower(), (name, value)) for name, value in data.items()])
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
    """``_encode_params``: no parameters are no text. ``prepare_headers``: what is text is checked in one go."""
    _change_parameters(module.RequestEncodingMixin)
    _change_prepared(module)


def _change_parameters(class_: Any) -> None:
    if not are_known(class_, _PARAMETERS):
        return
    original = class_._encode_params

    @functools.wraps(original)
    def encode_params(data: Any) -> Any:
        return "" if type(data) in _DICTS and not data else original(data)

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
        elif type_ in _DICTS:
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


def change_sessions(module: Any) -> None:
    """``merge_setting``: headers and dicts are merged as they are."""
    if not are_known(module, _SETTINGS):
        return
    original, headers_type = module.merge_setting, module.CaseInsensitiveDict

    @functools.wraps(original)
    def merge_setting(request_setting: Any, session_setting: Any, dict_class: Any = OrderedDict) -> Any:
        if request_setting is None or session_setting is None:
            return request_setting if session_setting is None else session_setting
        of_request, of_session = type(request_setting), type(session_setting)
        if dict_class is headers_type and of_session is headers_type and of_request in (*_DICTS, headers_type):
            merged = headers_type(session_setting)
            store = merged._store
            items = request_setting._store.values() if of_request is headers_type else request_setting.items()
            for name, value in items:
                store[name.lower()] = (name, value)
            for name in [name for name, item in store.items() if item[1] is None]:
                del store[name]
            return merged
        if dict_class is OrderedDict and of_session in _DICTS and of_request in _DICTS:
            merged = OrderedDict(session_setting)
            merged.update(request_setting)
            for name in [name for name, value in merged.items() if value is None]:
                del merged[name]
            return merged
        return original(request_setting, session_setting, dict_class)

    module.merge_setting = merge_setting


def change_utils(module: Any) -> None:
    """Proxies and a netrc of which there are none are looked for once."""
    _change_proxies(module)
    _change_environment(module)
    _change_netrc(module)


def _change_proxies(module: Any) -> None:
    if not are_known(module, _PROXIES):
        return
    original = module.select_proxy

    @functools.wraps(original)
    def select_proxy(url: Any, proxies: Any) -> Any:
        if type(url) is str and (proxies is None or (type(proxies) in _DICTS and not proxies)):
            _ = module.urlparse(url).hostname  # it may be none
            return None
        return original(url, proxies)

    module.select_proxy = select_proxy


def _change_environment(module: Any) -> None:
    if not are_known(module, _ENVIRONMENT):
        return
    original = module.get_environ_proxies
    usual = (module.should_bypass_proxies, urllib.request.getproxies)
    environ_type: Any = type(os.environ)

    @functools.wraps(original)
    def get_environ_proxies(url: Any, no_proxy: Any = None) -> Any:
        environ: Any = os.environ
        if (
            is_parsed(url)
            and no_proxy is None
            and type(environ) is environ_type
            and b"proxy" not in b"\n".join(environ._data).lower()
            and (module.should_bypass_proxies, module.getproxies) == usual
        ):
            return {}
        return original(url, no_proxy)

    module.get_environ_proxies = get_environ_proxies


def _change_netrc(module: Any) -> None:
    if not are_known(module, _NETRC):
        return
    original = module.get_netrc_auth
    exists, expand, files = os.path.exists, os.path.expanduser, tuple(f"~/{name}" for name in module.NETRC_FILES)

    @functools.lru_cache(maxsize=4)
    def in_home(_home: str | None) -> list[str]:
        return [expand(file) for file in files]

    @functools.wraps(original)
    def get_netrc_auth(url: Any, raise_errors: bool = False) -> Any:
        environ, path = os.environ, os.path
        is_plain = type(url) is str and path.exists is exists and path.expanduser is expand
        if is_plain and environ.get("NETRC") is None:
            for file in in_home(environ.get("HOME")):
                # It raises nothing where there is none, as stat does.
                if os.access(file, os.F_OK):
                    break
            else:
                return None
        return original(url, raise_errors)

    module.get_netrc_auth = get_netrc_auth
