"""asyncio's connections, and readers and writers of its loop."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import Any

import pytest
from blockon import _sockets
from pyodide.ffi import run_sync
from streams import REFUSED, request


async def exchange(address: tuple[str, int], path: str) -> bytes:
    reader, writer = await asyncio.open_connection(*address)
    writer.write(request(path))
    await writer.drain()
    data = await reader.read()
    writer.close()
    await writer.wait_closed()
    return data


def test_asyncio_streams(address: tuple[str, int]) -> None:
    assert run_sync(exchange(address, "/status?code=404")).startswith(b"HTTP/1.1 404 ")


def test_many_asyncio_streams_at_once(address: tuple[str, int]) -> None:
    async def main() -> list[bytes]:
        return await asyncio.gather(*(exchange(address, "/slow-head?ms=100") for _ in range(50)))

    began = time.monotonic()
    assert {data[:13] for data in run_sync(main())} == {b"HTTP/1.1 200 "}
    assert time.monotonic() - began < 50 * 0.1


def test_asyncio_sock_methods(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    one.setblocking(False)
    other.setblocking(False)

    async def main() -> bytes:
        loop = asyncio.get_running_loop()
        receiving = asyncio.ensure_future(loop.sock_recv(one, 10))
        await asyncio.sleep(0.01)
        await loop.sock_sendall(other, b"hello")
        return await receiving

    assert run_sync(main()) == b"hello"


def test_readers_and_writers_of_the_loop(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    one.setblocking(False)
    got: list[bytes] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        came = asyncio.Event()

        def read() -> None:
            got.append(one.recv(1))
            came.set()

        loop.add_reader(one, read)
        for data in (b"a", b"b"):
            other.sendall(data)
            async with asyncio.timeout(5):
                await came.wait()
            came.clear()
        assert loop.remove_reader(one)
        assert not loop.remove_reader(one)
        other.sendall(b"c")
        await asyncio.sleep(0.02)
        ready = asyncio.Event()
        loop.add_writer(one, ready.set)
        await ready.wait()
        loop.remove_writer(one)
        with pytest.raises(ValueError, match="Invalid file object"):
            loop.add_reader("no file", ready.set)

    run_sync(main())
    assert got == [b"a", b"b"]


def test_a_reader_that_raises_goes_on(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    one.setblocking(False)
    errors: list[Any] = []
    got: list[bytes] = []
    came = asyncio.Event()

    class Raises:
        """In the place of a handle, which lets KeyboardInterrupt and SystemExit out alone."""

        def _run(self) -> None:
            got.append(one.recv(1))
            came.set()
            if len(got) == 1:
                raise ValueError("the first time")

        def cancel(self) -> None:
            pass

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: errors.append(context["exception"]))
        watch = _sockets._Watch(loop, one.fileno(), 1, Raises())
        try:
            for data in (b"a", b"b"):
                came.clear()
                other.sendall(data)
                async with asyncio.timeout(5):
                    await came.wait()
        finally:
            watch.end()
            loop.set_exception_handler(None)

    run_sync(main())
    assert got == [b"a", b"b"]
    assert [str(error) for error in errors] == ["the first time"]


def test_a_refused_asyncio_connection() -> None:
    with pytest.raises(ConnectionRefusedError):
        run_sync(asyncio.open_connection(*REFUSED))
