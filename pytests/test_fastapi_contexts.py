"""What functions that yield see on the short way through FastAPI is what they see on FastAPI's.

Each request is made both ways.
"""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import pytest
from fastapi import Depends, FastAPI
from fastapi_contexts import VALUES, make
from plain_fastapi import ask, calls, originals
from pyodide.ffi import run_sync

TARGETS = [
    *(f"/outer?kind={kind}" for kind in ("no", "http", "own", "other", "stop")),
    *(f"/outer?{where}={kind}" for where in ("enter", "leave") for kind in ("http", "own", "other", "stop")),
    *(f"/outer?kind={kind}&leave={leave}" for kind in ("http", "own", "other") for leave in ("http", "own", "other")),
    *(f"/inner?kind={kind}" for kind in ("no", "http", "own", "other")),
    *(f"/inner?leave_inner={kind}" for kind in ("http", "own", "other")),
    *(f"/inner?kind=other&leave={leave}&leave_inner=own" for leave in ("no", "http")),
    *(f"/inner?leave={leave}&leave_inner=own" for leave in ("other", "http")),
    *(f"/inner?kind={kind}&keep=1" for kind in ("http", "own", "other")),
    *(f"/inner/def?kind={kind}" for kind in ("no", "http", "own", "other")),
    *(f"/inner/def?kind={kind}&keep=1" for kind in ("no", "other")),
    *(f"/replacing?replace={kind}" for kind in ("no", "http", "own", "other")),
    *(f"/scopes?kind={kind}" for kind in ("no", "http", "own", "other")),
    *(f"/scopes?{where}={kind}" for where in ("leave", "raised") for kind in ("http", "own", "other")),
    *(f"/function?kind={kind}" for kind in ("no", "http", "other")),
    *(f"/function?raised={kind}" for kind in ("http", "own", "other")),
    *("/same", "/kinds", "/twice", "/wrong", "/wrong?leave=own", "/valid?number=3", "/valid?number=x", "/valid"),
    *("/streamed", "/streamed?kind=http", "/streamed?kind=other", "/streamed?leave=own", "/uncached", "/scoped"),
    *(f"/background?kind={kind}" for kind in ("no", "http", "own", "other")),
    *("/background?leave=own", "/background/response", "/background/response?own=1"),
    *("/response", "/response?status=202", "/response?status=204", "/response?status=304", "/response?status=x"),
    *("/accepted", "/html", "/spaced", "/spaced?kind=http", "/spaced/plain"),
    *("/lists", "/lists?number=1", "/lists?number=1&number=2&word=a&word=b&more=x", "/lists?number=1&number=x"),
    *("/lists?number=%31&word=a+b&word=%C3%A4", "/lists/both?word=a&word=b"),
    *(f"/value{end}?kind={kind}" for end in ("", "/def", "/any") for kind in VALUES),
    *("/validated/3?size=8.5&name=abc", "/validated/3?size=9", "/validated/3?size=1&name=A", "/validated/3"),
]


@pytest.fixture(scope="module", params=["alone", "middleware", "included"])
def apps(request: pytest.FixtureRequest) -> tuple[FastAPI, FastAPI]:
    """The same application twice, the second all FastAPI's."""
    with pytest.MonkeyPatch.context() as patch:
        ours = make(request.param == "middleware", request.param == "included")
        originals(patch)
        return ours, make(request.param == "middleware", request.param == "included")


def both_ways(ours: FastAPI, theirs: FastAPI, monkeypatch: pytest.MonkeyPatch, method: str, target: str) -> Any:
    """What both gave, which is the same."""
    asked = [run_sync(ask(ours, method, target)) for _ in range(2)]
    originals(monkeypatch)
    expected = run_sync(ask(theirs, method, target))
    assert asked == [expected, expected]
    return expected


