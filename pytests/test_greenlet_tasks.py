"""Greenlets beside tasks, threads, waits, contexts and the collector."""

from __future__ import annotations

import _thread
import asyncio
import contextvars
import gc
import sys
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

import blockon
import greenlet
import js
import pytest
from fibers import synchronously, together
from greenlet import GreenletExit, getcurrent
from greenlet import greenlet as Greenlet  # noqa: N812
from pyodide.ffi import run_sync

VARIABLE: contextvars.ContextVar[Any] = contextvars.ContextVar("variable", default=None)


def to_parent(*args: Any) -> Any:
    return getcurrent().parent.switch(*args)


def in_thread(function: Callable[[], Any]) -> Any:
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    return results[0]


def suspended(body: Callable[..., Any] = to_parent) -> Greenlet:
    child = Greenlet(body)
    child.switch()
    return child


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


class TestTasks:
    def test_a_greenlet_goes_on_in_another_task(self) -> None:
        """As SQLAlchemy's do: each step of a coroutine may be on another fiber."""
        main = getcurrent()

        def body() -> int:
            assert getcurrent().parent is main
            return sum(main.switch(number) for number in range(4))

        async def run() -> int:
            child = Greenlet(body)
            result = child.switch()
            while not child.dead:
                await asyncio.sleep(0)
                result = child.switch(result * 10)
            return int(result)

        async def all_of_them() -> list[int]:
            return await asyncio.gather(*(run() for _ in range(10)))

        assert run_sync(all_of_them()) == [60] * 10

    def test_one_that_runs_in_a_task_is_out_of_reach(self) -> None:
        child = Greenlet(lambda: time.sleep(0.003))

        def other() -> None:
            with pytest.raises(greenlet.error, match="running in another task"):
                child.switch()
            with pytest.raises(ValueError, match="running in a different thread"):
                _ = child.gr_context

        together(child.switch, other)

    def test_all_tasks_have_one_main_greenlet(self) -> None:
        main = getcurrent()
        assert together(getcurrent, getcurrent) == [main, main]
        assert synchronously(getcurrent) is main

    def test_where_nothing_can_be_suspended(self) -> None:
        child = suspended()

        def refused() -> None:
            for target in (child, Greenlet(to_parent)):
                with pytest.raises(greenlet.error, match=r"cannot switch.*called Python synchronously.*callPromising"):
                    target.switch()
            assert getcurrent().switch("itself") == "itself"

        assert synchronously(refused) is None
        child.switch()

    def test_one_that_nobody_refers_to_ends_later_where_nothing_can_be_suspended(self) -> None:
        seen = []

        def body() -> None:
            try:
                to_parent()
            except GreenletExit:
                seen.append("exit")
                raise

        for soon in (getcurrent, lambda: time.sleep(0.001)):
            seen.clear()
            children = [suspended(body)]
            synchronously(children.clear)
            assert seen == []
            soon()
            assert seen == ["exit"]


class TestThreads:
    def test_belong_to_their_thread(self) -> None:
        local = threading.local()

        def run() -> tuple[bool, ...]:
            ident, thread = threading.get_ident(), threading.current_thread()
            lock = threading.RLock()
            local.value = "of the thread"

            def body() -> tuple[bool, ...]:
                first = to_parent()
                with lock:
                    return (
                        first,
                        threading.get_ident() == ident,
                        threading.current_thread() is thread,
                        local.value == "of the thread",
                    )

            child = suspended(body)
            with lock:
                return tuple(child.switch(True))

        assert all(in_thread(run))
        assert all(run())

    def test_each_thread_has_a_main_greenlet(self) -> None:
        main = getcurrent()
        other = in_thread(getcurrent)
        assert other is not main
        assert other.dead
        assert repr(other).endswith("(thread exited) dead>")

    def test_another_threads_cannot_be_switched_to(self) -> None:
        event, done = threading.Event(), threading.Event()
        children = []

        def run() -> None:
            children.append(suspended())
            children.append(Greenlet(to_parent))
            event.set()
            done.wait()
            children[0].switch()

        thread = threading.Thread(target=run)
        thread.start()
        event.wait()
        for child in children:
            with pytest.raises(greenlet.error, match="Cannot switch to a different thread"):
                child.switch()
        with pytest.raises(ValueError, match="different thread"):
            suspended_here.parent = children[0] if (suspended_here := suspended()) else None
        done.set()
        thread.join()
        for child in children:
            with pytest.raises(greenlet.error, match="which happens to have exited"):
                child.throw()
        suspended_here.switch()

    def test_end_with_their_thread(self) -> None:
        seen = []

        def body() -> None:
            try:
                to_parent()
            finally:
                seen.append(threading.get_ident())

        def run() -> tuple[int, list[Greenlet]]:
            return threading.get_ident(), [suspended(body), suspended(body)]

        ident, children = in_thread(run)
        assert seen == [ident] * 2
        assert all(child.dead for child in children)
        assert all(child.gr_frame is None for child in children)

    def test_one_that_another_thread_lets_go_of_ends_in_its_own(self) -> None:
        seen, children = [], []
        event, done = threading.Event(), threading.Event()

        def body() -> None:
            try:
                to_parent()
            finally:
                seen.append(threading.get_ident())

        def run() -> None:
            children.append(suspended(body))
            event.set()
            done.wait()
            assert seen == []
            getcurrent()
            assert seen == [threading.get_ident()]

        thread = threading.Thread(target=run)
        thread.start()
        event.wait()
        children.clear()
        assert seen == []
        done.set()
        thread.join()
        assert len(seen) == 1

    def test_a_lock_with_an_owner_is_the_threads(self) -> None:
        lock = threading.RLock()

        def body() -> None:
            lock.acquire()
            to_parent()
            lock.release()

        child = suspended(body)
        assert lock.acquire(blocking=False)
        lock.release()
        other: list[bool] = []
        together(lambda: other.append(lock.acquire(blocking=False)))
        assert other == [False]
        child.switch()

    def test_a_deadlock_through_greenlets_is_found(self) -> None:
        one, two = threading.RLock(), threading.RLock()
        errors = []

        def run(first: Any, second: Any) -> None:
            def body() -> None:
                with first:
                    time.sleep(0.001)
                    try:
                        second.acquire()
                        second.release()
                    except RuntimeError as error:
                        errors.append(str(error))

            Greenlet(body).switch()

        together(lambda: run(one, two), lambda: run(two, one))
        assert len(errors) == 1
        assert errors[0].startswith("deadlock: greenlet ")


