"""Random programs of threads that compute, lock, queue, sleep, start others and switch greenlets, beside a model.

What each thread computes, and what all of them leave in what they share, is the same in whatever order they run. The
model is the same programs one after another, on one stack, with nothing to wait for. The collectors work meanwhile, and
threads give way ten times in a millisecond. BLOCKON_STRESS_SECONDS says how long (5 unless told), BLOCKON_STRESS_SEED
what the first round's seed is. A failure names the seed of its round.
"""

from __future__ import annotations

import contextvars
import queue
import random
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from greenlets import Greenlet, to_parent
from rounds import run_rounds

THREADS = 8
PHASES = 3
STEPS = 12
CELLS = 4
INTERVAL = 0.0001
VARIABLE: contextvars.ContextVar[int] = contextvars.ContextVar("variable")
LOCAL = threading.local()
MASK = (1 << 32) - 1


def mix(digest: int, value: int) -> int:
    return (digest * 31 + value) & MASK


@dataclass
class Shared:
    """What the threads of a round share. The model has it for itself."""

    cells: list[int] = field(default_factory=lambda: [0] * CELLS)
    locks: list[Any] = field(
        default_factory=lambda: [threading.RLock() if i % 2 else threading.Lock() for i in range(CELLS)]
    )
    items: queue.Queue[tuple[int, int]] = field(default_factory=lambda: queue.Queue(3))
    simple: queue.SimpleQueue[int] = field(default_factory=queue.SimpleQueue)
    room: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(2))
    inside: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)
    turns: Counter[int] = field(default_factory=Counter)


class Thread:
    """One thread's program, which its seed is; `digest` is what it computed."""

    def __init__(self, seed: int, number: int, shared: Shared, alone: bool) -> None:
        self.rng = random.Random(seed)
        self.number = number
        self.shared = shared
        self.alone = alone
        self.digest = seed & MASK

    def run(self) -> None:
        """One phase."""
        for _ in range(STEPS):
            step = self.rng.choice(_STEPS)
            self.digest = mix(self.digest, step(self, self.rng.getrandbits(16)))

    def pause(self) -> None:
        """Where others would see what is half done, if they could."""
        if self.rng.random() < 0.3:
            time.sleep(0)
        else:
            self.compute(self.rng.randrange(200))

    # Each step returns a number that depends on its argument and this thread's past alone.

    def compute(self, value: int) -> int:
        for i in range(value % 400):
            value = (value * 1103515245 + i) & MASK
        return value

    def objects(self, value: int) -> int:
        """Dicts, lists, generators, exceptions and text, with garbage in circles."""

        def numbers() -> Iterator[int]:
            for i in range(value % 50):
                try:
                    if i % 7 == 0:
                        raise KeyError(i)
                    yield i
                except KeyError as error:
                    assert sys.exception() is error
                    yield error.args[0] * 2

        table: dict[str, Any] = {f"{number}": [number] * 3 for number in numbers()}
        table["itself"] = table
        text = "".join(sorted(table, reverse=True))
        return sum(map(ord, text)) + sum(sum(each) for each in table.values() if each is not table)

    def add(self, value: int) -> int:
        cell = value % CELLS
        with self.shared.locks[cell]:
            before = self.shared.cells[cell]
            self.pause()
            self.shared.cells[cell] = before + value
        return value

    def move(self, value: int) -> int:
        """From one cell to another, both locked, always in the same order."""
        one, other = sorted(self.rng.sample(range(CELLS), 2))
        with self.shared.locks[one], self.shared.locks[other]:
            cells = self.shared.cells
            taken, given = cells[one] - value, cells[other] + value
            self.pause()
            cells[one], cells[other] = taken, given
        return one

    def produce(self, value: int) -> int:
        """Into a queue, through which it comes to whoever adds it."""
        if self.alone:
            self.shared.cells[0] += value
        else:
            self.shared.items.put((self.number, value))
        return value

    def simply(self, value: int) -> int:
        """Puts one item, and takes one, which may be another's: the sum of all is left."""
        self.shared.simple.put(value)
        taken = self.shared.simple.get()
        with self.shared.locks[1]:
            self.shared.cells[1] += taken
        return value

    def few(self, value: int) -> int:
        """Of which there are never more than two."""
        with self.shared.room:
            self.shared.inside += 1
            assert self.shared.inside <= 2
            self.pause()
            self.shared.inside -= 1
        return value

    def turn(self, value: int) -> int:
        """Tell the others, and wait at times until one of them tells, or the time is over."""
        with self.shared.changed:
            self.shared.turns[self.number] += 1
            self.shared.changed.notify_all()
            seconds = self.rng.choice((0, 0, self.rng.random() / 1000))
            if seconds and not self.alone:
                self.shared.changed.wait(seconds)
            return self.shared.turns[self.number]

    def own(self, value: int) -> int:
        """What is a thread's own."""
        VARIABLE.set(value)
        LOCAL.value = value
        self.pause()
        assert LOCAL.value == value
        return VARIABLE.get()

    def greenlets(self, value: int) -> int:
        """Two of them in turn, each of which computes and may wait."""

        def body(number: int) -> int:
            total = 0
            while number >= 0:
                self.pause()
                total = mix(total, self.compute(number))
                number = to_parent(total)
            return total

        children = [Greenlet(body), Greenlet(body)]
        digest = 0
        for i in range(2 + value % 6):
            digest = mix(digest, children[i % 2].switch(value + i))
        return mix(children[0].switch(-1), mix(children[1].switch(-1), digest))

    def starts(self, value: int) -> int:
        """Another thread, which it waits for."""
        inner = Thread(value, self.number, self.shared, self.alone)
        inner.run_steps(self.rng.randrange(4))
        if self.alone:
            return inner.digest
        other = Thread(value, self.number, self.shared, self.alone)
        steps = inner.steps
        thread = threading.Thread(target=lambda: other.run_steps(steps))
        thread.start()
        thread.join()
        assert other.digest == inner.digest
        return other.digest

    steps = 0

    def run_steps(self, count: int) -> None:
        """Some that share nothing."""
        self.steps = count
        for _ in range(count):
            step = self.rng.choice((Thread.compute, Thread.objects, Thread.greenlets))
            self.digest = mix(self.digest, step(self, self.rng.getrandbits(16)))

    def maps(self, value: int) -> int:
        numbers = range(value, value + 5)
        if self.alone:
            return sum(map(self.compute, numbers))
        with ThreadPoolExecutor(2) as pool:
            return sum(pool.map(self.compute, numbers))


