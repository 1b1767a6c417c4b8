"""What stands in for FastAPI's way through a plain endpoint does what FastAPI does: each request is made both ways."""

from __future__ import annotations

import datetime
import enum
import threading
from collections.abc import Callable
from typing import Annotated, Any

import pytest
from blockon import _fastapi, _fastapi_known
from fastapi import BackgroundTasks, Depends, FastAPI, Header, HTTPException, Query, Request, Response, routing
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import AfterValidator, BaseModel
from pyodide.ffi import run_sync
from starlette.middleware.base import BaseHTTPMiddleware


def test_the_installed_versions_are_known() -> None:
    for name in ("get_request_handler", "request_response"):
        assert "/blockon/" in getattr(routing, name).__code__.co_filename
    assert "/blockon/" in FastAPI.__call__.__code__.co_filename


class Colour(enum.Enum):
    RED = "red"


class Item(BaseModel):
    id: int
    name: str = "none"
    when: datetime.date | None = None


def refuse(value: int) -> int:
    if value == 7:
        raise OSError("not this one")
    return value


class OwnError(Exception):
    """One with a handler."""


calls: list[Any] = []


def endpoints(app: Any) -> None:
    @app.get("/items/{number}")
    async def item(number: int, q: str = "none") -> Item:
        calls.append((number, q))
        return Item(id=number, name=q)

    @app.get("/plain/{number}")
    def plain(number: int, q: str | None = None) -> dict[str, Any]:
        calls.append((number, q))
        return {"number": number, "q": q, "thread": threading.get_ident() != threading.main_thread().ident}

    @app.get("/any")
    async def anything(
        colour: Colour,
        many: Annotated[list[int], Query()] = [1],  # noqa: B006 - FastAPI copies it
        when: datetime.date | None = None,
    ) -> Any:
        return {"colour": colour, "many": many, "when": when}

    @app.get("/bounded")
    async def bounded(size: Annotated[int, Query(ge=1, le=9, alias="the-size")] = 3, on: bool = False) -> Any:
        return [size, on]

    @app.get("/odd")
    async def odd(value: Annotated[int, AfterValidator(refuse)]) -> int:
        return value

    @app.get("/path/{rest:path}", status_code=201)
    async def rest(rest: str) -> str:
        return rest

    @app.get("/wrong")
    async def wrong() -> Item:
        return {"id": "x"}  # type: ignore[return-value]

    @app.get("/wrong/def")
    def wrong_def() -> Item:
        return {"id": "x"}  # type: ignore[return-value]

    @app.get("/response")
    async def response(kind: str) -> Any:
        if kind == "json":
            return JSONResponse({"a": 1}, 202, {"x": "y"})
        return PlainTextResponse("text") if kind == "text" else Response(status_code=204)

    @app.get("/raises/{kind}")
    async def raises(kind: str) -> None:
        calls.append(kind)
        raise {"http": HTTPException(418, "a teapot"), "own": OwnError("own"), "other": ZeroDivisionError("other")}[
            kind
        ]

    @app.get("/raises/def/{kind}")
    def raises_def(kind: str) -> None:
        raise {"http": HTTPException(418, "a teapot"), "own": OwnError("own"), "other": ZeroDivisionError("other")}[
            kind
        ]

    @app.get("/late/{kind}")
    async def late(kind: str) -> Any:
        class Late(Response):
            async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
                await send({"type": "http.response.start", "status": 200, "headers": []})
                raise OwnError("late") if kind == "own" else ZeroDivisionError("late")

        return Late()

    @app.get("/filtered", response_model=Item, response_model_exclude_unset=True)
    async def filtered() -> Any:
        return {"id": 3, "more": True}

    @app.get("/nothing")
    async def nothing() -> None:
        calls.append("nothing")

    @app.get("/request")
    async def request(request: Request, background: BackgroundTasks, x: Annotated[str, Header()] = "none") -> Any:
        background.add_task(calls.append, "background")
        return [request.url.path, x]

    @app.get("/depends")
    async def depends(value: Annotated[int, Depends(refuse)]) -> int:
        return value

    @app.post("/items")
    async def post(item: Item) -> Item:
        return item


