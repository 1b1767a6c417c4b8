"""An application of FastAPI's with an endpoint of each kind, and a request to it without a server."""

from __future__ import annotations

import asyncio
import datetime
import enum
import threading
from collections.abc import AsyncIterator
from typing import Annotated, Any

import pytest
from fastapi import (
    BackgroundTasks,
    Body,
    Cookie,
    Depends,
    FastAPI,
    Header,
    HTTPException,
    Query,
    Request,
    Response,
    routing,
)
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.security import OAuth2PasswordBearer
from pydantic import AfterValidator, BaseModel
from starlette.middleware.base import BaseHTTPMiddleware


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


class Page:
    """A class is a dependency, too."""

    def __init__(self, skip: int = 0, limit: Annotated[int, Query(le=9)] = 5) -> None:
        calls.append("page")
        self.skip, self.limit = skip, limit


async def counted(request: Request) -> int:
    calls.append(("counted", request.url.path))
    return len(calls)


def session(number: Annotated[int, Depends(counted)], session: Annotated[str | None, Cookie()] = None) -> str:
    calls.append(("session", threading.get_ident() != threading.main_thread().ident))
    return f"{session} {number}"


async def user(
    token: Annotated[str, Depends(OAuth2PasswordBearer(tokenUrl="token"))], session: Annotated[str, Depends(session)]
) -> str:
    if token == "bad":
        raise HTTPException(403, "not you")
    if token == "own":
        raise OwnError(session)
    return f"{token} {session}"


async def opened() -> AsyncIterator[str]:
    calls.append("open")
    yield "opened"
    calls.append("closed")


async def uncached() -> int:
    calls.append("uncached")
    return len(calls)


class Order(BaseModel):
    items: list[Item]
    note: str | None = None


def more_endpoints(app: Any) -> None:
    @app.get("/orders")
    async def orders(page: Annotated[Page, Depends()]) -> dict[str, int]:
        return vars(page)

    @app.post("/orders", status_code=201)
    async def order(order: Order, x_trace: Annotated[int | None, Header()] = None, urgent: bool = False) -> Order:
        calls.append((x_trace, urgent))
        return order

    @app.put("/orders/{number}")
    def put(number: int, order: Order) -> Any:
        return {"number": number, "count": len(order.items)}

    @app.post("/list")
    async def listed(values: list[int]) -> int:
        return sum(values)

    @app.post("/anything")
    async def anything_posted(value: Annotated[Any, Body()] = 7) -> Any:
        return value

    @app.post("/embedded")
    async def embedded(order: Annotated[Order, Body(embed=True)]) -> Any:
        return order

    @app.post("/both")
    async def both(item: Item, order: Order) -> Any:
        return [item, order]

    @app.post("/seen")
    async def seen(item: Item, request: Request) -> Any:
        return [item.id, await request.json(), (await request.body()).decode(), request.headers["x-trace"]]

    @app.post("/unread")
    async def unread(request: Request) -> Any:
        return (await request.body()).decode()

    @app.post("/raising")
    async def raising(item: Item, request: Request) -> None:
        request.state.noted = item.id
        raise OwnError("raising")

    @app.get("/me")
    async def me(
        user: Annotated[str, Depends(user)], number: Annotated[int, Depends(counted)], limit: int = 3
    ) -> list[Any]:
        return [user, number, limit]

    @app.get("/me/def")
    def me_def(user: Annotated[str, Depends(user)]) -> str:
        return user

    @app.get("/guarded", dependencies=[Depends(user), Depends(counted)])
    async def guarded() -> str:
        return "guarded"

    @app.get("/opened")
    async def with_opened(value: Annotated[str, Depends(opened)]) -> str:
        return value

    @app.get("/uncached")
    async def with_uncached(
        one: Annotated[int, Depends(uncached, use_cache=False)], two: Annotated[int, Depends(uncached, use_cache=False)]
    ) -> list[int]:
        return [one, two]

    @app.get("/headers")
    async def headers(
        x_trace: Annotated[int, Header()], accept: Annotated[str | None, Header()] = None,
        many: Annotated[list[str] | None, Header()] = None,
    ) -> Any:  # fmt: skip
        return [x_trace, accept, many]

    @app.get("/header")
    async def header(x_trace: Annotated[int, Header()], host: Annotated[str, Header(alias="X-Host")] = "none") -> Any:
        return [x_trace, host]

    @app.get("/cookies")
    async def cookies(session: Annotated[str, Cookie()], other: Annotated[int, Cookie()] = 3) -> Any:
        return [session, other]


def make(middleware: bool, included: bool) -> FastAPI:
    app = FastAPI()

    @app.exception_handler(OwnError)
    async def own(request: Request, error: OwnError) -> Response:
        calls.append(("handled", request.url.path, sorted(request.path_params.items()), vars(request.state)["_state"]))
        if request.method == "POST":
            calls.append(await request.body())
        return PlainTextResponse(f"own: {error}", 409)

    if included:
        first, router, inner = routing.APIRouter(prefix="/first"), routing.APIRouter(), routing.APIRouter()
        endpoints(first)
        endpoints(inner)
        more_endpoints(inner)
        router.include_router(inner)
        app.include_router(first)
        app.include_router(router)
    else:
        endpoints(app)
        more_endpoints(app)
    if middleware:

        async def dispatch(request: Request, following: Any) -> Any:
            answer = await following(request)
            answer.headers["x-middleware"] = "seen"
            return answer

        app.add_middleware(BaseHTTPMiddleware, dispatch=dispatch)
    return app


def originals(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = (
        (routing, "get_request_handler"), (routing, "request_response"), (FastAPI, "__call__"),
        (BaseHTTPMiddleware, "__call__"),
    )  # fmt: skip
    for owner, name in changed:
        monkeypatch.setattr(owner, name, getattr(owner, name).__wrapped__)


JSON = ((b"content-type", b"application/json"),)


async def ask(
    app: FastAPI,
    method: str,
    target: str,
    body: bytes = b"",
    headers: Any = JSON,
    size: int = 4096,
    sent: list[Any] | None = None,
) -> Any:
    """What it sends, what it raises, and what its functions noted; the body comes in pieces of that size."""
    calls.clear()
    path, _, query = target.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "method": method,
        "path": path, "raw_path": path.encode(), "query_string": query.encode("latin-1"), "root_path": "",
        "headers": list(headers), "client": None, "server": ("host", 80), "state": {},
    }  # fmt: skip
    sent = [] if sent is None else sent
    pieces = [body[start : start + size] for start in range(0, len(body), size)] or [b""]

    async def receive() -> Any:
        if pieces:
            return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}
        return await asyncio.Future()

    async def send(message: Any) -> None:
        sent.append({**message, "headers": sorted(message.get("headers", ()))})

    try:
        await app(scope, receive, send)
    except Exception as error:
        return sent, list(calls), type(error), str(error).partition(", line ")[0], type(error.__cause__)
    return sent, list(calls)