_STEPS: tuple[Callable[[Thread, int], int], ...] = (
    Thread.compute,
    Thread.objects,
    Thread.add,
    Thread.move,
    Thread.produce,
    Thread.simply,
    Thread.few,
    Thread.turn,
    Thread.own,
    Thread.greenlets,
    Thread.starts,
    Thread.maps,
)


def model(seeds: list[int]) -> tuple[list[list[int]], list[list[int]]]:
    """The digests and the cells behind each phase."""
    shared = Shared()
    threads = [Thread(seed, number, shared, True) for number, seed in enumerate(seeds)]
    digests, cells = [], []
    for _ in range(PHASES):
        for thread in threads:
            thread.run()
        digests.append([thread.digest for thread in threads])
        cells.append(list(shared.cells))
    return digests, cells


class Round:
    def __init__(self, seeds: list[int]) -> None:
        self.shared = Shared()
        self.threads = [Thread(seed, number, self.shared, False) for number, seed in enumerate(seeds)]
        self.digests: list[list[int]] = []
        self.cells: list[list[int]] = []
        self.barrier = threading.Barrier(THREADS, self.note)
        self.last: dict[int, deque[int]] = {}
        self.errors: list[BaseException] = []

    def note(self) -> None:
        """Behind each phase, while all wait."""
        self.shared.items.join()
        self.digests.append([thread.digest for thread in self.threads])
        self.cells.append(list(self.shared.cells))

    def consume(self) -> None:
        while (item := self.shared.items.get())[0] >= 0:
            with self.shared.locks[0]:
                before = self.shared.cells[0]
                time.sleep(0)
                self.shared.cells[0] = before + item[1]
            self.shared.items.task_done()

    def body(self, thread: Thread) -> None:
        try:
            for _ in range(PHASES):
                thread.run()
                self.barrier.wait()
        except BaseException as error:
            self.errors.append(error)
            self.barrier.abort()

    def run(self) -> None:
        consumer = threading.Thread(target=self.consume)
        bodies = [threading.Thread(target=self.body, args=(thread,)) for thread in self.threads]
        for each in (consumer, *bodies):
            each.start()
        for each in bodies:
            each.join()
        self.shared.items.put((-1, 0))
        consumer.join()
        if self.errors:
            raise next(error for error in self.errors if not isinstance(error, threading.BrokenBarrierError))


def one_round(seed: int) -> None:
    rng = random.Random(seed)
    seeds = [rng.getrandbits(32) for _ in range(THREADS)]
    digests, cells = model(seeds)
    threads = Round(seeds)
    try:
        threads.run()
        assert threads.digests == digests
        assert threads.cells == cells
    except BaseException as error:
        error.add_note(f"BLOCKON_STRESS_SEED={seed}")
        raise


@pytest.mark.usefixtures("hostile")
def test_random_programs() -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(INTERVAL)
    try:
        run_rounds(one_round, usual_seconds=5)
    finally:
        sys.setswitchinterval(before)
