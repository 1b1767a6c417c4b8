"""The ways to read a response's body, in parts, as it came and decoded."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import httpx
import pytest
import requests
import urllib3

PACKED = b"packed " * 100
LARGE = 1_000_000


@contextmanager
def opened(url: str, **options: Any) -> Iterator[urllib3.HTTPResponse]:
    with urllib3.PoolManager(retries=False) as pool:
        response = pool.request("GET", url, preload_content=False, **options)
        assert isinstance(response, urllib3.HTTPResponse)
        yield response
        response.close()


def test_urllib3_read(server: str) -> None:
    with opened(f"{server}/large") as response:
        assert (response.tell(), response.length_remaining) == (0, LARGE)
        assert response.read(0) == b""
        assert response.read(10) == b"x" * 10
        assert (response.tell(), response.length_remaining) == (10, LARGE - 10)
        first = response.read1()
        assert 0 < len(first) <= LARGE - 10
        assert response.read1(5) == b"xxxxx"
        buffer = bytearray(1000)
        assert response.readinto(buffer) == 1000
        assert buffer == b"x" * 1000
        assert len(response.read()) == LARGE - 1015 - len(first)
        assert response.read() == b""
        assert response.read1() == b""
        assert (response.tell(), response.length_remaining) == (LARGE, 0)
        assert response.isclosed()


def test_urllib3_streams(server: str) -> None:
    with opened(f"{server}/large") as response:
        sizes = list(map(len, response.stream(65536)))
        assert sizes == [65536] * (LARGE // 65536) + [LARGE % 65536]
        assert response.closed
    with opened(f"{server}/gzip") as response:
        assert list(response.stream(100)) == [PACKED[start : start + 100] for start in range(0, 700, 100)]


def test_urllib3_as_a_file(raw: str, server: str) -> None:
    with opened(f"{server}/gzip") as response:
        assert (response.readable(), response.writable(), response.seekable()) == (True, False, False)
        assert io.BufferedReader(response).read() == PACKED
    with opened(f"{raw}/many-chunks", decode_content=False) as response:
        response.auto_close = False
        assert list(io.TextIOWrapper(response)) == ["x" * 100]
    with opened(f"{server}/large") as response:
        assert response.fileno() > 0
        assert next(iter(response))[:1] == b"x"


def test_urllib3_decodes_or_not(server: str) -> None:
    with opened(f"{server}/gzip", decode_content=False) as response:
        assert response.headers["content-encoding"] == "gzip"
        packed = response.read()
        assert gzip.decompress(packed) == PACKED
    with opened(f"{server}/gzip") as response:
        assert response.read(7) == b"packed "
        assert response.read1(7) == b"packed "
        assert response.tell() <= len(packed)
        assert response.read() == PACKED[14:]
    with opened(f"{server}/gzip") as response:
        assert response.read(7) == b"packed "
        with pytest.raises(RuntimeError, match="decode_content=False"):
            response.read(7, decode_content=False)


def test_urllib3_chunks(raw: str) -> None:
    with opened(f"{raw}/trailers") as response:
        assert response.chunked
        assert list(response.read_chunked()) == [b"hello", b" world"]
        assert response.closed
    with opened(f"{raw}/many-chunks") as response:
        assert response.read(3) == b"xxx"
        assert response.read1(3) in (b"x", b"xx", b"xxx")
    with opened(f"{raw}/reason") as response, pytest.raises(urllib3.exceptions.ResponseNotChunked):
        list(response.read_chunked())


def test_urllib3_drains(server: str) -> None:
    with urllib3.PoolManager(retries=False) as pool:
        numbers = []
        for drains in (True, False, True):
            response = pool.request("GET", f"{server}/large", preload_content=False)
            assert response.read(10) == b"x" * 10
            if drains:
                response.drain_conn()
            response.release_conn()
            numbers.append(json.loads(pool.request("GET", f"{server}/connection").data)["number"])
        assert numbers[0] != numbers[1]  # what was not read is in the way
        assert numbers[1] == numbers[2]


def test_urllib3_data_and_json(server: str) -> None:
    with opened(f"{server}/echo") as response:
        assert response.json()["method"] == "GET"
        assert response.data == response.data


def test_requests_iter_content(server: str, raw: str) -> None:
    with requests.get(f"{server}/large", stream=True, timeout=20) as response:
        assert sum(map(len, response.iter_content(None))) == LARGE
        with pytest.raises(requests.exceptions.StreamConsumedError):
            next(response.iter_content(10))
    with requests.get(f"{server}/gzip", stream=True, timeout=20) as response:
        assert b"".join(response.iter_content(1)) == PACKED
    with requests.get(f"{server}/gzip", stream=True, timeout=20) as response:
        response.encoding = "utf-8"
        assert "".join(response.iter_content(64, decode_unicode=True)) == PACKED.decode()
    with requests.get(f"{raw}/trailers", stream=True, timeout=20) as response:
        assert list(response.iter_content(None)) == [b"hello", b" world"]
    with requests.get(f"{raw}/version-1.0", stream=True, timeout=20) as response:
        assert list(response.iter_lines(delimiter=b" ")) == [b"until", b"the", b"end"]


def test_requests_raw(server: str) -> None:
    with requests.get(f"{server}/gzip", stream=True, timeout=20) as response:
        assert gzip.decompress(response.raw.read()) == PACKED
    with requests.get(f"{server}/gzip", stream=True, timeout=20) as response:
        response.raw.decode_content = True
        assert response.raw.read(7) == b"packed "
    with requests.get(f"{server}/slow-body?ms=20", stream=True, timeout=20) as response:
        assert response.raw.read1() == b"begin"
        assert response.raw.read1() == b"end"
        assert response.raw.read1() == b""


def test_httpx_iterators(server: str) -> None:
    with httpx.Client() as client:
        with client.stream("GET", f"{server}/gzip") as response:
            packed = b"".join(response.iter_raw())
            assert gzip.decompress(packed) == PACKED
            assert response.num_bytes_downloaded == len(packed)
            with pytest.raises(httpx.StreamConsumed):
                response.read()
        with client.stream("GET", f"{server}/gzip") as response:
            assert list(response.iter_bytes(100)) == [PACKED[start : start + 100] for start in range(0, 700, 100)]
        with client.stream("GET", f"{server}/gzip") as response:
            assert list(response.iter_text(350)) == [PACKED.decode()[:350]] * 2
        with client.stream("GET", f"{server}/slow-body?ms=20") as response:
            assert list(response.iter_raw()) == [b"begin", b"end"]
        with client.stream("GET", f"{server}/large") as response, pytest.raises(httpx.ResponseNotRead):
            assert response.content
        with pytest.raises(httpx.StreamClosed):
            response.read()
        assert client.get(f"{server}/status?code=200").text == "status body"


async def test_httpx_async_iterators(server: str) -> None:
    async with httpx.AsyncClient() as client:
        async with client.stream("GET", f"{server}/gzip") as response:
            assert [part async for part in response.aiter_bytes(350)] == [PACKED[:350]] * 2
        async with client.stream("GET", f"{server}/slow-body?ms=20") as response:
            assert [part async for part in response.aiter_raw()] == [b"begin", b"end"]
        async with client.stream("GET", f"{server}/large") as response:
            assert len(await response.aread()) == LARGE
        async with client.stream("GET", f"{server}/large") as response:
            async for _ in response.aiter_raw():
                break
        with pytest.raises(httpx.StreamConsumed):
            await response.aread()


async def test_aiohttp_content(server: str, raw: str) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{server}/large") as response:
            assert await response.content.read(10) == b"x" * 10
            assert await response.content.readexactly(20) == b"x" * 20
            assert 0 < len(await response.content.readany()) < LARGE
            assert sum([len(part) async for part in response.content.iter_chunked(65536)]) > LARGE // 2
            assert response.content.at_eof()
            assert await response.read() == b""
        async with session.get(f"{server}/gzip") as response:
            assert [part async for part in response.content.iter_chunked(350)] == [PACKED[:350]] * 2
        async with session.get(f"{raw}/trailers") as response:
            parts = [part async for part, _ in response.content.iter_chunks()]
            assert b"".join(parts) == b"hello world"
        async with session.get(f"{raw}/version-1.0") as response:
            assert [line async for line in response.content] == [b"until the end"]
        async with session.get(f"{raw}/short") as response:
            with pytest.raises(aiohttp.ClientPayloadError):
                await response.content.readexactly(50)
    async with aiohttp.ClientSession(auto_decompress=False) as session, session.get(f"{server}/gzip") as response:
        assert gzip.decompress(await response.read()) == PACKED
