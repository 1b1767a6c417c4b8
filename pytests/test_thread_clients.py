"""anyio's ways between threads and event loops, and what stands on them: Starlette's TestClient."""

from __future__ import annotations

import asyncio
import threading
import time

import anyio
import anyio.from_thread
import anyio.lowlevel
import anyio.to_thread
import pytest
from pyodide.ffi import run_sync
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket
from threads import run


class TestAnyio:
    def test_run_in_a_thread(self) -> None:
        async def main() -> int:
            await anyio.sleep(0.001)
            return threading.get_ident()

        def body() -> tuple[int, int]:
            return anyio.run(main), threading.get_ident()

        inside, ident = run(body)
        assert inside == ident

    def test_to_thread(self) -> None:
        async def main() -> list[int]:
            idents: list[int] = []

            async def one() -> None:
                idents.append(await anyio.to_thread.run_sync(blocks))

            async with anyio.create_task_group() as group:
                for _ in range(3):
                    group.start_soon(one)
            return idents

        def blocks() -> int:
            time.sleep(0.001)
            return threading.get_ident()

        assert len(set(run(lambda: anyio.run(main)))) == 3

    def test_from_thread(self) -> None:
        async def adds(one: int, other: int) -> tuple[int, int]:
            await anyio.lowlevel.checkpoint()
            return one + other, threading.get_ident()

        async def main() -> tuple[tuple[int, int], int]:
            given = await anyio.to_thread.run_sync(lambda: anyio.from_thread.run(adds, 1, 2))
            return given, threading.get_ident()

        (total, there), here = run(lambda: anyio.run(main))
        assert (total, there) == (3, here)

    def test_a_portal(self) -> None:
        async def where(number: int) -> tuple[int, int]:
            await anyio.sleep(0.001)
            return number, threading.get_ident()

        with anyio.from_thread.start_blocking_portal() as portal:
            number, ident = portal.call(where, 7)
            futures = [portal.start_task_soon(where, number) for number in range(3)]
            numbers = [future.result(10)[0] for future in futures]
        assert number == 7
        assert ident != threading.get_ident()
        assert numbers == [0, 1, 2]

    def test_a_portal_of_the_main_threads_loop(self) -> None:
        async def main() -> int:
            async with anyio.from_thread.BlockingPortal() as portal:
                return await anyio.to_thread.run_sync(portal.call, threading.get_ident)

        async def and_end_its_threads() -> int:
            try:
                return await main()
            finally:
                await asyncio.sleep(0)

        assert run_sync(and_end_its_threads()) == threading.get_ident()


async def _plain(_request: Request) -> PlainTextResponse:
    await anyio.sleep(0.001)
    return PlainTextResponse("hello")


def _blocks(_request: Request) -> JSONResponse:
    time.sleep(0.001)
    return JSONResponse({"main": threading.current_thread() is threading.main_thread()})


async def _in_a_pool(_request: Request) -> PlainTextResponse:
    return PlainTextResponse(await run_in_threadpool(lambda: "from a thread"))


async def _fails(_request: Request) -> PlainTextResponse:
    raise LookupError("in the application")


async def _echoes(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(f"echo {await socket.receive_text()}")
    await socket.close()


@pytest.fixture(scope="module")
def client() -> TestClient:
    routes = [
        Route("/plain", _plain),
        Route("/blocks", _blocks),
        Route("/pool", _in_a_pool),
        Route("/fails", _fails),
        WebSocketRoute("/echo", _echoes),
    ]
    return TestClient(Starlette(routes=routes))


class TestStarlette:
    def test_an_asynchronous_endpoint(self, client: TestClient) -> None:
        answer = client.get("/plain")
        assert (answer.status_code, answer.text) == (200, "hello")

    def test_an_endpoint_that_blocks(self, client: TestClient) -> None:
        assert client.get("/blocks").json() == {"main": False}

    def test_a_thread_pool(self, client: TestClient) -> None:
        assert client.get("/pool").text == "from a thread"

    def test_an_exception_comes_out(self, client: TestClient) -> None:
        with pytest.raises(LookupError, match="in the application"):
            client.get("/fails")

    def test_a_web_socket(self, client: TestClient) -> None:
        with client.websocket_connect("/echo") as socket:
            socket.send_text("this")
            assert socket.receive_text() == "echo this"

    def test_one_portal_for_many_requests(self, client: TestClient) -> None:
        with client:
            assert [client.get("/plain").text for _ in range(3)] == ["hello"] * 3
