"""Routes are found as FastAPI finds them, whatever their order and their kind: each request is made both ways."""

from __future__ import annotations

from typing import Any

import pytest
from blockon import _fastapi_routes
from blockon._known_code import all_known
from fastapi import APIRouter, FastAPI, WebSocket
from plain_fastapi import ask, originals
from pyodide.ffi import run_sync
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, Route, Router, WebSocketRoute


async def told(scope: Any, receive: Any, send: Any) -> None:
    """An application that is mounted."""
    await PlainTextResponse(f"mounted: {scope['path']} {scope['root_path']}")(scope, receive, send)


async def of_request(request: Any) -> Any:
    return PlainTextResponse(f"{request.method} {request.path_params}")


async def socket(websocket: WebSocket) -> None:
    await websocket.close()


def add(app: Any, path: str, method: str = "GET") -> None:
    """An endpoint that returns its path and the values of the parameters in it, of which there are two at most."""

    async def of_none() -> str:
        return path

    async def of_one(one: str) -> list[str]:
        return [path, one]

    async def of_two(one: str, two: str) -> list[str]:
        return [path, one, two]

    endpoint = of_two if "{two}" in path else of_one if "{one" in path else of_none
    app.add_api_route(path, endpoint, methods=[method])


def make() -> FastAPI:
    app = FastAPI()
    app.mount("/static", told)
    app.add_api_websocket_route("/items/socket", socket)
    app.router.routes.append(WebSocketRoute("/items/other", socket))
    for path in ("/items/{one}", "/items/first", "/v{one}/items", "/{one}/tail", "/items/a.b", "/items/a.b/{one}"):
        add(app, path)
    add(app, "/items/{one}", "PUT")
    add(app, "/items/{one}", "POST")
    app.router.routes.append(Route("/items/plain/{one}", of_request))
    first, second, inner = APIRouter(prefix="/first"), APIRouter(prefix="/items"), APIRouter(prefix="/in{one}")
    for router in (first, second):
        add(router, "/more/{one}")
        add(router, "/more/most")
    add(inner, "/within/{two}")
    first.include_router(inner)
    first.mount("/mounted", told)
    first.add_api_websocket_route("/socket", socket)
    first.routes.append(Route("/plain", of_request))
    app.include_router(first)
    app.include_router(second)
    for path in ("/files/{one:path}", "/{one}", "/", "/number/{one:int}", "/late", "/ä/{one}"):
        add(app, path)
    app.mount("/late/static", told)
    return app


TARGETS = [
    ("GET", path)
    for path in (
        "/items/3", "/items/first", "/items/a.b", "/items/a.b/4", "/items/aXb/4", "/items/socket", "/items/other",
        "/v1/items", "/v/items", "/x/tail", "/items/tail", "/items", "/items/", "/items/3/", "/items/plain/4",
        "/items/more/5", "/items/more/most", "/items/more", "/first/more/6", "/first/more/most",
        "/first/in7/within/8", "/first/in/within/8", "/first/mounted/x", "/first/mounted", "/first/socket",
        "/first/plain", "/first", "/files/a/b/c", "/files/", "/files", "/anything", "/", "//", "//items/3",
        "/number/7", "/number/x", "/late", "/late/", "/late/static/y", "/static/z", "/static", "/static/",
        "/staticx", "/ä/5", "/items/3\n", "/items/first\n", "/anything\n", "/\n", "/late\n/static",
        "/openapi.json", "/docs", "/docs/x", "items/3", "",
    )
] + [
    (method, path)
    for method in ("PUT", "POST", "DELETE", "HEAD")
    for path in ("/items/3", "/items/first", "/items/plain/4", "/first/more/6", "/static/z", "/late")
]  # fmt: skip


@pytest.fixture(scope="module")
def apps() -> tuple[FastAPI, FastAPI]:
    """The same application twice, the second all FastAPI's."""
    with pytest.MonkeyPatch.context() as patch:
        ours = make()
        originals(patch)
        return ours, make()


