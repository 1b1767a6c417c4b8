"""Settings of requests: those of a session and of the environment are merged where there are some.

As in ``_urllib3``: what is not known by its code is left alone.
"""

from __future__ import annotations

import functools
import os
import urllib.request
from collections import OrderedDict
from typing import Any

from ._known_code import are_known
from ._requests import DICTS
from ._url_parse import is_parsed

__all__ = ["change_sessions", "change_utils"]

# By CPython 3.14's compiler, of requests 2.31 to 2.33, and of 2.34.
_SETTINGS = {"merge_setting": frozenset({0x739DF1DF, 0x49C77EDC})}
_MERGED = {"merge_environment_settings": frozenset({0x97763077, 0x2FB49240})}
_PROXIES = {"select_proxy": frozenset({0xB2F203B3, 0x604A80CD})}
_ENVIRONMENT = {
    "get_environ_proxies": frozenset({0x8BEAF043, 0xB20E5D46}),
    "should_bypass_proxies": frozenset({0xE8B3D576, 0x3C072C5A}),
}
_NETRC = {"get_netrc_auth": frozenset({0xCE599059, 0xDE76F476, 0x287715ED, 0x1C776AB1})}
_AUTH = {"get_auth_from_url": frozenset({0x0CF32F97, 0xE3B6A7BB})}


def change_sessions(module: Any) -> None:
    """``merge_setting``: headers and dicts are merged as they are. ``merge_environment_settings``: none is merged."""
    if not are_known(module, _SETTINGS):
        return
    _change_merging(module)
    _change_environment_settings(module)


def _change_environment_settings(module: Any) -> None:
    class_: Any = module.Session
    if not are_known(class_, _MERGED):
        return
    original = class_.merge_environment_settings
    usual = module.get_environ_proxies, module.merge_setting
    environ_type: Any = type(os.environ)

    def merged(given: Any, of_session: Any) -> Any:
        if given is None or of_session is None:
            return of_session if given is None else given
        return module.merge_setting(given, of_session)

    @functools.wraps(original)
    def merge_environment_settings(self: Any, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        own = self.proxies
        environ: Any = os.environ
        if (
            type(own) not in DICTS
            or own
            or type(proxies) not in DICTS
            or proxies
            or (module.get_environ_proxies, module.merge_setting) != usual
            or (
                self.trust_env
                and (
                    type(environ) is not environ_type
                    or b"REQUESTS_CA_BUNDLE" in environ._data
                    or b"CURL_CA_BUNDLE" in environ._data
                    or module.get_environ_proxies(url, no_proxy=None)
                )
            )
        ):
            return original(self, url, proxies, stream, verify, cert)
        return {
            "proxies": OrderedDict(),
            "stream": merged(stream, self.stream),
            "verify": merged(verify, self.verify),
            "cert": merged(cert, self.cert),
        }

    class_.merge_environment_settings = merge_environment_settings


def _change_merging(module: Any) -> None:
    original, headers_type = module.merge_setting, module.CaseInsensitiveDict

    @functools.wraps(original)
    def merge_setting(request_setting: Any, session_setting: Any, dict_class: Any = OrderedDict) -> Any:
        if request_setting is None or session_setting is None:
            return request_setting if session_setting is None else session_setting
        of_request, of_session = type(request_setting), type(session_setting)
        if dict_class is headers_type and of_session is headers_type and of_request in (*DICTS, headers_type):
            merged = headers_type(session_setting)
            store = merged._store
            items = request_setting._store.values() if of_request is headers_type else request_setting.items()
            for name, value in items:
                store[name.lower()] = (name, value)
            for name in [name for name, item in store.items() if item[1] is None]:
                del store[name]
            return merged
        if dict_class is OrderedDict and of_session in DICTS and of_request in DICTS:
            merged = OrderedDict(session_setting)
            merged.update(request_setting)
            for name in [name for name, value in merged.items() if value is None]:
                del merged[name]
            return merged
        return original(request_setting, session_setting, dict_class)

    module.merge_setting = merge_setting


def change_utils(module: Any) -> None:
    """Proxies and a netrc of which there are none are looked for once; what an URL says of a user, too."""
    _change_proxies(module)
    _change_environment(module)
    _change_netrc(module)
    _change_auth(module)


def _change_auth(module: Any) -> None:
    if not are_known(module, _AUTH):
        return
    original = module.get_auth_from_url
    usual = module.urlparse, module.unquote
    of_text = functools.lru_cache(original)

    @functools.wraps(original)
    def get_auth_from_url(url: Any) -> Any:
        return of_text(url) if is_parsed(url) and (module.urlparse, module.unquote) == usual else original(url)

    module.get_auth_from_url = get_auth_from_url


def _change_proxies(module: Any) -> None:
    if not are_known(module, _PROXIES):
        return
    original = module.select_proxy

    @functools.wraps(original)
    def select_proxy(url: Any, proxies: Any) -> Any:
        if type(url) is str and (proxies is None or (type(proxies) in DICTS and not proxies)):
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
