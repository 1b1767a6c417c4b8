"""Greenlets of threads."""

from __future__ import annotations

import _thread
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import greenlet
import pytest
from fibers import together
from greenlet import getcurrent
from greenlets import Greenlet, suspended, to_parent
from threads import run as in_thread


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

    @pytest.mark.parametrize("interrupt", [_thread.interrupt_main, lambda: signal.raise_signal(signal.SIGINT)])
    def test_a_signal_that_one_raises_is_the_main_threads(self, interrupt: Callable[[], None]) -> None:
        seen: list[str] = []

        def body() -> None:
            to_parent()
            try:
                interrupt()
                time.sleep(0)
                seen.append("greenlet")
                to_parent()
            except KeyboardInterrupt:
                seen.append("interrupted")

        def run() -> None:
            child = suspended(body)
            child.switch()
            time.sleep(0)
            child.switch()
            seen.append("thread")

        thread = threading.Thread(target=run)
        with pytest.raises(KeyboardInterrupt):
            thread.start()
            thread.join()
        thread.join()
        assert seen == ["greenlet", "thread"]

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
