"""Headers of an answer of ASGI's or WSGI's: as if each had been given to JavaScript's Headers."""

from __future__ import annotations

import pytest
from blockon._realm_exchange import realm
from js import Headers
from pyodide.ffi import JsException, to_js

PLAIN = [
    [], [("a", "1")], [("a", "1"), ("b", "")], [("a", ""), ("b", "2")], [("a", "x y\tz"), ("b-c", "\xe4\xff")],
    [("content-length", "5"), ("content-type", "text/plain"), ("x", "1")],
]  # fmt: skip
OTHERS = [
    [("b", "1"), ("a", "2")], [("a", "1"), ("a", "2")], [("set-cookie", "a=1"), ("set-cookie", "b=2")], [("A", "1")],
    [("a", " 1")], [("a", "1\t")], [("a", "  ")], [("a", "1"), ("B", "2")],
]  # fmt: skip
WRONG = [[("a b", "1")], [("", "1")], [("a", "\0")], [("a", "1"), ("b:", "2")], [("a", "x\ry")], [("\xe4", "1")]]


def lines(pairs: list[tuple[str, str]]) -> str:
    return "\n".join(part for pair in pairs for part in pair)


@pytest.mark.parametrize("pairs", PLAIN + OTHERS)
def test_headers(pairs: list[tuple[str, str]]) -> None:
    expected = [list(each) for each in Headers.new(to_js(pairs))]
    for _ in range(2):  # the second finds what the first has left
        response = realm.respond(201, "", lines(pairs), "body")
        assert [list(each) for each in response.headers] == expected
        copy = realm.respond(201, "", lines(pairs), "body").clone()
        assert [list(each) for each in copy.headers] == expected
        copy.headers.set("z", "1")
        assert (copy.status, copy.headers.get("z"), response.headers.has("z")) == (201, "1", False)
        assert [list(each) for each in realm.open(200, "", lines(pairs)).headers] == expected


@pytest.mark.parametrize("pairs", WRONG)
def test_what_is_no_header(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(JsException, match="header"):
        realm.respond(200, "", lines(pairs), "body")
