"""structuredClone, message ports, events, timers of the scheduler, Base64 and compression of a Worker's realm."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from typing import Any

import js
import pytest
from pyodide.ffi import JsException, create_proxy, run_sync, to_js


def plain(value: Any) -> Any:
    return to_js(value, dict_converter=js.Object.fromEntries)


class TestStructuredClone:
    def test_values(self) -> None:
        value = plain({"a": [1, "x", 2**70], "m": js.Map.new(to_js([["k", "v"]])), "d": js.Date.new(5)})
        value.self = value
        copy = js.structuredClone(value)
        assert not js.Object.is_(copy, value)
        assert js.Object.is_(copy.self, copy)
        assert list(copy.a) == [1, "x", 2**70]
        assert copy.m.get("k") == "v"
        assert copy.d.getTime() == 5

    def test_errors_and_bytes(self) -> None:
        error = js.structuredClone(js.RangeError.new("too far"))
        assert (error.name, error.message) == ("RangeError", "too far")
        assert js.structuredClone(to_js(b"bytes")).to_bytes() == b"bytes"

    def test_blobs(self) -> None:
        copy = js.structuredClone(plain({"file": js.File.new(to_js(["x"]), "n", type="a/b")}))
        assert (copy.file.name, copy.file.type) == ("n", "a/b")
        assert run_sync(copy.file.text()) == "x"
        assert run_sync(js.structuredClone(js.Blob.new(to_js(["y"]))).text()) == "y"

    def test_many_blobs(self) -> None:
        blobs = [js.Blob.new(to_js([str(number)])) for number in range(100)]
        copies = js.structuredClone(to_js(blobs))
        assert [run_sync(copy.text()) for copy in copies] == [str(number) for number in range(100)]

    def test_transfer(self) -> None:
        buffer = to_js(b"bytes").buffer
        copy = js.structuredClone(buffer, transfer=to_js([buffer]))
        assert (copy.byteLength, buffer.byteLength) == (5, 0)
        with pytest.raises(JsException, match="DataCloneError"):
            js.structuredClone(1, transfer=to_js([buffer]))

    def test_transfer_is_not_done_by_half(self) -> None:
        buffer = to_js(b"bytes").buffer
        for transfer in ([buffer, buffer], [buffer, 1]):
            with pytest.raises(JsException, match="DataCloneError"):
                js.structuredClone(buffer, transfer=to_js(transfer))
            assert buffer.byteLength == 5

    @pytest.mark.parametrize(
        "make",
        [
            lambda: js.Object,
            lambda: js.Symbol("s"),
            lambda: js.Promise.resolve(1),
            lambda: js.WeakMap.new(),
            lambda: js.Headers.new(),
            lambda: js.Response.new("x"),
            lambda: js.URL.new("http://h/"),
            lambda: js.ReadableStream.new(),
            lambda: js.AbortController.new(),
            lambda: create_proxy([]),
            lambda: js.WebAssembly.Memory.new(initial=1),
        ],
    )
    def test_refuses(self, make: Any) -> None:
        holder = js.Object.new()
        holder.value = make()
        with pytest.raises(JsException, match="DataCloneError"):
            js.structuredClone(holder)

    def test_memory_of_python_cannot_be_taken(self) -> None:
        memory = js.WebAssembly.Memory.new(initial=1)
        with pytest.raises(JsException, match="DataCloneError"):
            js.structuredClone(memory.buffer, transfer=to_js([memory.buffer]))
        assert memory.buffer.byteLength == 65536

    def test_a_getters_error_passes(self) -> None:
        def fail(*_: Any) -> None:
            raise ValueError("mine")

        value = js.Object.new()
        getter = create_proxy(fail)
        js.Object.defineProperty(value, "x", plain({"get": getter, "enumerable": True}))
        with pytest.raises((JsException, ValueError), match="mine"):
            js.structuredClone(value)
        getter.destroy()


class TestMessageChannel:
    def test_messages(self) -> None:
        channel = js.MessageChannel.new()
        got: list[Any] = []
        done = asyncio.get_running_loop().create_future()

        def receive(event: Any) -> None:
            got.append(event.data)
            if len(got) == 2:
                done.set_result(None)

        proxy = create_proxy(receive)
        channel.port1.postMessage(plain({"a": 1}))
        channel.port2.onmessage = proxy
        channel.port1.postMessage("second")
        run_sync(done)
        assert got[0].a == 1
        assert got[1] == "second"
        channel.port1.close()
        proxy.destroy()

    def test_close_is_told(self) -> None:
        channel = js.MessageChannel.new()
        done = asyncio.get_running_loop().create_future()
        proxy = create_proxy(lambda event: done.set_result(event.type))
        channel.port2.onclose = proxy
        channel.port1.close()
        assert run_sync(done) == "close"
        proxy.destroy()

    def test_what_cannot_be_cloned(self) -> None:
        with pytest.raises(JsException, match="DataCloneError"):
            js.MessageChannel.new().port1.postMessage(js.Object)


class TestEvents:
    def test_listeners(self) -> None:
        target = js.EventTarget.new()
        order: list[str] = []
        proxies = [
            create_proxy(lambda _, name=name: order.append(name)) for name in ("plain", "once", "capture", "gone")
        ]
        target.addEventListener("x", proxies[0])
        target.addEventListener("x", proxies[0])
        target.addEventListener("x", proxies[1], once=True)
        target.addEventListener("x", proxies[2], True)
        controller = js.AbortController.new()
        target.addEventListener("x", proxies[3], signal=controller.signal)
        controller.abort()
        event = js.CustomEvent.new("x", detail=7, cancelable=True)
        assert target.dispatchEvent(event) is True
        target.dispatchEvent(event)
        # Python's listeners run on stacks of their own.
        run_sync(asyncio.sleep(0.02))
        assert order == ["capture", "plain", "once", "capture", "plain"]
        assert event.detail == 7
        assert event.target == target
        for proxy in proxies:
            proxy.destroy()

    def test_prevented_and_stopped(self) -> None:
        target = js.EventTarget.new()
        calls: list[int] = []
        # Functions of JavaScript's, which run at once.
        for method in (js.Event.prototype.preventDefault, js.Event.prototype.stopImmediatePropagation):
            target.addEventListener("x", js.Function.prototype.call.bind(method))
        proxy = create_proxy(lambda _: calls.append(2))
        target.addEventListener("x", proxy)
        event = js.Event.new("x", cancelable=True)
        assert target.dispatchEvent(event) is False
        assert event.defaultPrevented
        assert target.dispatchEvent(js.Event.new("x")) is True
        run_sync(asyncio.sleep(0.02))
        assert calls == []
        proxy.destroy()

    def test_one_dispatch_at_a_time(self) -> None:
        target = js.EventTarget.new()
        with pytest.raises(JsException, match="expected an Event"):
            target.dispatchEvent("x")

    def test_codes_of_exceptions(self) -> None:
        for name, code in (("AbortError", 20), ("DataCloneError", 25), ("SyntaxError", 12), ("Mine", 0)):
            assert js.DOMException.new("x", name).code == code
        assert (js.DOMException.ABORT_ERR, js.DOMException.INVALID_STATE_ERR) == (20, 11)
        assert (js.DOMException.URL_MISMATCH_ERR, js.DOMException.INDEX_SIZE_ERR) == (21, 1)


def test_scheduler() -> None:
    run_sync(js.scheduler.wait(1))
    controller = js.AbortController.new()
    wait = js.scheduler.wait(100_000, signal=controller.signal)
    controller.abort()
    with pytest.raises(JsException, match="AbortError"):
        run_sync(wait)


def test_base64() -> None:
    assert js.btoa("h\u00e9!") == "aOkh"
    assert js.atob(" aO kh\n") == "h\u00e9!"
    assert js.atob("YQ") == js.atob("YQ==") == "a"
    for bad in ("a", "YQ=", "YQ===", "Y*Q=", "=", "YQ==YQ=="):
        with pytest.raises(JsException, match="InvalidCharacterError"):
            js.atob(bad)
    with pytest.raises(JsException, match="InvalidCharacterError"):
        js.btoa("\u0100")


class TestCompression:
    def through(self, data: bytes, stream: Any) -> bytes:
        return bytes(
            run_sync(js.Response.new(js.Response.new(to_js(data)).body.pipeThrough(stream)).bytes()).to_bytes()
        )

    @pytest.mark.parametrize(
        ("format_", "decompress"),
        [
            ("gzip", gzip.decompress),
            ("deflate", zlib.decompress),
            ("deflate-raw", lambda data: zlib.decompress(data, -15)),
        ],
    )
    def test_both_ways(self, format_: str, decompress: Any) -> None:
        data = bytes(range(256)) * 4000
        packed = self.through(data, js.CompressionStream.new(format_))
        assert len(packed) < len(data) / 10
        assert decompress(packed) == data
        assert self.through(packed, js.DecompressionStream.new(format_)) == data

    @pytest.mark.parametrize(
        "data", [b"no gzip at all", gzip.compress(b"x" * 1000)[:-9], gzip.compress(b"x") + b"more"]
    )
    def test_what_is_malformed(self, data: bytes) -> None:
        with pytest.raises(JsException, match="TypeError"):
            self.through(data, js.DecompressionStream.new("gzip"))

    def test_refuses(self) -> None:
        with pytest.raises(JsException, match="there is no format zip"):
            js.CompressionStream.new("zip")
        with pytest.raises(JsException, match="a chunk must be bytes"):
            run_sync(
                js.Response.new(
                    js.ReadableStream.from_(to_js(["text"])).pipeThrough(js.CompressionStream.new("gzip"))
                ).bytes()
            )

    def test_given_up(self) -> None:
        run_sync(js.CompressionStream.new("gzip").readable.cancel("enough"))
        stream = js.DecompressionStream.new("gzip")
        run_sync(stream.writable.abort(js.Error.new("given up")))
        with pytest.raises(JsException, match="given up"):
            run_sync(stream.readable.getReader().read())
