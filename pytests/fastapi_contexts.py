"""An application of FastAPI's whose endpoints depend on functions that yield, and the like, one of each kind."""

from __future__ import annotations

import asyncio
import collections
import contextvars
import dataclasses
import datetime
import enum
import functools
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Query, Request, Response, Security
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, StreamingResponse
from fastapi.security import SecurityScopes
from plain_fastapi import OwnError, calls
from pydantic import BaseModel, Field
from starlette.middleware.base import BaseHTTPMiddleware

FAILURES: dict[str, Any] = {
    "http": lambda: HTTPException(418, "a teapot"),
    "own": lambda: OwnError("own"),
    "other": lambda: ZeroDivisionError("other"),
    "stop": lambda: StopAsyncIteration("stop"),
    "no": lambda: None,
}
CURRENT: contextvars.ContextVar[str] = contextvars.ContextVar("current", default="none")


def fail(kind: str) -> None:
    error = FAILURES[kind]()
    if error is not None:
        raise error


def note(what: str, error: BaseException | None = None) -> None:
    thread = "main" if threading.get_ident() == threading.main_thread().ident else "thread"
    calls.append((what, thread) if error is None else (what, thread, type(error), type(error.__context__)))


async def outer(enter: str = "no", leave: str = "no") -> AsyncIterator[str]:
    note("outer")
    fail(enter)
    try:
        yield "outer"
    except BaseException as error:
        note("outer failed", error)
        raise
    finally:
        note("outer ends")
        await asyncio.sleep(0)
        fail(leave)


def inner(value: Annotated[str, Depends(outer)], leave_inner: str = "no", keep: bool = False) -> Iterator[str]:
    note("inner")
    CURRENT.set("inner")
    try:
        yield f"{value} inner"
    except Exception as error:
        note("inner failed", error)
        if not keep:
            raise
    finally:
        note(f"inner ends {CURRENT.get()}")
        fail(leave_inner)


async def replacing(replace: str = "no") -> AsyncIterator[str]:
    try:
        yield "replacing"
    except HTTPException:
        fail(replace)
        raise


async def before(raised: str = "no") -> AsyncIterator[str]:
    note("before")
    try:
        yield "before"
    except BaseException as error:
        note("before failed", error)
        raise
    finally:
        note("before ends")
        fail(raised)


