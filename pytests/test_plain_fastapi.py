"""What stands in for FastAPI's way through a plain endpoint does what FastAPI does: each request is made both ways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from blockon import _fastapi, _fastapi_known
from fastapi import (
    Depends,
    FastAPI,
    Request,
    routing,
)
from plain_fastapi import JSON, ask, calls, make, originals, user
from pyodide.ffi import run_sync


def test_the_installed_versions_are_known() -> None:
    for name in ("get_request_handler", "request_response"):
        assert "/blockon/" in getattr(routing, name).__code__.co_filename
    assert "/blockon/" in FastAPI.__call__.__code__.co_filename


TRACED = (*JSON, (b"x-trace", b"7"), (b"x-trace", b"8"), (b"x-host", b"\xe4"))


def with_headers(**headers: str) -> Any:
    return [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]


ORDER = b'{"items": [{"id": 1}, {"id": 2, "name": "tea", "when": "2026-01-02"}], "note": "\xc3\xa4"}'
MORE: list[tuple[str, str, bytes, Any]] = [
    ("GET", "/orders", b"", JSON), ("GET", "/orders?skip=3&limit=4", b"", JSON), ("GET", "/orders?limit=10", b"", JSON),
    ("PATCH", "/orders", b"", JSON), ("POST", "/orders", ORDER, JSON), ("POST", "/orders?urgent=1", ORDER, TRACED),
    ("POST", "/orders?urgent=x", ORDER, JSON), ("POST", "/orders", ORDER, with_headers(x_trace="7")),
    ("POST", "/orders", ORDER, with_headers(content_type="application/json; charset=utf-8")),
    ("POST", "/orders", ORDER, with_headers(content_type="application/vnd.api+json")),
    ("POST", "/orders", ORDER, with_headers(content_type="text/plain")),
    ("POST", "/orders", ORDER, with_headers(content_type="application/json", x_trace="many")),
    ("POST", "/orders", b"", JSON), ("POST", "/orders", b"null", JSON), ("POST", "/orders", b"[1]", JSON),
    ("POST", "/orders", b'{"items": 1}', JSON), ("POST", "/orders", b'{"items": [', JSON),
    ("POST", "/orders", b"\xff", JSON),
    ("PUT", "/orders/3", ORDER, JSON), ("PUT", "/orders/x", ORDER, JSON), ("PUT", "/orders/x", b"{}", JSON),
    ("POST", "/list", b"[1, 2, 3]", JSON), ("POST", "/list", b"[1, null]", JSON), ("POST", "/anything", b"", JSON),
    ("POST", "/anything", b"null", JSON), ("POST", "/anything", b'{"a": NaN}', JSON),
    ("POST", "/anything", b"text", ()),
    ("POST", "/embedded", b'{"order": %s}' % ORDER, JSON), ("POST", "/embedded", ORDER, JSON),
    ("POST", "/both", b'{"item": {"id": 1}, "order": %s}' % ORDER, JSON),
    ("POST", "/seen", b'{"id": 1, "more": 2}', TRACED), ("POST", "/seen", b'{"id": 1}', JSON),
    ("POST", "/unread", b"text", JSON), ("POST", "/raising", b'{"id": 1}', JSON), ("POST", "/raising", b"{}", JSON),
    ("GET", "/me", b"", JSON), ("GET", "/me", b"", with_headers(authorization="Basic x")),
    ("GET", "/me?limit=4", b"", with_headers(authorization="Bearer good", cookie="a=b; session=mine")),
    ("GET", "/me?limit=x", b"", with_headers(authorization="Bearer good")),
    ("GET", "/me?limit=x", b"", with_headers(authorization="Bearer bad")),
    ("GET", "/me", b"", with_headers(authorization="Bearer bad")),
    ("GET", "/me", b"", with_headers(authorization="Bearer own")),
    ("GET", "/me/def", b"", with_headers(authorization="Bearer good")),
    ("GET", "/guarded", b"", with_headers(authorization="Bearer good")), ("GET", "/guarded", b"", JSON),
    ("GET", "/opened", b"", JSON), ("GET", "/uncached", b"", JSON), ("GET", "/headers", b"", TRACED),
    ("GET", "/headers", b"", JSON), ("GET", "/header", b"", TRACED), ("GET", "/header", b"", JSON),
    ("GET", "/header", b"", with_headers(x_trace="x")),
    ("GET", "/cookies", b"", with_headers(cookie="session=s; other=4")),
    ("GET", "/cookies", b"", [(b"cookie", b"session=s"), (b"cookie", b"other=x")]), ("GET", "/cookies", b"", JSON),
]  # fmt: skip

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


@pytest.mark.parametrize("size", [4096, 3])
@pytest.mark.parametrize(("method", "target", "body", "headers"), MORE)
def test_requests_with_more(
    apps: tuple[FastAPI, FastAPI],
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    target: str,
    body: bytes,
    headers: Any,
    size: int,
) -> None:
    ours, theirs = apps
    asked = [run_sync(ask(ours, method, target, body, headers, size)) for _ in range(2)]
    originals(monkeypatch)
    expected = run_sync(ask(theirs, method, target, body, headers, size))
    assert asked == [expected, expected]


def test_overridden_dependencies_count(monkeypatch: pytest.MonkeyPatch) -> None:
    app = make(middleware=False, included=False)
    headers = with_headers(authorization="Bearer good")
    for _ in range(2):
        assert "good None" in str(run_sync(ask(app, "GET", "/me", headers=headers))[0])
    monkeypatch.setitem(app.dependency_overrides, user, lambda: "somebody")
    assert "somebody" in str(run_sync(ask(app, "GET", "/me", headers=headers))[0])


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
    for method, target, body, headers in (
        ("GET", "/orders?skip=3", b"", JSON),
        ("POST", "/orders", ORDER, TRACED),
        ("PUT", "/orders/3", ORDER, JSON),
        ("POST", "/seen", b'{"id": 1}', TRACED),
        ("GET", "/me", b"", with_headers(authorization="Bearer good")),
        ("GET", "/guarded", b"", with_headers(authorization="Bearer good")),
        ("GET", "/header", b"", TRACED),
        ("GET", "/cookies", b"", with_headers(cookie="session=s")),
    ):
        sent = run_sync(ask(app, method, target, body, headers))[0]
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