@pytest.mark.parametrize("target", TARGETS)
def test_requests(apps: tuple[FastAPI, FastAPI], monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    both_ways(*apps, monkeypatch, "GET", target)


def test_an_answer_without_a_body(apps: tuple[FastAPI, FastAPI], monkeypatch: pytest.MonkeyPatch) -> None:
    sent, noted = both_ways(*apps, monkeypatch, "DELETE", "/nothing?number=7")
    assert sent[0]["status"] == 204
    assert ("nothing 7", "main") in noted


def test_what_yields_ends_behind_the_answer(apps: tuple[FastAPI, FastAPI]) -> None:
    """Also said by itself, since both ways could be wrong."""
    seen: list[Any] = []
    ours = apps[0]
    for _ in range(2):
        seen.clear()
        run_sync(noting(ours, "/outer", seen))
        assert [each for each in seen if "before" not in each] == [
            "outer", "endpoint", "http.response.start", "http.response.body", "outer ends",
        ]  # fmt: skip
        seen.clear()
        run_sync(noting(ours, "/function", seen))
        assert seen.index("before ends") < seen.index("http.response.start")


async def noting(app: FastAPI, path: str, seen: list[str]) -> None:
    """Ask, and note what is sent among what its functions note."""

    class Notes(list[Any]):
        def append(self, what: Any) -> None:
            seen.append(what[0])

    class Sent(list[Any]):
        def append(self, what: Any) -> None:
            if what["type"] != "http.response.body" or not what.get("more_body"):
                seen.append(what["type"])

    import fastapi_contexts

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fastapi_contexts, "calls", Notes())
        await ask(app, "GET", path, sent=Sent())


@pytest.mark.parametrize(
    "path", ["/outer", "/inner", "/inner/def", "/scopes", "/kinds", "/background", "/html", "/lists?number=1&word=a"]
)
def test_they_take_the_short_way(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    app = make(middleware=False, included=False)
    for _ in range(2):
        run_sync(ask(app, "GET", path))

    async def not_this_way(*_: Any) -> None:
        raise AssertionError("went by FastAPI's middlewares")

    monkeypatch.setattr(app, "middleware_stack", app.middleware_stack)
    monkeypatch.setattr(app.middleware_stack, "app", not_this_way)
    assert run_sync(ask(app, "GET", path))[0][0]["status"] == 200


@pytest.mark.parametrize("short", [True, False])
@pytest.mark.parametrize("within", ["a task", "a cancel scope"])
def test_a_cancelled_request_ends_its_contexts(monkeypatch: pytest.MonkeyPatch, short: bool, within: str) -> None:
    """Within a cancel scope what ends is shielded."""
    if not short:
        originals(monkeypatch)
    app = FastAPI()
    waits = asyncio.Event()

    async def opened() -> Any:
        calls.append("opened")
        try:
            yield
        except BaseException as error:
            calls.append(type(error).__name__)
            await asyncio.sleep(0.01)
            calls.append("slept")
            raise

    @app.get("/", dependencies=[Depends(opened)])
    async def endpoint() -> None:
        waits.set()
        await asyncio.sleep(20)

    async def cancelled() -> None:
        waits.clear()
        if within == "a task":
            task = asyncio.ensure_future(ask(app, "GET", "/"))
            await waits.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return
        with anyio.CancelScope() as scope:

            async def cancel() -> None:
                await waits.wait()
                scope.cancel()

            cancelling = asyncio.ensure_future(cancel())
            await ask(app, "GET", "/")
        await cancelling

    for _ in range(2):
        run_sync(cancelled())
        assert calls == ["opened", "CancelledError", "slept"]


def test_overrides_that_yield_count(monkeypatch: pytest.MonkeyPatch) -> None:
    import fastapi_contexts

    app = make(middleware=False, included=False)
    assert run_sync(ask(app, "GET", "/outer"))[0][1]["body"] == b'"outer"'

    async def instead() -> Any:
        calls.append("instead")
        yield "instead"
        calls.append("instead ends")

    monkeypatch.setitem(app.dependency_overrides, fastapi_contexts.outer, instead)
    sent, noted = run_sync(ask(app, "GET", "/outer"))
    assert sent[1]["body"] == b'"instead"'
    assert noted == ["instead", ("endpoint", "main"), "instead ends"]