class Context:
    """An instance whose ``__call__`` yields, and one of a partial."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self) -> Iterator[str]:
        note(f"{self.name} begins")
        yield self.name
        note(f"{self.name} ends")

    async def method(self, name: str) -> AsyncIterator[str]:
        note(f"{name} begins")
        yield name
        note(f"{name} ends")


CONTEXT = Context("instance")


async def twice() -> AsyncIterator[int]:
    yield len(calls)
    yield 2


async def counted() -> int:
    note("counted")
    return len(calls)


async def on_counted(number: Annotated[int, Depends(counted, use_cache=False)]) -> int:
    note("on_counted")
    return number


async def scoped(scopes: SecurityScopes, number: Annotated[int, Depends(counted)]) -> list[Any]:
    return [scopes.scopes, scopes.scope_str, number]


async def tasks(background: BackgroundTasks, response: Response) -> None:
    background.add_task(note, "of a dependency")
    response.headers["x-dependency"] = "seen"
    response.set_cookie("session", "value")


class Part(BaseModel):
    count: int = Field(alias="theCount", default=3)


class Whole(BaseModel):
    name: str
    parts: list[Part] = []
    more: dict[str, Part] = {}


def streamed(background: BackgroundTasks, value: Annotated[str, Depends(outer)], kind: str = "no") -> Any:
    async def pieces() -> AsyncIterator[bytes]:
        note("first piece")
        yield b"first"
        fail(kind)
        note("last piece")
        yield value.encode()

    background.add_task(note, "behind the stream")
    return StreamingResponse(pieces())


def contexts(app: Any) -> None:
    @app.get("/outer")
    async def on_outer(value: Annotated[str, Depends(outer)], kind: str = "no") -> str:
        note("endpoint")
        fail(kind)
        return value

    @app.get("/inner")
    async def on_inner(
        value: Annotated[str, Depends(inner)], first: Annotated[str, Depends(outer)], kind: str = "no"
    ) -> list[str]:
        note(f"endpoint {CURRENT.get()}")
        fail(kind)
        return [value, first]

    @app.get("/inner/def")
    def on_inner_def(value: Annotated[str, Depends(inner)], kind: str = "no") -> str:
        note("endpoint")
        fail(kind)
        return value

    @app.get("/replacing")
    async def on_replacing(value: Annotated[str, Depends(replacing)], kind: str = "http") -> str:
        fail(kind)
        return value

    @app.get("/scopes")
    async def on_scopes(
        value: Annotated[str, Depends(outer)],
        other: Annotated[str, Depends(before, scope="function")],
        kind: str = "no",
    ) -> list[str]:
        fail(kind)
        return [value, other]

    @app.get("/function")
    async def on_function(other: Annotated[str, Depends(before, scope="function")], kind: str = "no") -> str:
        fail(kind)
        return other

    @app.get("/same")
    async def on_same(
        first: Annotated[str, Depends(before)], other: Annotated[str, Depends(before, scope="function")],
        again: Annotated[str, Depends(before, use_cache=False)],
    ) -> list[str]:  # fmt: skip
        return [first, other, again]

    @app.get("/kinds", dependencies=[Depends(CONTEXT), Depends(functools.partial(CONTEXT.method, "partial"))])
    async def on_kinds() -> str:
        return "kinds"

    @app.get("/twice")
    async def on_twice(value: Annotated[int, Depends(twice)]) -> int:
        return value

    @app.get("/wrong")
    async def on_wrong(value: Annotated[str, Depends(outer)]) -> int:
        return value  # type: ignore[return-value]

    @app.get("/valid")
    async def on_valid(value: Annotated[str, Depends(outer)], number: int) -> int:
        return number

    @app.get("/streamed")
    def on_streamed(streamed: Annotated[Any, Depends(streamed)]) -> Any:
        return streamed


def more_contexts(app: Any) -> None:
    @app.get("/uncached")
    async def uncached(
        one: Annotated[int, Depends(on_counted)], two: Annotated[int, Depends(on_counted)],
        three: Annotated[int, Depends(counted)], four: Annotated[int, Depends(counted)],
    ) -> list[int]:  # fmt: skip
        return [one, two, three, four]

    @app.get("/scoped")
    async def on_scoped(
        one: Annotated[list[Any], Security(scoped, scopes=["a", "b"])],
        two: Annotated[list[Any], Security(scoped, scopes=["b", "a"])],
        three: Annotated[list[Any], Depends(scoped)],
    ) -> list[Any]:
        return [one, two, three]

    @app.get("/background", dependencies=[Depends(tasks)])
    async def background(background: BackgroundTasks, value: Annotated[str, Depends(outer)], kind: str = "no") -> str:
        background.add_task(fail, kind)
        background.add_task(asyncio.sleep, 0)
        background.add_task(note, "of the endpoint")
        return value

    @app.get("/background/response")
    async def background_response(background: BackgroundTasks, own: bool = False) -> Any:
        background.add_task(note, "of the endpoint")
        response = PlainTextResponse("text")
        if own:
            response.background = BackgroundTasks()
            response.background.add_task(note, "of the response")
        return response

    @app.get("/response", dependencies=[Depends(tasks)], status_code=201)
    async def response(response: Response, status: int | None = None) -> Whole:
        response.status_code = status
        response.headers["x-endpoint"] = "seen"
        return Whole(name="whole", parts=[Part(theCount=1), Part()], more={"a": Part()})

    @app.delete("/nothing", status_code=204)
    async def nothing(number: int) -> None:
        note(f"nothing {number}")

    @app.get("/accepted", status_code=299)
    def accepted() -> Any:
        return {"accepted": True}

    @app.get("/html", response_class=HTMLResponse)
    async def html(value: Annotated[str, Depends(before)]) -> str:
        return f"<p>{value}</p>"

    class Spaced(JSONResponse):
        def render(self, content: Any) -> bytes:
            return super().render(content).replace(b",", b", ")

    @app.get("/spaced", response_class=Spaced, response_model=Whole, response_model_by_alias=False)
    def spaced(kind: str = "no") -> Any:
        fail(kind)
        return {"name": "spaced", "parts": [{"theCount": "4"}]}

    @app.get("/spaced/plain", response_class=Spaced)
    def spaced_plain() -> Any:
        return {"a": [1, 2]}

    @app.get("/lists")
    async def lists(
        number: Annotated[list[int], Query()],
        word: Annotated[set[str], Query()] = {"none"},  # noqa: B006 - FastAPI copies it
        more: Annotated[list[str], Query()] = ["a"],  # noqa: B006
    ) -> Any:
        more.append("b")
        return [number, sorted(word), more]

    async def last(word: str = "none") -> str:
        return word

    @app.get("/lists/both")
    async def lists_both(last: Annotated[str, Depends(last)], word: Annotated[list[str], Query()]) -> Any:
        return [last, word]

    @app.get("/validated/{number}")
    async def validated(
        request: Request, size: Annotated[float, Query(gt=0, lt=9)],
        name: Annotated[str, Query(pattern="^[a-z]+$", max_length=5)] = "none",
    ) -> Any:  # fmt: skip
        return [request.path_params, size, name]


class Colour(enum.StrEnum):
    RED = "red"


class Named(str):
    __slots__ = ()


@dataclasses.dataclass
class Point(dict[str, int]):
    x: int = 1


def deep(depth: int) -> list[Any]:
    return [deep(depth - 1), {"depth": depth}] if depth else []


def endless() -> list[Any]:
    found: list[Any] = []
    found.append(found)
    return found


# Each with what is nearly as plain and is not.
VALUES: dict[str, Any] = {
    "plain": {"a": [1, 2.5, None, True, "\u00e4 \U0001f600", {"b": (1, [])}], "": {}},
    "scalar": "text",
    "none": None,
    "keys": {1: 2, None: 3, False: 4, 1.5: 5},
    "colour key": {Colour.RED: 1},
    "sqlalchemy": {"_sa_instance_state": 1, "a": {"_sa": 2, "_s": 3}},
    "nan": [float("nan")],
    "infinite": {"a": float("inf")},
    "surrogate": ["\ud800"],
    "colour": {"colour": Colour.RED},
    "named": [Named("named")],
    "point": [Point()],
    "set": {"a": {1}},
    "bytes": [b"text"],
    "bad bytes": [b"\xff"],
    "date": [datetime.date(2026, 1, 2)],
    "object": [object()],
    "model": {"a": [Part()]},
    "large": 2**80,
    "deep": deep(19),
    "deeper": deep(30),
    "endless": endless(),
    "counter": collections.Counter("aab"),
}


def values(app: Any) -> None:
    @app.get("/value")
    async def value(kind: str) -> Any:
        return VALUES[kind]

    @app.get("/value/def")
    def value_def(kind: str):  # type: ignore[no-untyped-def] # noqa: ANN202 - a model is made of what is said here
        return VALUES[kind]

    @app.get("/value/any", response_model=None, status_code=202)
    def value_any(kind: str) -> Any:
        return VALUES[kind]


def make(middleware: bool, included: bool) -> FastAPI:
    from fastapi import APIRouter

    app = FastAPI()

    @app.exception_handler(OwnError)
    async def own(request: Request, error: OwnError) -> Response:
        note("handled", error)
        return PlainTextResponse(f"own: {error}", 409)

    target = APIRouter(dependencies=[Depends(before)]) if included else app
    contexts(target)
    more_contexts(target)
    values(target)
    if included:
        app.include_router(target)
    if middleware:

        async def dispatch(request: Request, following: Any) -> Any:
            answer = await following(request)
            answer.headers["x-middleware"] = "seen"
            return answer

        app.add_middleware(BaseHTTPMiddleware, dispatch=dispatch)
    return app