def make(middleware: bool, included: bool) -> FastAPI:
    app = FastAPI()

    @app.exception_handler(OwnError)
    async def own(request: Request, error: OwnError) -> Response:
        calls.append(("handled", request.url.path, sorted(request.path_params.items())))
        return PlainTextResponse(f"own: {error}", 409)

    if included:
        first, router, inner = routing.APIRouter(prefix="/first"), routing.APIRouter(), routing.APIRouter()
        endpoints(first)
        endpoints(inner)
        router.include_router(inner)
        app.include_router(first)
        app.include_router(router)
    else:
        endpoints(app)
    if middleware:

        async def dispatch(request: Request, following: Any) -> Any:
            answer = await following(request)
            answer.headers["x-middleware"] = "seen"
            return answer

        app.add_middleware(BaseHTTPMiddleware, dispatch=dispatch)
    return app


def originals(monkeypatch: pytest.MonkeyPatch) -> None:
    for owner, name in ((routing, "get_request_handler"), (routing, "request_response"), (FastAPI, "__call__")):
        monkeypatch.setattr(owner, name, getattr(owner, name).__wrapped__)


async def ask(app: FastAPI, method: str, target: str, body: bytes = b"") -> Any:
    """What it sends, what it raises, and what its functions noted."""
    calls.clear()
    path, _, query = target.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "method": method,
        "path": path, "raw_path": path.encode(), "query_string": query.encode("latin-1"), "root_path": "",
        "headers": [(b"content-type", b"application/json")], "client": None, "server": ("host", 80), "state": {},
    }  # fmt: skip
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append({**message, "headers": sorted(message.get("headers", ()))})

    try:
        await app(scope, receive, send)
    except Exception as error:
        return sent, list(calls), type(error), str(error).partition(", line ")[0], type(error.__cause__)
    return sent, list(calls)


TARGETS = [
    ("GET", "/items/7"), ("GET", "/items/7?q=a%20b+c&q=last"), ("GET", "/items/7?q=&=&&x"), ("GET", "/items/x"),
    ("GET", "/items/7/more"), ("POST", "/items/7"), ("HEAD", "/items/7"), ("GET", "/items/7/"), ("GET", "/plain/8"),
    ("GET", "/plain/8?q=\xe4"), ("GET", "/plain/x"), ("GET", "/any"), ("GET", "/any?colour=red"),
    ("GET", "/any?colour=red&many=1&many=2&when=2026-01-02"), ("GET", "/any?colour=blue"), ("GET", "/bounded"),
    ("GET", "/bounded?the-size=10"), ("GET", "/bounded?the-size=9&on=yes"), ("GET", "/bounded?size=10"),
    ("GET", "/odd?value=3"), ("GET", "/odd?value=7"), ("GET", "/odd"), ("GET", "/path/a/b/c"), ("GET", "/wrong"),
    ("GET", "/wrong/def"), ("GET", "/response?kind=json"), ("GET", "/response?kind=text"), ("GET", "/response?kind=0"),
    ("GET", "/raises/http"), ("GET", "/raises/own"), ("GET", "/raises/other"), ("GET", "/raises/def/http"),
    ("GET", "/raises/def/own"), ("GET", "/raises/def/other"), ("GET", "/late/own"), ("GET", "/late/other"),
    ("GET", "/filtered"), ("GET", "/nothing"), ("GET", "/request"), ("GET", "/depends?value=3"),
    ("GET", "/depends?value=7"), ("POST", "/items"), ("GET", "/none"), ("GET", "/openapi.json"), ("GET", "/docs"),
]  # fmt: skip


