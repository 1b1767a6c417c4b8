"""Every object that can be reached from a Worker's globals, and from what they make, is of its realm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import js
import pytest
from pyodide.ffi import JsException, JsProxy, run_sync, to_js

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


class Crawl:
    def __init__(self) -> None:
        self.seen = js.Set.new()
        self.foreign: list[str] = []
        # What Pyodide makes no proxy of: ArrayBuffer.prototype has a getter that it asks, which throws there.
        self.unseen: list[str] = []
        self._open: list[tuple[Any, str]] = []

    def add(self, value: Any, path: str) -> None:
        is_object = isinstance(value, (JsProxy, JsException)) and js.Object.is_(js.Object(value), value)
        if is_object and not self.seen.has(value):
            self.seen.add(value)
            self._open.append((value, path))

    def run(self) -> None:
        while self._open:
            value, path = self._open.pop()
            if not self._is_ours(value):
                self.foreign.append(path)
                continue
            try:
                self.add(reflect.getPrototypeOf(value), f"{path}.__proto__")
            except JsException:
                self.unseen.append(f"{path}.__proto__")
            if js.ArrayBuffer.isView(value):
                continue  # a key for each of its items
            for name in reflect.ownKeys(value):
                descriptor = reflect.getOwnPropertyDescriptor(value, name)
                for part in ("value", "get", "set"):
                    try:
                        self.add(getattr(descriptor, part, None), f"{path}.{js.String(name)}")
                    except JsException:
                        self.unseen.append(f"{path}.{js.String(name)}")

    def _is_ours(self, value: Any) -> bool:
        """Whether its chain of prototypes ends where those of this realm do, or there is none."""
        return bool(
            js.Object.prototype.isPrototypeOf(value)
            or js.Object.is_(value, js.Object.prototype)
            or not isinstance(reflect.getPrototypeOf(value), JsProxy)
        )


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
