"""Blob, File, FormData and bodies of them."""

from __future__ import annotations

from typing import Any

import js
import pytest
from pyodide.ffi import JsException, jsnull, run_sync, to_js


def data(text: bytes) -> Any:
    return to_js(text)


def blob(*parts: Any, **options: Any) -> Any:
    return js.Blob.new(to_js(list(parts)), **options)


def text_of(value: Any) -> str:
    return str(run_sync(value.text()))


class TestBlob:
    def test_of_parts(self) -> None:
        made = blob("h\u00e9", data(b"llo"), blob("!"), type="Text/Plain")
        assert (made.size, made.type) == (7, "text/plain")
        assert text_of(made) == "h\u00e9llo!"
        assert run_sync(made.bytes()).to_bytes() == "h\u00e9llo!".encode()
        assert run_sync(made.arrayBuffer()).byteLength == 7

    def test_does_not_change_with_its_parts(self) -> None:
        part = data(b"abc")
        made = blob(part)
        part[0] = 0
        run_sync(made.bytes())[1] = 0
        assert text_of(made) == "abc"

    @pytest.mark.parametrize(
        ("start", "end", "expected"), [(1, 3, "bc"), (-2, None, "de"), (1, -1, "bcd"), (3, 1, ""), (0, 99, "abcde")]
    )
    def test_slice(self, start: int, end: int | None, expected: str) -> None:
        made = blob("abcde")
        part = made.slice(start) if end is None else made.slice(start, end, "x/y")
        assert text_of(part) == expected
        assert part.type == ("" if end is None else "x/y")

    def test_stream(self) -> None:
        size = 150_000
        assert run_sync(js.Response.new(blob("x" * size).stream()).text()) == "x" * size
        assert run_sync(js.Response.new(blob().stream()).text()) == ""

    def test_types_that_are_none(self) -> None:
        assert blob(type="\u00e9").type == ""

    def test_refuses_what_is_no_sequence(self) -> None:
        with pytest.raises(JsException, match="must be a sequence"):
            js.Blob.new(1)

    def test_file(self) -> None:
        file = js.File.new(to_js(["x"]), "a.txt", type="text/plain", lastModified=5)
        assert (file.name, file.size, file.type, file.lastModified) == ("a.txt", 1, "text/plain", 5)
        assert js.Object.getPrototypeOf(js.File.prototype) == js.Blob.prototype


class TestFormData:
    def test_entries(self) -> None:
        form = js.FormData.new()
        form.append("a", "1")
        form.append("b", blob("x", type="text/css"))
        form.append("a", 2)
        form.append("c", blob("y"), "name.bin")
        assert list(form.keys()) == ["a", "b", "a", "c"]
        assert list(form.getAll("a")) == ["1", "2"]
        assert (form.get("b").name, form.get("b").type) == ("blob", "text/css")
        assert form.get("c").name == "name.bin"
        form.set("a", "3")
        assert list(form.getAll("a")) == ["3"]
        assert list(form.keys()) == ["a", "b", "c"]
        form.delete("a")
        assert not form.has("a")
        assert form.get("a") is jsnull

    def test_both_ways(self) -> None:
        form = js.FormData.new()
        form.append('a "quoted"\nname', "line\nline")
        form.append("file", blob(data(bytes(range(256)))), 'f"\r\n.bin')
        form.append("empty", "")
        response = js.Response.new(form)
        assert response.headers.get("content-type").startswith("multipart/form-data; boundary=----")
        again = run_sync(response.formData())
        assert list(again.keys()) == ['a "quoted"\r\nname', "file", "empty"]
        assert again.get('a "quoted"\r\nname') == "line\r\nline"
        file = again.get("file")
        assert (file.name, file.type) == ('f"\r\n.bin', "application/octet-stream")
        assert run_sync(file.bytes()).to_bytes() == bytes(range(256))
        assert again.get("empty") == ""

    def test_of_other_clients(self) -> None:
        body = (
            b"preamble\r\n--X\r\ncontent-disposition: form-data; name=plain\r\n\r\nv\xc3\xa9\r\n--X  \r\n"
            b'Content-Type: image/png\r\nContent-Disposition: form-data; filename="a.png"; name="f"\r\n\r\na--X-\r\n'
            b"--X--\r\nepilogue"
        )
        response = js.Response.new(data(body), headers=to_js([["content-type", 'multipart/form-data; boundary="X"']]))
        form = run_sync(response.formData())
        assert form.get("plain") == "v\u00e9"
        assert (form.get("f").name, form.get("f").type) == ("a.png", "image/png")
        assert text_of(form.get("f")) == "a--X-"

    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            (b"", "its boundary is not there"),
            (b"--Y--", "its boundary is not there"),
            (b"--X\r\n\r\nvalue\r\n--X--", "no name|do not end|header line"),
            (b'--X\r\nContent-Disposition: form-data; name="a"\r\n\r\nvalue', "last boundary is missing"),
            (b'--X\r\nContent-Disposition: form-data; name="a"', "headers do not end"),
            (b"--X\r\nContent-Disposition: attachment; name=a\r\n\r\nvalue\r\n--X--", "has no name"),
            (b"--Xyz", "followed by something else"),
        ],
    )
    def test_malformed(self, body: bytes, reason: str) -> None:
        response = js.Response.new(data(body), headers=to_js([["content-type", "multipart/form-data; boundary=X"]]))
        with pytest.raises(JsException, match=f"TypeError: formData: .*({reason})"):
            run_sync(response.formData())

    def test_empty_form(self) -> None:
        assert list(run_sync(js.Response.new(js.FormData.new()).formData()).keys()) == []

    def test_urlencoded(self) -> None:
        request = js.Request.new("http://h/", method="POST", body=js.URLSearchParams.new("a=1&b=%C3%A9+x&a=2"))
        form = run_sync(request.formData())
        assert list(form.getAll("a")) == ["1", "2"]
        assert form.get("b") == "\u00e9 x"

    def test_other_types(self) -> None:
        with pytest.raises(JsException, match="is no form"):
            run_sync(js.Response.new("a=1").formData())


def test_blob_bodies() -> None:
    response = js.Response.new(blob("x", type="text/css"))
    assert response.headers.get("content-type") == "text/css"
    again = run_sync(response.blob())
    assert (again.type, text_of(again)) == ("text/css", "x")
    assert js.Response.new(blob("x")).headers.get("content-type") is jsnull
