"""Where there are no cookies, requests looks for none: it makes no object for http.cookiejar to ask."""

from __future__ import annotations

import functools
import http.client as client
import http.cookiejar
import time
from operator import attrgetter
from typing import Any

from ._known_code import are_known
from ._url_parse import is_parsed

__all__ = ["change_cookies"]

cookiejar: Any = http.cookiejar

# By CPython 3.14's compiler, of requests 2.31 to 2.33, and of 2.34.
_COOKIES = {
    "extract_cookies_to_jar": frozenset({0xBE6F6DCE, 0xB5B2268D}),
    "get_cookie_header": frozenset({0x8533ECA2, 0x228DA6E1}),
}
_OF_REQUEST = {"__init__": frozenset({0xA89331ED, 0xCBF69B22})}
_MADE = {"cookiejar_from_dict": frozenset({0x1B3B3CC1, 0xAC54D879})}
_MERGED = {"merge_cookies": frozenset({0x698E4A2F, 0xE9012FDD})}
_UPDATED = {"update": frozenset({0xBC3EB81B, 0x031A6B16})}
_of_jar = attrgetter("extract_cookies", "make_cookies", "add_cookie_header", "clear_expired_cookies")

_SET_COOKIES = ("set-cookie", "set-cookie2")


def change_cookies(module: Any) -> None:
    """What a session does for a request, with a response that sets none and jars that have none."""
    _change_asking(module)
    _change_merging(module)


def _change_asking(module: Any) -> None:
    if not (are_known(module, _COOKIES) and are_known(module.MockRequest, _OF_REQUEST)):
        return
    extract, get = module.extract_cookies_to_jar, module.get_cookie_header
    jars = (module.RequestsCookieJar, cookiejar.CookieJar)
    usual = [_of_jar(class_) for class_ in jars]

    def is_plain(jar: Any, request: Any) -> bool:
        return (
            type(jar) in jars
            and type(jar._policy) is cookiejar.DefaultCookiePolicy
            and not cookiejar.debug
            and is_parsed(request.url)
            and [_of_jar(jars[0]), _of_jar(jars[1])] == usual
        )

    @functools.wraps(extract)
    def extract_cookies_to_jar(jar: Any, request: Any, response: Any) -> None:
        message = getattr(getattr(response, "_original_response", None), "msg", None)
        if type(message) is client.HTTPMessage and is_plain(jar, request):
            for name, _ in message._headers:  # type: ignore[attr-defined]
                if name.lower() in _SET_COOKIES:
                    break
            else:
                jar._policy._now = jar._now = int(time.time())
                return
        extract(jar, request, response)

    @functools.wraps(get)
    def get_cookie_header(jar: Any, request: Any) -> Any:
        if is_plain(jar, request) and not jar._cookies:
            jar._policy._now = jar._now = int(time.time())
            return None
        return get(jar, request)

    module.extract_cookies_to_jar = extract_cookies_to_jar
    module.get_cookie_header = get_cookie_header


def _change_merging(module: Any) -> None:
    jar_type: Any = module.RequestsCookieJar
    if not (are_known(module, _MERGED) and are_known(jar_type, _UPDATED)):
        return
    original = module.merge_cookies
    usual = jar_type.update, jar_type.__iter__, cookiejar.CookieJar.__iter__

    @functools.wraps(original)
    def merge_cookies(jar: Any, cookies: Any) -> Any:
        if (
            type(jar) is jar_type
            and type(cookies) is jar_type
            and not cookies._cookies
            and (jar_type.update, jar_type.__iter__, cookiejar.CookieJar.__iter__) == usual
        ):
            return jar
        return original(jar, cookies)

    module.merge_cookies = merge_cookies
    _change_making(module)


def _change_making(module: Any) -> None:
    if not are_known(module, _MADE):
        return
    original = module.cookiejar_from_dict

    @functools.wraps(original)
    def cookiejar_from_dict(cookie_dict: Any, cookiejar: Any = None, overwrite: Any = True) -> Any:
        if cookiejar is None and type(cookie_dict) is dict and not cookie_dict:
            return module.RequestsCookieJar()
        return original(cookie_dict, cookiejar, overwrite)

    module.cookiejar_from_dict = cookiejar_from_dict
