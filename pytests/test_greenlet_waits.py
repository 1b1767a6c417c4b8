"""Greenlets that wait: for what, who else goes on, and what ends a wait."""

from __future__ import annotations

import asyncio
import threading
import time

import blockon
import js
import pytest
from fibers import together
from greenlets import Greenlet, suspended, to_parent
from pyodide.ffi import run_sync


class TestWaits:
    def test_a_wait_blocks_all_greenlets_of_the_task_and_no_other_task(self) -> None:
        order = []

        def waiting() -> str:
            order.append("waits")
            time.sleep(0.002)
            order.append("waited")
            return "value"

        def one() -> str:
            result = Greenlet(waiting).switch()
            order.append("goes on")
            return str(result)

        assert together(one, lambda: order.append("other")) == ["value", None]
        assert order == ["waits", "other", "waited", "goes on"]

    @pytest.mark.parametrize("wait", ["promise", "coroutine", "lock", "sleep"])
    def test_each_kind_of_wait(self, wait: str) -> None:
        lock = threading.Lock()

        def body() -> int:
            if wait == "promise":
                return int(run_sync(js.Promise.resolve(7)))
            if wait == "coroutine":
                return int(run_sync(asyncio.sleep(0.001, 7)))
            if wait == "lock":
                lock.acquire()
                lock.release()
                return 7
            time.sleep(0.001)
            return 7

        def holder() -> None:
            with lock:
                time.sleep(0.002)

        def body_twice() -> list[int]:
            first = body()
            return [first, to_parent(first) + body()]

        def run() -> list[int]:
            child = Greenlet(body_twice)
            assert child.switch() == 7
            return list(child.switch(1))

        assert together(holder, run)[1] == [7, 8]

    def test_no_other_task_runs_in_the_midst_of_a_switch(self) -> None:
        """Microtasks that are due before the switch's own must wait."""
        entered = []

        def other() -> None:
            for _ in range(50):
                entered.append("other")
                run_sync(js.Promise.resolve(1).then(lambda value: value))

        def switching() -> None:
            child = Greenlet(body)
            for _ in range(50):
                run_sync(js.Promise.resolve(1).then(lambda value: value))
                before = len(entered)
                for _ in range(20):
                    child.switch()
                assert len(entered) == before
            child.throw()

        def body() -> None:
            while True:
                to_parent()

        together(other, switching, other, switching)
        assert len(entered) == 100

    def test_a_turn_goes_on_behind_a_switch(self) -> None:
        """A callback of the event loop that switches is no callback that blocks."""
        order = []

        async def main() -> None:
            loop = asyncio.get_running_loop()
            done = loop.create_future()
            loop.call_soon(lambda: order.append(Greenlet(lambda: "switched").switch()))
            loop.call_soon(order.append, "next")
            loop.call_soon(done.set_result, None)
            await done

        run_sync(main())
        assert order == ["switched", "next"]

    def test_the_running_task_is_the_threads(self) -> None:
        async def main() -> None:
            task, loop = asyncio.current_task(), asyncio.get_running_loop()

            def body() -> None:
                assert asyncio.current_task() is task
                assert asyncio.get_running_loop() is loop
                to_parent()
                assert asyncio.current_task() is not task

            child = suspended(body)
            assert asyncio.current_task() is task
            await asyncio.create_task(end(child))

        async def end(child: Greenlet) -> None:
            child.switch()

        run_sync(main())

    def test_cancelling_a_task_reaches_its_greenlet(self) -> None:
        seen = []

        def body() -> None:
            try:
                time.sleep(10)
            except asyncio.CancelledError:
                seen.append("greenlet")
                raise

        async def step() -> None:
            try:
                Greenlet(body).switch()
            except asyncio.CancelledError:
                seen.append("task")
                raise

        async def main() -> None:
            task = asyncio.create_task(step())
            await asyncio.sleep(0.001)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        run_sync(main())
        assert seen == ["greenlet", "task"]

    def test_a_time_limit_around_a_switch(self) -> None:
        def limited() -> None:
            with blockon.timeout(0.002):
                Greenlet(lambda: time.sleep(10)).switch()

        with pytest.raises(TimeoutError):
            limited()

    def test_cancel_of_one_that_was_switched_away_from_comes_when_it_goes_on(self) -> None:
        ids = []

        def body() -> None:
            ids.append(blockon.current_fiber())
            to_parent()

        child = suspended(body)
        assert blockon.cancel(ids[0], KeyError("cancelled"))
        time.sleep(0.001)
        assert not child.dead
        with pytest.raises(KeyError, match="cancelled"):
            child.switch("value")
        assert child.dead

    def test_is_listed(self) -> None:
        child = suspended()
        kinds = {fiber.kind: fiber for fiber in blockon.fibers()}
        assert kinds["greenlet"].waits_for == "a switch"
        assert kinds["greenlet"].stack()[-1].name == "to_parent"
        child.switch()

        listed = []

        def body() -> None:
            listed.extend(blockon.fibers())

        Greenlet(body).switch()
        assert [fiber.waits_for for fiber in listed[:2]] == [None, "its greenlet"]
