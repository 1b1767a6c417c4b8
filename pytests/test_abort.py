"""A wait that is given up aborts what JavaScript does for it: blockon.abort_on_cancel, pyfetch, requests."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from typing import Any

import blockon
import js
import pytest
import requests
from pyodide.ffi import JsException, create_proxy, run_sync
from pyodide.http import pyfetch

LONG = 60
names = (f"abort-{number}" for number in itertools.count())


def pending() -> Any:
    """A JavaScript promise that never settles."""
    return js.Promise.withResolvers().promise


class Aborts:
    """A controller, and the reasons of its signal each time that it fired."""

    def __init__(self) -> None:
        self.controller = js.AbortController.new()
        self._reasons: list[str] = []
        self.listener = create_proxy(self._fired)
        self.controller.signal.addEventListener("abort", self.listener)

    def _fired(self, event: Any) -> None:
        assert event.target.aborted
        self._reasons.append(f"{event.target.reason.name}: {event.target.reason.message}")

    @property
    def reasons(self) -> list[str]:
        """A listener that Python's own call of abort() reaches runs when that call has ended."""
        run_sync(asyncio.sleep(0))
        return self._reasons


class Blocked:
    """A task whose function waits, begun."""

    def __init__(self, function: Callable[[], Any]) -> None:
        async def body() -> Any:
            self.fiber = blockon.current_fiber()
            return function()

        self.task = asyncio.ensure_future(body())
        run_sync(asyncio.sleep(0.001))

    def end(self) -> BaseException:
        with pytest.raises(BaseException) as caught:
            run_sync(self.task)
        return caught.value


WAITS: dict[str, Callable[[], Any]] = {
    "promise": lambda: run_sync(pending()),
    "coroutine": lambda: run_sync(asyncio.sleep(LONG)),
    "future": lambda: run_sync(asyncio.Event().wait()),
    "sleep": lambda: time.sleep(LONG),
    "second": lambda: (time.sleep(0), run_sync(pending())),
}

ENDS: dict[str, tuple[Callable[[Blocked], Any], str]] = {
    "cancel": (lambda blocked: blockon.cancel(blocked.fiber), "CancelledError"),
    "cancel with an error": (lambda blocked: blockon.cancel(blocked.fiber, KeyError("mine")), "'mine'"),
    "interrupt": (lambda blocked: blockon.cancel(blocked.fiber, KeyboardInterrupt()), "KeyboardInterrupt"),
    "task": (lambda blocked: blocked.task.cancel("enough"), "enough"),
}


@pytest.mark.parametrize("wait", list(WAITS))
@pytest.mark.parametrize("end", list(ENDS))
def test_fires_once_with_the_text_of_what_ended_the_wait(wait: str, end: str) -> None:
    aborts = Aborts()

    def waits() -> None:
        with blockon.abort_on_cancel(aborts.controller):
            WAITS[wait]()

    blocked = Blocked(waits)
    assert aborts.reasons == []
    cancel, text = ENDS[end]
    assert cancel(blocked)
    blocked.end()
    assert aborts.reasons == [f"AbortError: {text}"]


@pytest.mark.parametrize("outer", [True, False], ids=["around it", "within it"])
def test_fires_at_a_deadline(outer: bool) -> None:
    aborts = Aborts()
    abort, limit = blockon.abort_on_cancel(aborts.controller), blockon.timeout(0.002)
    with pytest.raises(TimeoutError), limit if outer else abort, abort if outer else limit:
        run_sync(pending())
    assert aborts.reasons == ["AbortError: the block took more than 0.002 s"]


@pytest.mark.parametrize("end", ["cancel", "timeout"])
def test_fires_in_a_coroutine_that_awaits(end: str) -> None:
    aborts = Aborts()

    async def awaits() -> None:
        with blockon.abort_on_cancel(aborts.controller):
            await asyncio.sleep(0)
            await pending()

    async def limited() -> None:
        task = asyncio.ensure_future(awaits())
        await asyncio.sleep(0.001)
        if end == "cancel":
            task.cancel("enough")
        await asyncio.wait_for(task, 0.002)

    with pytest.raises(asyncio.CancelledError if end == "cancel" else TimeoutError):
        run_sync(limited())
    assert aborts.reasons == [f"AbortError: {'enough' if end == 'cancel' else 'CancelledError'}"]


def test_does_not_fire_otherwise() -> None:
    aborts = Aborts()
    with blockon.abort_on_cancel(aborts.controller):
        run_sync(asyncio.sleep(0))
    with pytest.raises(KeyError), blockon.abort_on_cancel(aborts.controller):
        raise KeyError("the program's own")
    with pytest.raises(JsException), blockon.abort_on_cancel(aborts.controller):
        run_sync(js.Promise.reject(js.Error.new("no")))

    def waits() -> None:
        with blockon.abort_on_cancel(aborts.controller):
            pass
        with pytest.raises(KeyError):
            run_sync(pending())

    blocked = Blocked(waits)
    blockon.cancel(blocked.fiber, KeyError("after the block"))
    run_sync(blocked.task)
    assert aborts.reasons == []
    assert not aborts.controller.signal.aborted


def test_nested_blocks_fire_each_their_own() -> None:
    inner, outer = Aborts(), Aborts()

    def waits() -> None:
        with blockon.abort_on_cancel(outer.controller):
            with pytest.raises(KeyError), blockon.abort_on_cancel(inner.controller):
                run_sync(pending())
            run_sync(pending())

    blocked = Blocked(waits)
    assert blockon.cancel(blocked.fiber, KeyError("first"))
    run_sync(asyncio.sleep(0.001))
    assert (inner.reasons, outer.reasons) == (["AbortError: 'first'"], [])
    assert blockon.cancel(blocked.fiber, KeyError("second"))
    blocked.end()
    assert (inner.reasons, outer.reasons) == (["AbortError: 'first'"], ["AbortError: 'second'"])


def test_misuse() -> None:
    with pytest.raises(TypeError, match="AbortController"):
        blockon.abort_on_cancel(js.Object.new())
    block = blockon.abort_on_cancel(js.AbortController.new())
    with block, pytest.raises(RuntimeError, match="entered already"):
        block.__enter__()


def fetched(url: str) -> None:
    controller = js.AbortController.new()
    with blockon.abort_on_cancel(controller):
        run_sync(run_sync(js.fetch(url, signal=controller.signal)).text())


CLIENTS: dict[str, Callable[[str], Any]] = {
    "fetch": fetched,
    "pyfetch": lambda url: run_sync(run_sync(pyfetch(url)).text()),
    "requests": requests.get,
}


@pytest.mark.parametrize("client", list(CLIENTS))
@pytest.mark.parametrize("part", ["head", "body"])
@pytest.mark.parametrize("end", ["cancel", "task", "timeout"])
def test_the_request_ends_with_the_wait(server: str, client: str, part: str, end: str) -> None:
    query = f"name={next(names)}{'&body' if part == 'body' else ''}"
    blocked = Blocked(lambda: CLIENTS[client](f"{server}/held?{query}"))
    assert requests.get(f"{server}/held-has-come?{query}").text == "come"
    if end == "timeout":
        with pytest.raises(TimeoutError):
            run_sync(asyncio.wait_for(blocked.task, 0.001))
    else:
        assert blocked.task.cancel() if end == "task" else blockon.cancel(blocked.fiber)
        assert isinstance(blocked.end(), asyncio.CancelledError)
    assert requests.get(f"{server}/held-has-gone?{query}").text == "gone"
