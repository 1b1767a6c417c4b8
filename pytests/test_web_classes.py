"""The web classes of a Worker's realm."""

from __future__ import annotations

from typing import Any

import js
import pytest
from pyodide.ffi import JsException, run_sync, to_js


def plain(value: dict[str, Any]) -> Any:
    return to_js(value, dict_converter=js.Object.fromEntries)


class TestHeaders:
    def test_combines_and_sorts(self) -> None:
        headers = js.Headers.new(
            to_js([["B", "2"], ["a", "1"], ["b", " 3 "], ["Set-Cookie", "x"], ["set-cookie", "y"]])
        )
        assert [tuple(pair) for pair in headers] == [
            ("a", "1"),
            ("b", "2, 3"),
            ("set-cookie", "x"),
            ("set-cookie", "y"),
        ]
        assert headers.get("B") == "2, 3"
        assert list(headers.getSetCookie()) == ["x", "y"]

    @pytest.mark.parametrize(("name", "value"), [("bad name", "x"), ("", "x"), ("a", "x\ny"), ("a", "\u0100")])
    def test_refuses(self, name: str, value: str) -> None:
        with pytest.raises(JsException, match="Headers: "):
            js.Headers.new().append(name, value)


class TestResponse:
    def test_defaults(self) -> None:
        response = js.Response.new("text")
        assert (response.status, response.ok, response.type) == (200, True, "default")
        assert response.headers.get("content-type") == "text/plain;charset=UTF-8"
        assert run_sync(response.text()) == "text"
        assert response.bodyUsed
        with pytest.raises(JsException, match="read already"):
            run_sync(response.text())

    def test_json(self) -> None:
        response = js.Response.json(plain({"a": 1}))
        assert response.headers.get("content-type") == "application/json"
        assert run_sync(response.json()).a == 1

    @pytest.mark.parametrize("status", [0, 199, 600])
    def test_refuses_a_status(self, status: int) -> None:
        with pytest.raises(JsException, match="RangeError"):
            js.Response.new("", status=status)

    def test_refuses_a_body_with_204(self) -> None:
        with pytest.raises(JsException, match="cannot have a body"):
            js.Response.new("x", status=204)

    def test_clone(self) -> None:
        response = js.Response.new("text", status=201)
        copy = response.clone()
        assert run_sync(response.text()) == run_sync(copy.text()) == "text"
        assert copy.status == 201


class TestRequest:
    def test_method_and_url(self) -> None:
        request = js.Request.new("http://h/a/../b", method="post", body="x")
        assert (request.method, request.url) == ("POST", "http://h/b")

    @pytest.mark.parametrize(
        ("url", "options", "message"),
        [
            ("relative", {}, "Invalid URL"),
            ("http://u:p@h/", {}, "credentials"),
            ("http://h/", {"method": "TRACE"}, "forbidden"),
            ("http://h/", {"body": "x"}, "cannot have a body"),
        ],
    )
    def test_refuses(self, url: str, options: dict[str, str], message: str) -> None:
        with pytest.raises(JsException, match=message):
            js.Request.new(url, **options)


class TestFetch:
    def test_body_and_headers(self, server: str) -> None:
        response = run_sync(js.fetch(f"{server}/echo", method="POST", body="abc"))
        assert response.ok
        assert run_sync(response.json()).body == "abc"

    def test_abort(self, server: str) -> None:
        controller = js.AbortController.new()
        promise = js.fetch(f"{server}/slow-head?ms=5000", signal=controller.signal)
        controller.abort()
        with pytest.raises(JsException, match="AbortError"):
            run_sync(promise)

    def test_failure_has_a_code(self) -> None:
        with pytest.raises(JsException) as caught:
            run_sync(js.fetch("http://127.0.0.1:2/"))
        assert caught.value.cause.code == "ECONNREFUSED"

    def test_other_schemes(self) -> None:
        with pytest.raises(JsException, match="scheme"):
            run_sync(js.fetch("file:///etc/passwd"))


class TestText:
    @pytest.mark.parametrize("text", ["", "ascii", "äöü€", "\U0001f600"])
    def test_round_trip(self, text: str) -> None:
        encoded = js.TextEncoder.new().encode(text)
        assert encoded.to_bytes() == text.encode()
        assert js.TextDecoder.new().decode(encoded) == text

    def test_fatal(self) -> None:
        broken = to_js(b"\xff")
        assert js.TextDecoder.new().decode(broken) == "\ufffd"
        with pytest.raises(JsException, match="not valid"):
            js.TextDecoder.new("utf-8", fatal=True).decode(broken)

    def test_stream(self) -> None:
        decoder = js.TextDecoder.new()
        parts = [decoder.decode(to_js(bytes([byte])), stream=True) for byte in "a€\U0001f600".encode()]
        assert "".join(parts) + decoder.decode() == "a€\U0001f600"

    def test_latin1_is_windows_1252(self) -> None:
        decoder = js.TextDecoder.new("latin1")
        assert decoder.encoding == "windows-1252"
        assert decoder.decode(to_js(b"\x80\xe4")) == "€ä"

    def test_unknown_encoding(self) -> None:
        with pytest.raises(JsException, match="not available"):
            js.TextDecoder.new("klingon")


class TestUrl:
    def test_parts(self) -> None:
        url = js.URL.new("../c?x=1#f", "http://u:p@host:81/a/b")
        assert url.href == "http://u:p@host:81/c?x=1#f"
        assert (url.host, url.pathname, url.search, url.hash) == ("host:81", "/c", "?x=1", "#f")

    def test_search_params_write_through(self) -> None:
        url = js.URL.new("http://h/?a=1")
        url.searchParams.append("b", "x y&")
        assert url.href == "http://h/?a=1&b=x+y%26"
        url.search = "?c=3"
        assert url.searchParams.get("c") == "3"

    def test_params(self) -> None:
        params = js.URLSearchParams.new("a=1&b=%C3%A4+%zz&a=2")
        assert list(params.getAll("a")) == ["1", "2"]
        assert params.get("b") == "ä %zz"
        assert params.toString() == "a=1&b=%C3%A4+%25zz&a=2"


class TestRest:
    def test_random(self) -> None:
        assert len(set(js.crypto.getRandomValues(js.Uint8Array.new(64)).to_bytes())) > 10
        with pytest.raises(JsException, match="at most"):
            js.crypto.getRandomValues(js.Uint8Array.new(65537))
        assert len(js.crypto.randomUUID()) == 36

    def test_navigator(self) -> None:
        assert js.navigator.userAgent == "Cloudflare-Workers"

    def test_abort_signal_any(self) -> None:
        controller = js.AbortController.new()
        signal = js.AbortSignal.any(to_js([controller.signal, js.AbortController.new().signal]))
        assert not signal.aborted
        controller.abort("why")
        assert signal.aborted
        assert signal.reason == "why"
