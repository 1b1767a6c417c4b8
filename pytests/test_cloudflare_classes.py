"""What JavaScript's classes of a Worker's realm have of Cloudflare's platform beside the web's standards."""

from __future__ import annotations

import asyncio
from typing import Any

import js
import pytest
from pyodide.ffi import JsException, jsnull, run_sync, to_js

URL = "http://host.example/path"


def plain(value: dict[str, Any]) -> Any:
    return to_js(value, dict_converter=js.Object.fromEntries)


def data(text: str) -> Any:
    return js.TextEncoder.new().encode(text)


class TestIdentityTransformStream:
    def test_bytes_go_through_and_a_write_waits_for_its_reader(self) -> None:
        async def use() -> tuple[list[bool], bytes]:
            stream = js.IdentityTransformStream.new()
            writer, reader = stream.writable.getWriter(), stream.readable.getReader()
            written = asyncio.ensure_future(writer.write(data("one")))
            await asyncio.sleep(0)
            waits = [written.done()]
            first = await reader.read()
            await written
            closed = asyncio.ensure_future(writer.close())
            last = await reader.read()
            await closed
            return [*waits, last.done], first.value.to_bytes()

        assert run_sync(use()) == ([False, True], b"one")

    def test_chunks_of_each_kind_of_bytes(self) -> None:
        async def use() -> bytes:
            stream = js.IdentityTransformStream.new()
            writer = stream.writable.getWriter()
            text = asyncio.ensure_future(js.Response.new(stream.readable).bytes())
            await writer.write(to_js(b"ab").buffer)
            await writer.write(js.DataView.new(to_js(b"xcdx").buffer, 1, 2))
            await writer.write(to_js(b""))
            await writer.write(js.Uint16Array.new(to_js([0x6665])))
            await writer.close()
            return (await text).to_bytes()

        assert run_sync(use()) == b"abcdef"

    def test_a_reader_may_bring_its_buffer(self) -> None:
        async def use() -> list[bytes]:
            stream = js.IdentityTransformStream.new()
            writer, reader = stream.writable.getWriter(), stream.readable.getReader(mode="byob")
            written = asyncio.ensure_future(writer.write(data("abc")))
            parts = [(await reader.read(js.Uint8Array.new(2))).value.to_bytes() for _ in range(2)]
            await written
            return parts

        assert run_sync(use()) == [b"ab", b"c"]

    @pytest.mark.parametrize("chunk", ["text", 3, None], ids=str)
    def test_other_chunks_are_errors_on_both_sides(self, chunk: Any) -> None:
        async def use() -> None:
            stream = js.IdentityTransformStream.new()
            reader = stream.readable.getReader()
            with pytest.raises(JsException, match="a chunk must be bytes"):
                await stream.writable.getWriter().write(chunk)
            with pytest.raises(JsException, match="a chunk must be bytes"):
                await reader.read()

        run_sync(use())

    def test_an_abort_and_a_cancellation_reach_the_other_side(self) -> None:
        async def use() -> None:
            stream = js.IdentityTransformStream.new()
            reader = stream.readable.getReader()
            read = asyncio.ensure_future(reader.read())
            await asyncio.sleep(0)
            await stream.writable.abort(js.Error.new("no more"))
            with pytest.raises(JsException, match="no more"):
                await read
            stream = js.IdentityTransformStream.new()
            writer = stream.writable.getWriter()
            written = asyncio.ensure_future(writer.write(data("never read")))
            await asyncio.sleep(0)
            await stream.readable.cancel(js.Error.new("enough"))
            for write in (written, writer.write(data("more"))):
                with pytest.raises(JsException, match="enough"):
                    await write
            # One that waits for who reads, of which there is none, fails too, and holds nothing up.
            stream = js.IdentityTransformStream.new()
            writer = stream.writable.getWriter()
            writes = [asyncio.ensure_future(writer.write(data("never read"))) for _ in range(2)]
            await asyncio.sleep(0.01)
            await asyncio.wait_for(writer.abort(js.Error.new("no more")), 5)
            assert any(isinstance(each, JsException) for each in await asyncio.gather(*writes, return_exceptions=True))

        run_sync(use())


class TestFixedLengthStream:
    def test_its_response_has_the_length(self) -> None:
        async def use() -> tuple[str, str]:
            stream = js.FixedLengthStream.new(3)
            writer = stream.writable.getWriter()
            response = js.Response.new(stream.readable)
            text = asyncio.ensure_future(response.text())
            await writer.write(data("abc"))
            await writer.close()
            return response.headers.get("content-length"), await text

        assert run_sync(use()) == ("3", "abc")

    def test_more_and_less_are_errors(self) -> None:
        async def use() -> None:
            stream = js.FixedLengthStream.new(2)
            read = asyncio.ensure_future(js.Response.new(stream.readable).text())
            with pytest.raises(JsException, match="more than 2 bytes"):
                await stream.writable.getWriter().write(data("abc"))
            with pytest.raises(JsException, match="more than 2 bytes"):
                await read
            stream = js.FixedLengthStream.new(2)
            read = asyncio.ensure_future(js.Response.new(stream.readable).text())
            writer = stream.writable.getWriter()
            await writer.write(data("a"))
            with pytest.raises(JsException, match="1 of 2 bytes missing"):
                await writer.close()
            with pytest.raises(JsException, match="1 of 2 bytes missing"):
                await read

        run_sync(use())

    @pytest.mark.parametrize("length", [-1, 1.5, "x"])
    def test_wrong_lengths(self, length: Any) -> None:
        with pytest.raises(JsException):
            js.FixedLengthStream.new(length)


