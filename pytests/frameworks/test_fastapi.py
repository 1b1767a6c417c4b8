"""FastAPI and Starlette: what is a plain ``def`` runs in threads, and may block there."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import anyio.to_thread
import httpx
import pytest
import requests
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, WebSocket
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

MEETING = 20.0  # seconds, after which those that wait for others give up


async def at_once(app: FastAPI, count: int, path: str) -> list[httpx.Response]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app") as client:
        return await asyncio.gather(*(client.get(path) for _ in range(count)))


async def test_def_endpoints_run_at_once_each_in_a_thread() -> None:
    app = FastAPI()
    barrier = threading.Barrier(8)
    main = threading.get_ident()

    @app.get("/")
    def meet() -> int:
        barrier.wait(MEETING)
        return threading.get_ident()

    responses = await at_once(app, 8, "/")
    idents = [response.json() for response in responses]
    assert len(set(idents)) == 8
    assert main not in idents


async def test_a_def_endpoint_that_blocks_holds_up_no_async_one() -> None:
    app = FastAPI()
    event = threading.Event()

    @app.get("/wait")
    def wait() -> bool:
        return event.wait(MEETING)

    @app.get("/set")
    async def set_it() -> None:
        event.set()

    waiting = asyncio.create_task(at_once(app, 1, "/wait"))
    await asyncio.sleep(0)
    await at_once(app, 1, "/set")
    assert (await waiting)[0].json() is True


async def test_more_def_endpoints_than_threads_take_their_turn() -> None:
    app = FastAPI()
    running, most = 0, 0
    lock = threading.Lock()

    @app.get("/")
    def endpoint() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.005)
        with lock:
            running -= 1

    responses = await at_once(app, 100, "/")
    assert {response.status_code for response in responses} == {200}
    # anyio's limit, and the runtime's, whose threads are fibers.
    assert 1 < most <= (100 if sys.platform == "emscripten" else 40)


async def test_a_limit_that_the_application_sets_holds() -> None:
    app = FastAPI()
    running, most = 0, 0
    limiter = anyio.to_thread.current_default_thread_limiter()
    before, limiter.total_tokens = limiter.total_tokens, 7

    @app.get("/")
    def endpoint() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        time.sleep(0.005)
        running -= 1

    try:
        responses = await at_once(app, 50, "/")
    finally:
        limiter.total_tokens = before
    assert {response.status_code for response in responses} == {200}
    assert 1 < most <= 7


async def test_dependencies_begin_before_and_end_after(server: str) -> None:
    app = FastAPI()
    log: list[str] = []

    def session() -> Iterator[requests.Session]:
        log.append("open")
        with requests.Session() as opened:
            yield opened
        log.append("close")

    async def name() -> str:
        return "name"

    @app.get("/")
    def endpoint(
        session: requests.Session = Depends(session),  # noqa: B008 - the names are this function's own
        name: str = Depends(name),
    ) -> dict[str, str]:
        log.append(name)
        return {"query": session.get(f"{server}/echo", params={"a": name}, timeout=MEETING).json()["query"]}

    (response,) = await at_once(app, 1, "/")
    assert response.json() == {"query": "?a=name"}
    assert log == ["open", "name", "close"]


async def test_background_tasks_run_after_the_answer() -> None:
    app = FastAPI()
    log: list[str] = []

    def blocking(word: str) -> None:
        time.sleep(0.001)
        log.append(word)

    async def asynchronous(word: str) -> None:
        await asyncio.sleep(0)
        log.append(word)

    @app.get("/")
    def endpoint(tasks: BackgroundTasks) -> str:
        tasks.add_task(blocking, "first")
        tasks.add_task(asynchronous, "second")
        log.append("answer")
        return "done"

    assert (await at_once(app, 1, "/"))[0].json() == "done"
    assert log == ["answer", "first", "second"]


async def test_the_context_goes_into_the_thread() -> None:
    variable = contextvars.ContextVar("variable", default="none")
    variable.set("mine")
    assert await run_in_threadpool(variable.get) == "mine"


async def test_an_exception_of_a_thread_is_the_callers() -> None:
    def fail() -> None:
        time.sleep(0.001)
        raise LookupError("not there")

    with pytest.raises(LookupError, match="not there"):
        await run_in_threadpool(fail)


async def test_generators_stream_from_threads() -> None:
    app = FastAPI()

    def numbers() -> Iterator[bytes]:
        for i in range(5):
            time.sleep(0.001)
            yield b"%d;" % i

    @app.get("/")
    def endpoint() -> StreamingResponse:
        return StreamingResponse(numbers())

    assert (await at_once(app, 1, "/"))[0].content == b"0;1;2;3;4;"


class Item(BaseModel):
    name: str
    price: float


def make_app(log: list[str]) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, str]]:
        log.append("started")
        yield {"word": "state"}
        log.append("ended")

    app = FastAPI(lifespan=lifespan)

    @app.post("/items")
    def create(item: Item) -> Item:
        time.sleep(0.001)
        return Item(name=item.name.upper(), price=item.price * 2)

    @app.get("/missing")
    def missing() -> None:
        raise HTTPException(404, "no such item")

    @app.get("/fails")
    def fails() -> None:
        raise LookupError("in the endpoint")

    @app.websocket("/echo")
    async def echo(websocket: WebSocket) -> None:
        await websocket.accept()
        while (text := await websocket.receive_text()) != "end":
            await websocket.send_text(text[::-1])
        await websocket.close()

    return app


def test_the_test_client_calls_from_synchronous_code() -> None:
    log: list[str] = []
    with TestClient(make_app(log)) as client:
        assert log == ["started"]
        answer = client.post("/items", json={"name": "pen", "price": 1.5})
        assert answer.json() == {"name": "PEN", "price": 3.0}
        refused = client.post("/items", json={"name": "pen", "price": "dear"})
        assert refused.status_code == 422
        assert refused.json()["detail"][0]["loc"] == ["body", "price"]
        assert client.get("/missing").json() == {"detail": "no such item"}
        with pytest.raises(LookupError, match="in the endpoint"):
            client.get("/fails")
    assert log == ["started", "ended"]


def test_the_test_client_speaks_websocket() -> None:
    with TestClient(make_app([])) as client, client.websocket_connect("/echo") as websocket:
        websocket.send_text("abc")
        assert websocket.receive_text() == "cba"
        websocket.send_text("end")


def test_the_test_client_needs_no_lifespan() -> None:
    assert TestClient(make_app([])).get("/missing").status_code == 404
