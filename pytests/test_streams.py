"""Streams in a Worker's realm, and bodies as streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import js
import pytest
from pyodide.ffi import JsException, create_proxy, jsnull, run_sync, to_js

pytestmark = pytest.mark.filterwarnings("error")


def plain(value: dict[str, Any]) -> Any:
    return to_js(value, dict_converter=js.Object.fromEntries)


def data(text: str) -> Any:
    return js.TextEncoder.new().encode(text)


def stream_of(*chunks: Any) -> Any:
    return js.ReadableStream.from_(to_js(list(chunks)))


def read_all(stream: Any) -> list[Any]:
    reader = stream.getReader()
    chunks = []
    while not (part := run_sync(reader.read())).done:
        chunks.append(part.value)
    return chunks


def texts(stream: Any) -> list[str]:
    return [chunk.to_bytes().decode() for chunk in read_all(stream)]


class TestReadableStream:
    def test_of_an_underlying_source(self) -> None:
        pulls = []

        def pull(controller: Any) -> None:
            pulls.append(1)
            controller.enqueue(len(pulls))
            if len(pulls) == 3:
                controller.close()

        proxy = create_proxy(pull)
        assert read_all(js.ReadableStream.new(plain({"pull": proxy}))) == [1, 2, 3]
        proxy.destroy()

    def test_a_source_may_block(self) -> None:
        async def pull(controller: Any) -> None:
            run_sync(asyncio.sleep(0.001))
            controller.enqueue("once")
            controller.close()

        proxy = create_proxy(pull)
        assert read_all(js.ReadableStream.new(plain({"pull": proxy}))) == ["once"]
        proxy.destroy()

    def test_bytes_into_a_buffer(self) -> None:
        reader = js.Response.new("hello").body.getReader(mode="byob")
        first = run_sync(reader.read(js.Uint8Array.new(3)))
        assert first.value.to_bytes() == b"hel"
        second = run_sync(reader.read(js.Uint8Array.new(3)))
        assert second.value.to_bytes() == b"lo"
        assert run_sync(reader.read(js.Uint8Array.new(3))).done

    def test_tee(self) -> None:
        one, two = stream_of("a", "b").tee()
        assert read_all(one) == read_all(two) == ["a", "b"]

    def test_async_iteration(self) -> None:
        async def collect() -> list[Any]:
            return [chunk async for chunk in stream_of("a", "b")]

        assert run_sync(collect()) == ["a", "b"]

    def test_of_what_python_makes(self) -> None:
        async def parts() -> AsyncIterator[Any]:
            for text in ("one ", "two"):
                await asyncio.sleep(0)
                yield data(text)

        async def answer() -> str:
            pipe = js.TransformStream.new()
            response = js.Response.new(pipe.readable)
            writer = pipe.writable.getWriter()
            whole = response.text()
            async for part in parts():
                await writer.write(part)
            await writer.close()
            return str(await whole)

        assert run_sync(answer()) == "one two"

    def test_cancel_says_why(self) -> None:
        reasons: list[Any] = []
        proxy = create_proxy(reasons.append)
        run_sync(js.ReadableStream.new(plain({"cancel": proxy})).cancel("enough"))
        assert reasons == ["enough"]
        proxy.destroy()


class TestPipes:
    def test_text_both_ways(self) -> None:
        encoded = stream_of("h\u00e9", "\ud83d", "\ude00").pipeThrough(js.TextEncoderStream.new())
        decoded = encoded.pipeThrough(js.TextDecoderStream.new())
        assert "".join(read_all(decoded)) == "h\u00e9\U0001f600"

    def test_decoder_refuses(self) -> None:
        decoded = stream_of(js.Uint8Array.of(0xFF)).pipeThrough(js.TextDecoderStream.new("utf-8", fatal=True))
        with pytest.raises(JsException, match="TypeError"):
            read_all(decoded)

    def test_back_pressure(self) -> None:
        pipe = js.TransformStream.new(js.undefined, js.CountQueuingStrategy.new(highWaterMark=2))
        writer = pipe.writable.getWriter()
        assert writer.desiredSize == 2
        for chunk in ("a", "b"):
            writer.write(chunk).catch(js.Object)
        assert writer.desiredSize == 0
        assert run_sync(pipe.readable.getReader().read()).value == "a"
        run_sync(writer.ready)
        assert writer.desiredSize == 1

    def test_abort_of_a_pipe(self) -> None:
        controller = js.AbortController.new()
        pipe = js.TransformStream.new()
        done = js.ReadableStream.new().pipeTo(pipe.writable, signal=controller.signal)
        controller.abort()
        with pytest.raises(JsException, match="AbortError"):
            run_sync(done)


class TestBodies:
    def test_whole_body_as_a_stream(self) -> None:
        response = js.Response.new("text")
        assert response.body is not None
        assert not response.bodyUsed
        assert texts(response.body) == ["text"]
        assert response.bodyUsed
        with pytest.raises(JsException, match="read already"):
            run_sync(response.text())

    def test_no_body(self) -> None:
        response = js.Response.new(None)
        assert response.body is jsnull
        assert run_sync(response.text()) == run_sync(response.text()) == ""
        assert not response.bodyUsed

    @pytest.mark.parametrize("method", ["text", "json", "bytes", "arrayBuffer"])
    def test_stream_is_read_by(self, method: str) -> None:
        response = js.Response.new(stream_of(data("[1"), data(",2]")))
        result = run_sync(getattr(response, method)())
        assert {
            "text": lambda: result,
            "json": lambda: f"[{','.join(map(str, result))}]",
            "bytes": lambda: result.to_bytes().decode(),
            "arrayBuffer": lambda: result.to_bytes().decode(),
        }[method]() == "[1,2]"
        assert response.bodyUsed

    def test_used_body_is_a_stream_that_was_read(self) -> None:
        response = js.Response.new("text")
        run_sync(response.text())
        assert response.bodyUsed
        assert read_all(response.body) == []

    def test_locked(self) -> None:
        response = js.Response.new("text")
        reader = response.body.getReader()
        assert not response.bodyUsed
        for use in (response.text, response.clone, lambda: js.Response.new(response.body)):
            with pytest.raises(JsException, match="locked"):
                result = use()
                run_sync(result)
        reader.releaseLock()
        assert run_sync(response.text()) == "text"

    @pytest.mark.parametrize("chunk", ["text", 1, None])
    def test_chunks_have_to_be_bytes(self, chunk: Any) -> None:
        response = js.Response.new(stream_of(chunk))
        with pytest.raises(JsException, match="must give bytes"):
            run_sync(response.bytes())

    def test_error_of_the_stream(self) -> None:
        proxy = create_proxy(lambda controller: controller.error(js.RangeError.new("broken")))
        response = js.Response.new(js.ReadableStream.new(plain({"pull": proxy})))
        with pytest.raises(JsException, match="RangeError: broken"):
            run_sync(response.text())
        proxy.destroy()

    def test_clone_of_a_stream(self) -> None:
        response = js.Response.new(stream_of(data("a"), data("b")), status=201, headers=plain({"x": "y"}))
        copy = response.clone()
        assert run_sync(copy.text()) == run_sync(response.text()) == "ab"
        assert (copy.status, copy.headers.get("x")) == (201, "y")

    def test_clones_do_not_share_memory(self) -> None:
        response = js.Response.new("text")
        copy = response.clone()
        run_sync(response.bytes())[0] = 0
        assert run_sync(copy.text()) == "text"

    def test_request_of_a_request(self) -> None:
        request = js.Request.new("http://h/", method="POST", body=stream_of(data("ab")))
        other = js.Request.new(request)
        assert request.bodyUsed
        assert run_sync(other.text()) == "ab"

    def test_content_type_is_not_a_streams(self) -> None:
        assert js.Response.new(stream_of()).headers.get("content-type") is jsnull
