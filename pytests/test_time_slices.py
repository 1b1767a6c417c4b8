"""Time slices: a thread that computes gives way to others and the event loop, and is ended as one that waits."""

from __future__ import annotations

import _thread
import asyncio
import ctypes
import queue
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import _blockon
import blockon
import js
import pytest
from fiber_states import STATES, State
from places import later
from pyodide.ffi import create_once_callable, run_sync
from slices import INTERVAL, LONG, Busy, compute, in_thread, sometime

pytestmark = pytest.mark.usefixtures("short_slices")


class TestBesideABusyThread:
    def test_another_one_ends_it(self) -> None:
        flag = False

        def waits() -> None:
            while not flag:
                pass

        thread = threading.Thread(target=waits)
        thread.start()
        assert thread.is_alive()
        flag = True
        thread.join()

    @pytest.mark.skipif(_blockon.stats()["switches_at_random"] == 1, reason="they get a share at random")
    @pytest.mark.parametrize("count", [2, 3, 5])
    def test_others_get_the_same_share(self, count: int) -> None:
        slices: list[int] = [-1]
        enough = False

        def body(number: int) -> None:
            while not enough:
                if slices[-1] != number:
                    slices.append(number)

        threads = [threading.Thread(target=body, args=(number,)) for number in range(count)]
        for thread in threads:
            thread.start()
        while len(slices) < 20 * count:
            time.sleep(INTERVAL)
        enough = True
        for thread in threads:
            thread.join()
        # The first ones compute before the last is there.
        taken = slices[-10 * count :]
        assert all(9 <= taken.count(number) <= 11 for number in range(count))

    def test_the_event_loop_goes_on(self) -> None:
        async def ticks() -> None:
            for _ in range(10):
                await asyncio.sleep(0)
                await asyncio.sleep(INTERVAL)
                await later(0)

        with Busy() as busy:
            before = busy.count
            run_sync(ticks())
            assert busy.count > before
            assert busy.thread.is_alive()

    @pytest.mark.parametrize(
        "wait",
        [
            lambda: time.sleep(0),
            lambda: time.sleep(INTERVAL),
            lambda: threading.Event().wait(INTERVAL),
            lambda: threading.Condition().acquire(),
            lambda: run_sync(later(1)),
            lambda: run_sync(asyncio.sleep(INTERVAL)),
            lambda: run_sync(asyncio.to_thread(sum, [1])),
            lambda: in_thread(lambda: time.sleep(INTERVAL)),
        ],
    )
    def test_a_wait_ends(self, wait: Callable[[], Any]) -> None:
        with Busy() as busy:
            wait()
            assert busy.thread.is_alive()

    def test_a_queue_is_empty_in_time(self) -> None:
        with Busy(), pytest.raises(queue.Empty):
            queue.Queue[int]().get(timeout=INTERVAL)

    def test_join_returns_in_time(self) -> None:
        with Busy() as busy:
            busy.thread.join(INTERVAL)
            assert busy.thread.is_alive()

    def test_a_timer_fires(self) -> None:
        with Busy():
            fired = threading.Event()
            threading.Timer(INTERVAL, fired.set).start()
            assert fired.wait(60)

    def test_javascript_goes_on(self) -> None:
        with Busy():
            for start in (js.setTimeout, js.setImmediate):
                done = asyncio.get_running_loop().create_future()
                start(create_once_callable(lambda done=done: done.set_result(None)))
                run_sync(done)

    def test_a_server_answers(self, pair: tuple[socket.socket, socket.socket]) -> None:
        one, other = pair

        async def serve() -> None:
            reader, writer = await asyncio.open_connection(sock=other)
            for _ in range(5):
                writer.write(await reader.readexactly(4))
            writer.close()

        async def ask() -> list[bytes]:
            served = asyncio.ensure_future(serve())
            answers = [await asyncio.to_thread(self.exchange, one, number) for number in range(5)]
            await served
            return answers

        with Busy():
            assert run_sync(ask()) == [b"%4d" % number for number in range(5)]

    @staticmethod
    def exchange(one: socket.socket, number: int) -> bytes:
        one.sendall(b"%4d" % number)
        return one.recv(4)

    def test_a_lock_that_it_holds_is_waited_for(self) -> None:
        lock = threading.Lock()
        held = threading.Event()

        def body() -> None:
            with lock:
                held.set()
                compute(LONG)

        thread = threading.Thread(target=body)
        thread.start()
        held.wait()
        with lock:
            pass
        thread.join()

    def test_threads_that_only_wake_one_another(self) -> None:
        """Neither computes for long, and the host's loop would never turn."""
        there, back, stops = queue.SimpleQueue[bool](), queue.SimpleQueue[bool](), False

        def answers() -> None:
            while there.get():
                back.put(True)

        def asks() -> None:
            while not stops:
                there.put(True)
                back.get()
            there.put(False)

        threads = [threading.Thread(target=target) for target in (answers, asks)]
        for thread in threads:
            thread.start()
        run_sync(later(5))
        stops = True
        for thread in threads:
            thread.join()


