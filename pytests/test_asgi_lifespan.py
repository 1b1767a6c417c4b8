"""Lifespans of ASGI applications: once for each, before its first connection."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Iterator
from typing import Any

import pytest
from blockon import _asgi_lifespan
from pyodide.ffi import run_sync


@pytest.fixture(autouse=True)
def none_left() -> Iterator[None]:
    yield
    run_sync(_asgi_lifespan.shutdown())
    assert _asgi_lifespan._lifespans == {}


class App:
    """Answers as it is told; ``fails`` are the phases that fail."""

    def __init__(self, *fails: str) -> None:
        self.fails = fails
        self.seen: list[str] = []
        self.gate: asyncio.Event | None = None

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        assert scope["type"] == "lifespan"
        for phase in ("startup", "shutdown"):
            message = await receive()
            assert message == {"type": f"lifespan.{phase}"}
            self.seen.append(phase)
            if self.gate is not None:
                await self.gate.wait()
            if phase in self.fails:
                await send({"type": f"lifespan.{phase}.failed", "message": f"no {phase} today"})
                raise RuntimeError(phase)
            scope["state"]["pool"] = "a pool"
            await send({"type": f"lifespan.{phase}.complete"})


def test_once_however_many_come_at_the_same_time() -> None:
    app = App()

    async def main() -> None:
        app.gate = asyncio.Event()
        waiting = [asyncio.ensure_future(_asgi_lifespan.of(app).startup()) for _ in range(3)]
        await asyncio.sleep(0.001)
        assert not any(each.done() for each in waiting)
        app.gate.set()
        await asyncio.gather(*waiting)

    run_sync(main())
    lifespan = _asgi_lifespan.of(app)
    assert (app.seen, lifespan.ready, lifespan.state) == (["startup"], True, {"pool": "a pool"})


def test_a_waiting_request_that_is_cancelled_leaves_the_startup_alone() -> None:
    app = App()

    async def main() -> None:
        app.gate = asyncio.Event()
        one, other = (asyncio.ensure_future(_asgi_lifespan.of(app).startup()) for _ in range(2))
        await asyncio.sleep(0)
        one.cancel()
        await asyncio.sleep(0)
        app.gate.set()
        await other

    run_sync(main())


def test_shutdown() -> None:
    app = App()
    run_sync(_asgi_lifespan.of(app).startup())
    run_sync(_asgi_lifespan.shutdown())
    assert app.seen == ["startup", "shutdown"]


def test_a_shutdown_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    run_sync(_asgi_lifespan.of(App("shutdown")).startup())
    run_sync(_asgi_lifespan.shutdown())
    assert "did not shut down (lifespan.shutdown.failed): no shutdown today" in caplog.text


def test_a_startup_that_fails_is_told_and_tried_again() -> None:
    app = App("startup")
    for count in (1, 2):
        with pytest.raises(_asgi_lifespan.LifespanError, match=r"did not start .*: no startup today"):
            run_sync(_asgi_lifespan.of(app).startup())
        assert app.seen == ["startup"] * count
    app.fails = ()
    run_sync(_asgi_lifespan.of(app).startup())


@pytest.mark.parametrize("how", ["raises", "returns"])
def test_an_application_without_one(how: str) -> None:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if how == "raises":
            raise AssertionError(scope["type"])

    run_sync(_asgi_lifespan.of(app).startup())
    assert _asgi_lifespan.of(app).ready


def test_a_failure_between_startup_and_shutdown_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        raise LookupError("meanwhile")

    run_sync(_asgi_lifespan.of(app).startup())
    run_sync(asyncio.sleep(0))
    assert "failed after its startup" in caplog.text


def test_the_context_is_a_copy() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")
    seen: list[str] = []

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        seen.append(variable.get())
        variable.set("the lifespan's")
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()

    async def main() -> None:
        variable.set("the request's")
        await _asgi_lifespan.of(app).startup()
        assert variable.get() == "the request's"

    run_sync(main())
    assert seen == ["the request's"]
