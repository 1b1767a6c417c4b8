"""Blobs, files and forms of Cloudflare's workers-runtime-sdk."""

from __future__ import annotations

import js
import pytest
from pyodide.ffi import run_sync, to_js
from workers import Blob, BlobEnding, File, FormData, Request, Response, python_from_rpc, python_to_rpc

URL = "http://host.example/"


@pytest.mark.parametrize(
    "part",
    ["hello", b"hello", js.Blob.new(to_js(["hello"])), Blob("hello"), File("hello", "a.txt")],
    ids=["str", "bytes", "js.Blob", "Blob", "File"],
)
def test_blobs_of_each_kind(part: object) -> None:
    for blob in (Blob(part), Blob([part])):
        assert (blob.size, run_sync(blob.text()), run_sync(blob.bytes())) == (5, "hello", b"hello")


def test_blobs() -> None:
    blob = Blob(["one ", b"two"], content_type="text/plain", endings=BlobEnding.TRANSPARENT)
    assert blob.content_type == "text/plain"
    assert Blob(blob).content_type == "text/plain"
    part = blob.slice(4, 7, "text/x-part")
    assert run_sync(part.text()) == "two"
    with pytest.raises(TypeError, match="Don't know how to handle"):
        Blob([3])


def test_files() -> None:
    file = File(b"hello", "a.txt", content_type="text/plain", last_modified=1234)
    assert (file.name, file.content_type, file.last_modified, file.size) == ("a.txt", "text/plain", 1234, 5)
    copy = File(file, "b.txt")
    assert (copy.name, copy.content_type, copy.last_modified) == ("b.txt", "text/plain", 1234)


def test_forms() -> None:
    form = FormData({"a": "1"})
    form.append("a", "2")
    form["b"] = "3"
    form.append("file", File(b"hello", "a.txt", content_type="text/plain"), filename="other.txt")
    assert (form["a"], form.get_all("a"), "b" in form, "c" in form) == ("1", ["1", "2"], True, False)
    assert list(form.keys()) == ["a", "a", "b", "file"]
    assert [name for name, _ in form.items()] == list(form)
    file = form["file"]
    assert isinstance(file, File)
    assert (file.name, run_sync(file.text())) == ("other.txt", "hello")
    del form["a"]
    form.delete("b")
    assert list(form) == ["file"]
    with pytest.raises(TypeError, match="Expected single item"):
        form["a"] = ["1"]
    with pytest.raises(TypeError, match="dict or an instance"):
        FormData([1])


def test_forms_that_are_sent() -> None:
    form = FormData({"text": "ä", "file": File(b"\x00\xff", "a.bin")})
    for body in (Request(URL, method="POST", body=form), Response(form)):
        assert body.headers["content-type"].startswith("multipart/form-data; boundary=")
        got = run_sync(body.form_data())
        assert got["text"] == "ä"
        assert (got["file"].name, run_sync(got["file"].bytes())) == ("a.bin", b"\x00\xff")


def test_forms_of_urls_and_blobs_of_bodies() -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    form = run_sync(Request(URL, method="POST", body="a=1&a=2&b=%C3%A4", headers=headers).form_data())
    assert (form.get_all("a"), form["b"]) == (["1", "2"], "ä")
    blob = run_sync(Response("hello", headers={"content-type": "text/x"}).blob())
    assert (run_sync(blob.text()), blob.content_type) == ("hello", "text/x")
    assert run_sync(run_sync(Request(URL, method="POST", body="hello").blob()).text()) == "hello"


def test_bodies_that_are_replaced_and_made_of_blobs() -> None:
    response = Response(None, status=201).replace_body(FormData({"a": "1"}))
    assert (response.status, run_sync(response.formData())["a"]) == (201, "1")
    assert run_sync(Response(Blob("hello").js_object).text()) == "hello"


def test_rpc() -> None:
    blob = python_from_rpc(python_to_rpc(Blob("hello", content_type="text/x")))
    assert (run_sync(blob.text()), blob.content_type) == ("hello", "text/x")
    assert python_from_rpc(python_to_rpc(FormData({"a": "1"})))["a"] == "1"