class TestContext:
    def test_begins_empty(self) -> None:
        VARIABLE.set("outer")
        child = Greenlet(lambda: (VARIABLE.get(), VARIABLE.set("inner"), to_parent(), VARIABLE.get())[-1])
        assert child.gr_context is None
        child.switch()
        assert VARIABLE.get() == "outer"
        assert child.gr_context[VARIABLE] == "inner"
        assert child.switch() == "inner"
        assert child.gr_context[VARIABLE] == "inner"
        VARIABLE.set(None)

    def test_is_settable(self) -> None:
        VARIABLE.set("outer")
        child = Greenlet(lambda: (VARIABLE.get(), to_parent(VARIABLE.get()), VARIABLE.get()))
        child.gr_context = contextvars.copy_context()
        assert child.switch() == "outer"
        child.gr_context = None
        assert child.switch() == ("outer", (), None)
        with pytest.raises(TypeError, match=r"contextvars\.Context or None"):
            child.gr_context = 1
        with pytest.raises(AttributeError):
            del child.gr_context
        VARIABLE.set(None)

    def test_of_the_running_one(self) -> None:
        def body() -> None:
            current = getcurrent()
            assert current.gr_context is None
            VARIABLE.set(1)
            assert current.gr_context[VARIABLE] == 1
            current.gr_context = None
            assert VARIABLE.get() is None

        Greenlet(body).switch()

    def test_of_the_main_one(self) -> None:
        VARIABLE.set("main")
        main = getcurrent()
        assert main.gr_context[VARIABLE] == "main"
        assert Greenlet(lambda: main.gr_context[VARIABLE]).switch() == "main"
        VARIABLE.set(None)


class TestEnd:
    def test_one_that_nobody_refers_to(self) -> None:
        seen = []

        def body() -> None:
            try:
                to_parent()
            except GreenletExit:
                seen.append(getcurrent().parent)
                raise

        child = suspended(body)
        child.parent = other = Greenlet(lambda: seen.append("never"))
        del child
        assert seen == [getcurrent()]
        assert not other.dead

    def test_keeps_the_exception_that_is_handled(self) -> None:
        child = suspended()
        try:
            raise KeyError("handled")
        except KeyError as error:
            del child
            assert sys.exception() is error

    def test_by_the_collector(self) -> None:
        seen = []

        def body() -> None:
            try:
                to_parent()
            finally:
                seen.append("ended")

        child = suspended(body)
        child.itself = child
        reference = weakref.ref(child)
        del child
        assert seen == []
        gc.collect()
        assert seen == ["ended"]
        assert reference() is None

    def test_one_that_catches_its_end(self) -> None:
        kept = []

        def body() -> str:
            try:
                to_parent()
            except GreenletExit:
                kept.append(getcurrent())
                to_parent()
            return "second"

        child = suspended(body)
        del child
        assert len(kept) == 1
        assert not kept[0].dead
        reference = weakref.ref(kept[0])
        kept.clear()
        assert reference() is None

    def test_one_that_raises_something_else(self, monkeypatch: pytest.MonkeyPatch) -> None:
        unraisable: list[Any] = []
        monkeypatch.setattr(sys, "unraisablehook", lambda args: unraisable.append(args.exc_type))

        def body() -> None:
            try:
                to_parent()
            finally:
                raise KeyError

        child = suspended(body)
        del child
        assert unraisable == [KeyError]

    def test_of_a_subclass_with_a_finalizer(self) -> None:
        seen = []

        class Child(Greenlet):
            __slots__ = ("slot",)

            def __del__(self) -> None:
                seen.append("deleted")

        def body() -> None:
            try:
                to_parent()
            finally:
                seen.append("ended")

        child = Child(body)
        child.slot = [1]
        child.switch()
        del child
        assert seen == ["deleted", "ended"]

    def test_an_origin_that_nobody_refers_to_any_more(self) -> None:
        seen = []

        def body() -> None:
            children.clear()
            try:
                to_parent("value")
            finally:
                seen.append("ended")

        children = [Greenlet(body)]
        assert children[0].switch() == "value"
        assert seen == ["ended"]

    def test_weak_references(self) -> None:
        child = Greenlet(lambda: None)
        reference = weakref.ref(child)
        child.switch()
        del child
        assert reference() is None

    def test_a_low_level_thread_with_greenlets(self) -> None:
        done = _thread.allocate_lock()
        done.acquire()
        kept = []

        def run() -> None:
            kept.append(suspended())
            done.release()

        _thread.start_new_thread(run, ())
        done.acquire()
        time.sleep(0.001)
        assert kept[0].dead