def both(apps: tuple[FastAPI, FastAPI], monkeypatch: pytest.MonkeyPatch, method: str, target: str) -> Any:
    """What ours answers, when that is what FastAPI answers."""
    ours, theirs = apps
    asked = [run_sync(ask(ours, method, target)) for _ in range(2)]
    with monkeypatch.context() as patch:
        originals(patch)
        expected = run_sync(ask(theirs, method, target))
    assert asked == [expected, expected]
    return expected[0]


@pytest.mark.parametrize(("method", "target"), TARGETS)
def test_requests(apps: tuple[FastAPI, FastAPI], monkeypatch: pytest.MonkeyPatch, method: str, target: str) -> None:
    both(apps, monkeypatch, method, target)


def test_the_other_kinds_of_routes_are_known() -> None:
    assert all_known(_fastapi_routes._KNOWN)


def test_what_is_known_of_other_kinds_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(_fastapi_routes._KNOWN, "starlette.routing:Mount", {"matches": frozenset({0})})
    app = make()
    assert "mounted" in str(run_sync(ask(app, "GET", "/static/x")))
    assert "/items/{one}" in str(run_sync(ask(app, "GET", "/items/x")))


@pytest.fixture
def short_way_only(apps: tuple[FastAPI, FastAPI], monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    app = apps[0]
    for _ in range(2):  # the first makes the middlewares, the second looks at them
        run_sync(ask(app, "GET", "/items/3"))

    async def not_this_way(*_: Any) -> None:
        raise AssertionError("went by FastAPI's middlewares")

    stack: Any = app.middleware_stack
    monkeypatch.setattr(stack, "app", not_this_way)
    return app


@pytest.mark.parametrize(
    "path",
    [
        "/items/3",
        "/v1/items",
        "/first/more/6",
        "/items/more/most",
        "/first/in7/within/8",
        "/files/a/b",
        "/anything",
        "/late",
    ],
)
def test_mounts_and_websockets_before_it_leave_an_endpoint_plain(short_way_only: FastAPI, path: str) -> None:
    assert run_sync(ask(short_way_only, "GET", path))[0][0]["status"] == 200


def hosted() -> list[Any]:
    return [Host("host", Router([Mount("/items", told)]))]


CHANGES: dict[str, Any] = {
    "added": lambda app, router: add(app, "/new/{one}"),
    "added to a router": lambda app, router: add(router, "/new/{one}"),
    "included": lambda app, router: app.include_router(router, prefix="/new"),
    "put first": lambda app, router: app.router.routes.insert(0, Route("/items/{x}", of_request)),
    "put first in a router": lambda app, router: router.routes.insert(0, Route("/more/{x}", of_request)),
    "removed": lambda app, router: app.router.routes.pop(),
    "in another order": lambda app, router: app.router.routes.reverse(),
    "replaced": lambda app, router: app.router.routes.__setitem__(4, Route("/other/{x}", of_request)),
    "all new": lambda app, router: setattr(app.router, "routes", [Route("/items/{x}", of_request)]),
    "behind a host": lambda app, router: app.router.routes.__setitem__(slice(0, 0), hosted()),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_routes_that_change_after_a_request_count(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    def some() -> tuple[FastAPI, APIRouter]:
        app, router = FastAPI(), APIRouter(prefix="/in")
        add(app, "/items/{one}")
        add(router, "/more/{one}")
        app.include_router(router)
        add(app, "/last/{one}")
        return app, router

    ours, router = some()
    with monkeypatch.context() as patch:
        originals(patch)
        theirs, other = some()
    targets = ("/items/3", "/in/more/4", "/last/5", "/new/6", "/in/new/7", "/new/in/more/8", "/more/9", "/other/1")
    for changed in (False, True):
        if changed:
            change(ours, router)
            with monkeypatch.context() as patch:
                originals(patch)
                change(theirs, other)
        for target in targets:
            both((ours, theirs), monkeypatch, "GET", target)
