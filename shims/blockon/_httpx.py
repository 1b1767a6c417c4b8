"""httpx, httpx2 and what they stand on: what they do for each request, done once or by the guest."""

from __future__ import annotations

import functools
import http.cookiejar
import re
import time
from typing import Any

from ._known_code import are_known

__all__ = ["change_http11", "change_models", "change_urls"]

cookiejar: Any = http.cookiejar

# By CPython 3.14's compiler, of httpx 0.28. httpx2 does it by itself.
_COOKIES = {"extract_cookies": frozenset({0x2D06E09C})}
_OF_RESPONSE = {"__init__": frozenset({0xBA94EE8A}), "info": frozenset({0x0ADB84EF})}
_OF_REQUEST = {"__init__": frozenset({0xD7B9CF6B})}
_HEADERS = {"multi_items": frozenset({0x41555198})}

_SETS_COOKIES = frozenset({b"set-cookie", b"set-cookie2"})
_are_names: Any = re.compile(rb"(?:[!-9;-~]+\n)*").fullmatch  # what email.message takes, a line each


def change_http11(module: Any) -> None:
    """Give the connections of httpcore's module http11 an h11.Connection of ours."""
    import h11

    from . import _h11

    if not _h11.install(h11):
        return
    for name in ("HTTP11Connection", "AsyncHTTP11Connection"):
        class_: Any = vars(module).get(name)
        if class_ is not None:
            class_.__init__ = _with_own_h11(class_.__init__, h11.Connection, _h11.Connection)


def _with_own_h11(original: Any, usual: type, ours: type) -> Any:
    @functools.wraps(original)
    def __init__(self: Any, *args: Any, **keywords: Any) -> None:  # noqa: N807 - it is one
        original(self, *args, **keywords)
        state = getattr(self, "_h11_state", None)
        if type(state) is usual:
            self._h11_state = ours(state.our_role, state._max_incomplete_event_size)  # type: ignore[attr-defined]

    return __init__


def change_urls(module: Any) -> None:
    """Have the module _urls of httpx parse a URL once: the parts are a tuple, so whoever has them may share them."""
    original = vars(module).get("urlparse")
    if original is None:
        return
    of_text = functools.lru_cache(original)

    @functools.wraps(original)
    def urlparse(url: str = "", **parts: Any) -> Any:
        return of_text(url) if not parts and type(url) is str else original(url, **parts)

    module.urlparse = urlparse


def change_models(module: Any) -> None:
    """``Cookies.extract_cookies``: a response without Set-Cookie is not made a message of email's first."""
    class_: Any = module.Cookies
    headers_type = module.Headers
    if not (
        are_known(class_, _COOKIES)
        and are_known(class_._CookieCompatResponse, _OF_RESPONSE)
        and are_known(class_._CookieCompatRequest, _OF_REQUEST)
        and are_known(headers_type, _HEADERS)
    ):
        return
    original = class_.extract_cookies
    usual = (cookiejar.CookieJar.extract_cookies, cookiejar.CookieJar.make_cookies)

    @functools.wraps(original)
    def extract_cookies(self: Any, response: Any) -> None:
        jar, headers = self.jar, response.headers
        if (
            type(jar) is cookiejar.CookieJar
            and type(headers) is headers_type
            and type(jar._policy) is cookiejar.DefaultCookiePolicy
            and (cookiejar.CookieJar.extract_cookies, cookiejar.CookieJar.make_cookies) == usual
            and not cookiejar.debug
        ):
            names = [name for _, name, _ in headers._list]
            if _SETS_COOKIES.isdisjoint(names) and _are_names(b"\n".join([*names, b""])):
                _ = response.request  # there may be none
                jar._policy._now = jar._now = int(time.time())
                return
        original(self, response)

    class_.extract_cookies = extract_cookies
