"""The Worker of older_threads.test.ts: answers /NAME by the function of that name."""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import js
from js import Response
from pyodide.ffi import create_proxy, run_sync

lock = threading.Lock()
reentrant = threading.RLock()
steps = []
local = threading.local()
local.name = "main"
spun = threading.Event()
variable = contextvars.ContextVar("variable", default="none")


def held(one: Any) -> None:
    with one, one if one is reentrant else threading.Lock():
        steps.append("in")
        time.sleep(0.02)
        steps.append("out")


def hold() -> str:
    held(lock)
    return " ".join(steps)


def hold_reentrant() -> str:
    held(reentrant)
    return " ".join(steps)


def in_order() -> str:
    """Those that wait get it in their order, also where who lets it go asks again at once."""
    got = []
    barrier = threading.Barrier(4)

    def work(name: str) -> None:
        barrier.wait()
        for _ in range(3):
            with lock:
                got.append(name)
                time.sleep(0.001)

    workers = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    rounds = ["".join(sorted(got[at : at + 4])) for at in (0, 4, 8)]
    return " ".join(rounds)


def timeouts() -> str:
    with lock:
        began = time.monotonic()
        found = [lock.acquire(timeout=0.05), lock.acquire(blocking=False), lock.acquire(timeout=0)]
        found.append(time.monotonic() - began >= 0.05)
        found.append(threading.Event().wait(0.01))
    try:
        queue.Queue().get(timeout=0.01)
    except queue.Empty:
        found.append("Empty")
    return str([*found, lock.locked()])


def late() -> str:
    """Time is up for one that waits at the moment at which the lock is let go of: nobody gets it for nothing."""
    for _ in range(50):
        lock.acquire()
        waiting = threading.Thread(target=lambda: lock.acquire(timeout=0.001) and lock.release())
        waiting.start()
        time.sleep(0.001)
        lock.release()
        waiting.join()
        assert not lock.locked()
    return "free"


def threads() -> str:
    found = queue.Queue()

    def work(number: int) -> None:
        if not hasattr(local, "name"):
            local.name = number
        run_sync(asyncio.sleep(0.01 * (3 - number)))
        found.put((local.name == number, variable.get(), threading.current_thread().name, threading.get_ident()))

    variable.set("of the starter")
    workers = [threading.Thread(target=work, args=(number,), name=f"worker {number}") for number in range(3)]
    for worker in workers:
        worker.start()
    alive = [worker.is_alive() for worker in workers]
    for worker in workers:
        worker.join()
    seen = sorted(found.get() for _ in workers)
    idents = {ident for _, _, _, ident in seen} | {threading.get_ident()}
    return str([alive, [each[:3] for each in seen], len(idents), local.name, [worker.is_alive() for worker in workers]])


def pool() -> str:
    """Each waits until all eight threads have come as far."""
    barrier = threading.Barrier(8, timeout=60)
    with ThreadPoolExecutor(8) as executor:
        numbers = list(executor.map(lambda number: (barrier.wait(), number)[1], range(16)))
        return str(sum(numbers))


def to_thread() -> str:
    def wait_and_give(number: int) -> int:
        time.sleep(0.01)
        return number

    async def main() -> list[int]:
        return await asyncio.gather(*(asyncio.to_thread(wait_and_give, number) for number in range(5)))

    return str(run_sync(main()))


def fails() -> str | None:
    def fail() -> None:
        raise ValueError("of the thread")

    worker = threading.Thread(target=fail)
    worker.start()
    worker.join()
    try:
        worker.start()
    except RuntimeError as error:
        return str(error)


def raw() -> str:
    import _thread

    done = threading.Event()
    ident = _thread.start_new_thread(lambda *_, **__: done.set(), (1,), {"two": 2})
    return str([done.wait(5), ident != threading.get_ident()])


def many() -> str | None:
    workers = [threading.Thread(target=time.sleep, args=(2,)) for _ in range(300)]
    try:
        for worker in workers:
            worker.start()
    except RuntimeError as error:
        return str(error)
    finally:
        for worker in workers:
            if worker.ident is not None:
                worker.join()


def synchronous() -> str:
    found = []

    def call(*_: object) -> None:
        for action in (lock.acquire, threading.Thread(target=print).start):
            try:
                action()
            except RuntimeError as error:
                found.append(str(error))

    proxy = create_proxy(call)
    with lock:
        js.Array.of(1).map(proxy)
    proxy.destroy()
    return "; ".join(found)


def imports() -> str:
    import slow

    return slow.value


def imports_in_a_circle() -> str:
    import circle_a

    return circle_a.name


def imports_the_other_way() -> str:
    import circle_b

    return circle_b.name


def imports_synchronously() -> str:
    found = []

    def call(*_: object) -> None:
        try:
            import slower  # noqa: F401
        except RuntimeError as error:
            found.append(str(error))

    worker = threading.Thread(target=lambda: __import__("slower"))
    worker.start()
    proxy = create_proxy(call)
    js.Array.of(1).map(proxy)
    proxy.destroy()
    worker.join()
    import slower

    return f"{found} {slower.value}"


def spin() -> str:
    """One that computes ends by what another does, and two of them go on side by side."""
    counts = [0, 0]
    stopped = []

    def work(number: int) -> None:
        while not stopped:
            counts[number] += len(str(number))

    workers = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for worker in workers:
        worker.start()
    spun.wait()
    while min(counts) < 1000:
        time.sleep(0.01)
    stopped.append(True)
    for worker in workers:
        worker.join()
    return "both went on"


def end_of_spin() -> str:
    spun.set()
    return "told"


def spin_with_locks() -> str:
    """What is guarded by a lock stays whole while those that compute give way."""
    total = 0

    def work() -> None:
        nonlocal total
        for _ in range(3000):
            with lock:
                before = total
                for _ in range(20):
                    pass
                total = before + 1

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return str(total)


def made_before() -> str:
    import logging
    import tempfile

    locks = (tempfile._once_lock, logging._lock, logging.lastResort.lock)
    return str({type(each).__module__ for each in locks})


def compute() -> str:
    def work() -> None:
        while True:
            pass

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    return "ended"


def on_fetch(request: Any) -> Response:
    name = request.url.rsplit("/", 1)[1]
    return Response.new(globals()[name]() if name else "hello")