class TestEnds:
    """What ends a thread that computes."""

    def endless(self) -> None:
        while True:
            pass

    def started(self) -> tuple[threading.Thread, list[KeyError]]:
        """A thread that computes by now, and the KeyError that it will have caught."""
        begun, caught = threading.Event(), []

        def body() -> None:
            try:
                begun.set()
                self.endless()
            except KeyError as error:
                caught.append(error)

        thread = threading.Thread(target=body)
        thread.start()
        begun.wait()
        return thread, caught

    def test_cancel(self) -> None:
        thread, caught = self.started()
        fiber = next(fiber for fiber in blockon.fibers() if fiber.thread == thread.ident)
        error = KeyError("cancelled")
        assert _blockon.cancel(fiber.id, error)
        thread.join()
        assert caught == [error]

    def test_a_deadline(self) -> None:
        def body() -> None:
            with blockon.timeout(INTERVAL):
                self.endless()

        with pytest.raises(TimeoutError):
            in_thread(body)

    def test_an_asynchronous_exception(self) -> None:
        thread, caught = self.started()
        assert thread.ident is not None
        assert ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(KeyError)) == 1
        thread.join()
        assert len(caught) == 1

    @pytest.mark.parametrize("interrupt", [_thread.interrupt_main, lambda: signal.raise_signal(signal.SIGINT)])
    def test_an_interrupt_is_the_main_threads(self, interrupt: Callable[[], None]) -> None:
        with Busy() as busy:

            def interrupts() -> None:
                interrupt()
                busy.until_it_ran()

            thread = threading.Thread(target=interrupts)
            with pytest.raises(KeyboardInterrupt):
                thread.start()
                thread.join()
            thread.join()


@pytest.mark.parametrize("state", STATES)
def test_what_is_a_fibers_stays_with_it(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["_py_warnings"], "_use_context", True)

    def body(number: int) -> None:
        def crosses(read: Callable[[], Any]) -> None:
            before = read()
            for _ in range(3):
                busy.until_it_ran()
                assert read() == before

        state(number, crosses)

    loop = asyncio.get_running_loop()

    def with_loop(number: int) -> None:
        asyncio._set_running_loop(loop)
        body(number)
        asyncio._set_running_loop(None)

    with Busy() as busy, ThreadPoolExecutor(3) as pool:
        assert list(pool.map(with_loop, range(3))) == [None] * 3


def test_the_interval_is_pythons() -> None:
    with pytest.raises(ValueError, match="must be strictly positive"):
        sys.setswitchinterval(0)
    with Busy() as busy:

        def nobody_ran() -> bool:
            before = busy.count
            compute(LONG)
            return busy.count == before

        def nobody_ran_in_a_long_one() -> bool:
            sys.setswitchinterval(1000)
            try:
                return nobody_ran()
            finally:
                sys.setswitchinterval(INTERVAL)

        if _blockon.stats()["switches_at_random"] == 0:
            # A slice that was nearly over when the interval became longer may end still.
            sometime(lambda: in_thread(nobody_ran_in_a_long_one))
        sometime(lambda: not in_thread(nobody_ran))
