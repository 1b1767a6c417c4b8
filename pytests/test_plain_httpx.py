"""What stands in for functions of httpx does what they do: both are called, on plain and odd things."""

from __future__ import annotations

import http.cookiejar
import time
from typing import Any

import httpx
import pytest

REPLACED: Any = httpx.Cookies.extract_cookies
USUAL: Any = REPLACED.__wrapped__


def test_the_installed_version_is_known() -> None:
    assert "/blockon/" in REPLACED.__code__.co_filename


FIELDS: list[Any] = [
    [],
    [("A", "b")],
    [("Set-Cookie", "a=b; Path=/")],
    [("SET-cookie", "a=b"), ("Set-Cookie", "c=d; Domain=h.test")],
    [("Set-Cookie2", "a=b; Version=1")],
    [(b"X", b"caf\xe9"), (b"Y", b"\xff")],
    [("a b", "c")],
    [("", "c")],
    [("a,b", "c")],
    [("a\n", "c")],
    [("a:", "c")],
    [(b"n\xe4me", b"c")],
]


def jars() -> list[Any]:
    policy = http.cookiejar.DefaultCookiePolicy(rfc2965=True)
    return [httpx.Cookies(), httpx.Cookies({"held": "1"}), httpx.Cookies(http.cookiejar.CookieJar(policy))]


def outcome(extract: Any, cookies: httpx.Cookies, response: Any) -> Any:
    jar: Any = cookies.jar
    try:
        extract(cookies, response)
    except Exception as error:
        return type(error), str(error)
    assert jar._policy._now == jar._now
    return [(each.name, each.value, each.domain, each.path) for each in jar], type(jar._now)


@pytest.mark.parametrize("fields", FIELDS, ids=repr)
@pytest.mark.parametrize("request_", [httpx.Request("GET", "http://h.test/x"), None], ids=["request", "none"])
def test_cookies_are_extracted_as_before(fields: Any, request_: Any) -> None:
    for ours, usual in zip(jars(), jars(), strict=True):
        response = httpx.Response(200, headers=fields, request=request_)
        assert outcome(REPLACED, ours, response) == outcome(USUAL, usual, response)


def test_jars_know_what_time_it_is() -> None:
    cookies = httpx.Cookies()
    before = int(time.time())
    cookies.extract_cookies(httpx.Response(200, request=httpx.Request("GET", "http://h/")))
    assert before <= cookies.jar._now <= time.time()  # type: ignore[attr-defined]


def test_who_extracts_cookies_in_their_own_way_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    response = httpx.Response(200, request=httpx.Request("GET", "http://h/"))
    monkeypatch.setattr(http.cookiejar.CookieJar, "extract_cookies", lambda *args: seen.append(args))
    httpx.Cookies().extract_cookies(response)
    assert len(seen) == 1

    class Mine(http.cookiejar.CookieJar):
        def extract_cookies(self, *args: Any) -> None:
            seen.append(args)

    httpx.Cookies(Mine()).extract_cookies(response)
    assert len(seen) == 2
