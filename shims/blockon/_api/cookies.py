"""Cookies: read from a request as browsers send them, and written for a response."""

from __future__ import annotations

import datetime
import http.cookies
import re
from email.utils import format_datetime
from typing import Literal, TypeAlias

__all__ = ["SameSite", "parse_cookies", "set_cookie_value"]

SameSite: TypeAlias = Literal["lax", "strict", "none"]

_escaped = re.compile(r"\\(?:([0-3][0-7][0-7])|(.))")


def _unquoted(value: str) -> str:
    if len(value) < 2 or value[0] != '"' or value[-1] != '"':
        return value
    return _escaped.sub(lambda found: chr(int(found[1], 8)) if found[1] else found[2], value[1:-1])


def parse_cookies(text: str) -> dict[str, str]:
    """What ``Cookie`` says. Of several with one name the last counts; what is no cookie is left out."""
    cookies = {}
    for piece in text.split(";"):
        name, equals, value = piece.partition("=")
        if not equals:
            name, value = "", name
        name, value = name.strip(), value.strip()
        if name or value:
            cookies[name] = _unquoted(value)
    return cookies


def set_cookie_value(
    name: str,
    value: str,
    max_age: int | None,
    expires: datetime.datetime | int | None,
    path: str | None,
    domain: str | None,
    secure: bool,
    httponly: bool,
    samesite: SameSite | None,
) -> str:
    """The value of a ``Set-Cookie``. Raises ValueError for what no cookie can hold."""
    cookie: http.cookies.SimpleCookie = http.cookies.SimpleCookie()
    try:
        cookie[name] = value
    except http.cookies.CookieError as error:
        raise ValueError(f"no cookie can be called {name!r} and be {value!r}") from error
    morsel = cookie[name]
    if max_age is not None:
        morsel["max-age"] = max_age
    if isinstance(expires, datetime.datetime):
        if expires.tzinfo is None:
            raise ValueError("set_cookie: expires has no time zone: give it one, as datetime.UTC")
        morsel["expires"] = format_datetime(expires.astimezone(datetime.UTC), usegmt=True)
    elif expires is not None:
        morsel["expires"] = expires
    if path is not None:
        morsel["path"] = path
    if domain is not None:
        morsel["domain"] = domain
    if secure:
        morsel["secure"] = True
    if httponly:
        morsel["httponly"] = True
    if samesite is not None:
        if samesite.lower() not in ("lax", "strict", "none"):
            raise ValueError(f'set_cookie: samesite is "lax", "strict" or "none", not {samesite!r}')
        morsel["samesite"] = samesite
    return cookie.output(header="").strip()