class TestRequest:
    def test_cf_is_kept(self) -> None:
        request = js.Request.new(URL, plain({"cf": {"colo": "DFW"}}))
        assert request.cf.colo == "DFW"
        assert request.clone().cf.colo == "DFW"
        assert js.Request.new(request).cf.colo == "DFW"
        assert js.Request.new(request, plain({"cf": {"colo": "FRA"}})).cf.colo == "FRA"
        assert js.Request.new(URL).cf is None

    def test_a_body_cannot_become_that_of_a_get(self) -> None:
        request = js.Request.new(URL, method="POST", body="sent")
        for method in ("GET", "head"):
            with pytest.raises(JsException, match="cannot have a body"):
                js.Request.new(request.clone(), method=method)
        assert run_sync(js.Request.new(request, method="PUT").text()) == "sent"


class TestResponse:
    def test_encode_body(self) -> None:
        for value in ("manual", "automatic"):
            assert js.Response.new("x", plain({"encodeBody": value})).status == 200
        with pytest.raises(JsException, match='encodeBody is "automatic" or "manual", not "never"'):
            js.Response.new("x", plain({"encodeBody": "never"}))

    def test_cf_is_kept(self) -> None:
        response = js.Response.new("x", plain({"cf": {"a": 1}}))
        assert (response.cf.a, response.clone().cf.a) == (1, 1)
        assert js.Response.new("x").cf is None


class TestHeaders:
    def test_get_all_has_cookies(self) -> None:
        headers = js.Headers.new(to_js([["set-cookie", "a=1, x"], ["Set-Cookie", "b=2"], ["x-a", "1"]]))
        assert list(headers.getAll("Set-Cookie")) == ["a=1, x", "b=2"]
        with pytest.raises(JsException, match="getAll\\(\\) is for Set-Cookie"):
            headers.getAll("x-a")
        assert headers.get("missing") is jsnull


@pytest.mark.parametrize(
    ("url", "type_", "body"),
    [
        ("data:,plain%20text", "text/plain;charset=US-ASCII", b"plain text"),
        ("data:text/html;charset=utf-8,<p>%C3%A4</p>", "text/html;charset=utf-8", "<p>ä</p>".encode()),
        ("data:;charset=utf-8,a%", "text/plain;charset=utf-8", b"a%"),
        ("data:image/png;base64,AP8=", "image/png", b"\x00\xff"),
        ("data:a/b;base64,A%50%38%3D#fragment", "a/b", b"\x00\xff"),
        ("data:a/b,", "a/b", b""),
    ],
)
def test_fetch_of_a_data_url(url: str, type_: str, body: bytes) -> None:
    response = run_sync(js.fetch(url))
    assert (response.status, response.headers.get("content-type")) == (200, type_)
    assert run_sync(response.bytes()).to_bytes() == body


@pytest.mark.parametrize("url", ["data:text/plain", "data:;base64,%", "data:;base64,!!!!"])
def test_fetch_of_what_is_no_data_url(url: str) -> None:
    with pytest.raises(JsException, match="fetch failed"):
        run_sync(js.fetch(url))


def test_report_error_raises_nothing() -> None:
    assert js.reportError(js.Error.new("reported")) is None


def test_a_websockets_url_is_checked() -> None:
    for url in ("nope", "ws://host.example/#fragment"):
        with pytest.raises(JsException, match="SyntaxError: WebSocket: "):
            js.WebSocket.new(url)


def test_timing_safe_equal() -> None:
    equal = js.crypto.subtle.timingSafeEqual
    assert equal(to_js(b"same"), to_js(b"same").buffer) is True
    assert equal(to_js(b"same"), to_js(b"sane")) is False
    assert equal(to_js(b""), to_js(b"")) is True
    with pytest.raises(JsException, match="the same length"):
        equal(to_js(b"a"), to_js(b"ab"))
    with pytest.raises(JsException, match="two buffers"):
        equal("a", "a")


def test_brotli() -> None:
    async def use() -> str:
        packed = js.Response.new("text" * 100).body.pipeThrough(js.CompressionStream.new("brotli"))
        packed = await js.Response.new(packed).bytes()
        assert packed.length < 100
        stream = js.Response.new(packed).body.pipeThrough(js.DecompressionStream.new("brotli"))
        return await js.Response.new(stream).text()

    assert run_sync(use()) == "text" * 100
