"""Every object that can be reached from a Worker's globals, and from what they make, is of its realm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import js
import pytest
from pyodide.ffi import JsException, JsProxy, run_sync, to_js
from realm_crawl import Crawl

reflect = js.Reflect


def failure_of(promise: Any) -> Any:
    try:
        run_sync(promise)
    except JsException as error:
        return error
    raise AssertionError("it did not fail")


def caught(call: Callable[[], Any]) -> Any:
    try:
        call()
    except JsException as error:
        return error
    raise AssertionError("it did not fail")


def made() -> Iterator[Any]:
    """Of each kind one: what no global leads to by its properties."""
    response = js.Response.new("text", status=201)
    stream = response.clone().body
    yield from (response, stream, *stream.tee(), js.TransformStream.new(), js.WritableStream.new().getWriter())
    yield js.ReadableStream.new().getReader()
    byte_stream = js.Response.new("bytes").body
    reader = byte_stream.getReader(mode="byob")
    yield from (reader, run_sync(reader.read(js.Uint8Array.new(2))))
    yield from (js.TextDecoderStream.new(), js.CompressionStream.new("gzip"), js.crypto.DigestStream.new("SHA-1"))
    yield from js.WebSocketPair.new().object_values()
    yield js.Request.new("http://h/", method="POST", body=js.FormData.new())
    yield from (js.URL.new("http://h/?a=b").searchParams, js.Headers.new().entries(), js.Blob.new())
    channel = js.MessageChannel.new()
    yield from (channel.port1, channel.port2)
    hmac = to_js({"name": "HMAC", "hash": "SHA-256"}, dict_converter=js.Object.fromEntries)
    key = run_sync(js.crypto.subtle.generateKey(hmac, True, to_js(["sign"])))
    yield from (key, run_sync(js.crypto.subtle.exportKey("jwk", key)), run_sync(js.crypto.subtle.exportKey("raw", key)))
    yield js.structuredClone(to_js([{"a": js.Map.new()}], dict_converter=js.Object.fromEntries))
    yield js.AbortSignal.abort().reason
    # What the host fails with.
    yield failure_of(js.fetch("http://127.0.0.1:2/"))
    yield failure_of(js.fetch("ftp://h/"))
    yield failure_of(js.crypto.subtle.digest("MD4", to_js(b"")))
    yield caught(lambda: js.URL.new("no url"))
    yield caught(lambda: js.structuredClone(js.Object))
    yield caught(lambda: js.crypto.DigestStream.new("MD4"))


def test_all_is_of_this_realm() -> None:
    crawl = Crawl()
    crawl.add(js.globalThis, "globalThis")
    for index, value in enumerate(made()):
        crawl.add(value, f"made[{index}]")
    crawl.run()
    assert crawl.foreign == []
    assert crawl.seen.size > 1500
    assert len(crawl.unseen) < 10, crawl.unseen


def test_a_foreign_object_would_be_found() -> None:
    """One whose prototype is none of this realm's."""
    foreign_prototype = js.Object.create(js.JSON.parse("null"))
    foreign_prototype.toString = js.Object.prototype.toString
    holder = js.Object.new()
    holder.inner = js.Object.create(foreign_prototype)
    holder.inner.x = 1
    crawl = Crawl()
    crawl.add(holder, "holder")
    crawl.run()
    assert crawl.foreign == ["holder.inner"]


def test_no_global_makes_code() -> None:
    tried = 0
    for name in reflect.ownKeys(js.globalThis):
        value = reflect.get(js.globalThis, name)
        if not isinstance(value, JsProxy) or not isinstance(getattr(value, "constructor", None), JsProxy):
            continue
        tried += 1
        with pytest.raises(JsException, match="Code generation from strings disallowed"):
            reflect.construct(value.constructor.constructor, to_js(["return 1"]))
    assert tried > 100