@pytest.fixture(scope="module", params=["alone", "middleware", "included"])
def apps(request: pytest.FixtureRequest) -> tuple[FastAPI, FastAPI]:
    """The same application twice, the second all FastAPI's."""
    made: Callable[[], FastAPI] = lambda: make(request.param == "middleware", request.param == "included")  # noqa: E731
    with pytest.MonkeyPatch.context() as patch:
        ours = made()
        originals(patch)
        return ours, made()


@pytest.mark.parametrize(("method", "target"), TARGETS)
def test_requests(apps: tuple[FastAPI, FastAPI], monkeypatch: pytest.MonkeyPatch, method: str, target: str) -> None:
    ours, theirs = apps
    body = b'{"id": 5}' if method == "POST" else b""
    asked = [run_sync(ask(ours, method, target, body)) for _ in range(2)]
    originals(monkeypatch)
    expected = run_sync(ask(theirs, method, target, body))
    assert asked == [expected, expected]


@pytest.mark.parametrize("included", [False, True])
def test_plain_endpoints_take_the_short_way(monkeypatch: pytest.MonkeyPatch, included: bool) -> None:
    app = make(middleware=False, included=included)
    for _ in range(2):  # the first makes the middlewares, the second looks at them
        run_sync(ask(app, "GET", "/items/7"))

    async def not_this_way(*_: Any) -> None:
        raise AssertionError("went by FastAPI's middlewares")

    monkeypatch.setattr(app, "middleware_stack", app.middleware_stack)
    monkeypatch.setattr(app.middleware_stack, "app", not_this_way)
    for target in ("/items/7?q=a", "/plain/7", "/bounded?on=1", "/path/a/b", "/response?kind=json", "/filtered"):
        sent = run_sync(ask(app, "GET", target))[0]
        assert sent[0]["status"] < 300


def test_what_wraps_a_route_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    import functools

    app = make(middleware=False, included=False)
    (route,) = [each for each in app.routes if getattr(each, "path", "") == "/items/{number}"]
    inner: Any = route.app  # type: ignore[attr-defined]

    @functools.wraps(inner)
    async def wrapper(*arguments: Any) -> None:
        calls.append("wrapper")
        await inner(*arguments)

    monkeypatch.setattr(route, "app", wrapper)
    for _ in range(2):
        assert run_sync(ask(app, "GET", "/items/7"))[1] == ["wrapper", (7, "none")]


def test_what_wraps_a_handler_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """As tools do that watch endpoints."""
    import functools

    make_handler = routing.get_request_handler

    def watched(*args: Any, **kwargs: Any) -> Any:
        handler = make_handler(*args, **kwargs)

        @functools.wraps(handler)
        async def watch(request: Request) -> Any:
            calls.append("watched")
            return await handler(request)

        return watch

    monkeypatch.setattr(routing, "get_request_handler", watched)
    app = make(middleware=False, included=False)
    for _ in range(2):
        assert run_sync(ask(app, "GET", "/items/7"))[1] == ["watched", (7, "none")]


def test_dependencies_that_come_later_count() -> None:
    app = make(middleware=False, included=False)
    (route,) = [each for each in app.routes if getattr(each, "path", "") == "/items/{number}"]
    dependant: Any = route.dependant  # type: ignore[attr-defined]
    assert run_sync(ask(app, "GET", "/items/7"))[1] == [(7, "none")]

    def noted() -> None:
        calls.append("dependency")

    other = FastAPI()
    other.get("/", dependencies=[Depends(noted)])(noted)
    dependant.dependencies.append(other.routes[-1].dependant.dependencies[0])  # type: ignore[attr-defined]
    assert run_sync(ask(app, "GET", "/items/7"))[1] == ["dependency", (7, "none")]


def test_code_that_is_not_known_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(_fastapi_known.ROUTE, "fastapi.routing", {"request_response": frozenset({0})})
    fake = type("Module", (), {"get_request_handler": 1, "request_response": 2})
    _fastapi.change_routing(fake)
    assert (fake.get_request_handler, fake.request_response) == (1, 2)  # type: ignore[attr-defined]
