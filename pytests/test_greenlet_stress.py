"""Greenlets in tasks and threads, switching, waiting, throwing, ending and being collected in random ways.

Both collectors work meanwhile, and every piece of C stack that nobody may read is filled with 0xEE.
BLOCKON_STRESS_SECONDS says how long (5 unless told), BLOCKON_STRESS_SEED what the first round's seed is. A failure
names the seed of its round.
"""

from __future__ import annotations

import asyncio
import contextvars
import gc
import random
import threading
import time
from collections.abc import Callable

import js
import pytest
from greenlet import GreenletExit, getcurrent
from greenlet import greenlet as Greenlet  # noqa: N812
from pyodide.ffi import run_sync
from rounds import run_rounds

TASKS = 20
THREADS = 5
STEPS = 60
VARIABLE: contextvars.ContextVar[int] = contextvars.ContextVar("variable", default=-1)


class ThrownError(Exception):
    pass


class Party:
    """The greenlets of one task or thread. Each counts what it was sent, and knows what it must be sent next."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.main = getcurrent()
        self.ident = threading.get_ident()
        self.alive: list[Greenlet] = []
        self.begun = self.ended = 0

    def wait(self) -> None:
        way = self.rng.randrange(3)
        if way == 0:
            run_sync(js.Array.fromAsync(js.Array.of(1)))
        elif way == 1:
            time.sleep(0)
        else:
            run_sync(asyncio.sleep(0))

    def body(self, number: int, depth: int) -> int:
        """Answers what it is sent with that and its number, from `depth` calls below."""
        if depth:
            return self.body(number, depth - 1)
        self.begun += 1
        own = id(getcurrent())  # a reference in its own frame would keep it
        VARIABLE.set(number)
        sent = number
        try:
            while sent >= 0:
                assert id(getcurrent()) == own
                assert VARIABLE.get() == number
                assert threading.get_ident() == self.ident
                if self.rng.random() < 0.2:
                    self.wait()
                if self.rng.random() < 0.1:
                    assert Greenlet(lambda: Greenlet(lambda: number).switch()).switch() == number
                try:
                    sent = self.main.switch((number, sent))
                except ThrownError as error:
                    sent = error.args[0]
            return number
        finally:
            self.ended += 1

    def begin(self, number: int) -> None:
        child = Greenlet(self.body)
        assert child.switch(number, self.rng.randrange(20)) == (number, number)
        child.number = number
        if self.rng.random() < 0.2:
            child.itself = child
        self.alive.append(child)

    def send(self, value: int) -> None:
        child = self.rng.choice(self.alive)
        answer = child.throw(ThrownError, value) if self.rng.random() < 0.3 else child.switch(value)
        assert answer == (child.number, value)

    def end(self) -> None:
        child = self.alive.pop(self.rng.randrange(len(self.alive)))
        way = self.rng.randrange(4)
        if way == 0:
            assert child.switch(-1) == child.number
        elif way == 1:
            assert isinstance(child.throw(), GreenletExit)
        elif way == 2:
            with pytest.raises(KeyError):
                child.throw(KeyError)
        assert child.dead == (way < 3)

    def relay(self) -> None:
        """Of two that switch to one another, without the main one in between."""
        turns = self.rng.randrange(1, 20)
        seen: list[int] = []

        def run(other: Callable[[], Greenlet]) -> None:
            for number in range(turns):
                seen.append(number)
                other().switch()

        one = Greenlet(lambda: run(lambda: two))
        two = Greenlet(lambda: run(lambda: one))
        one.switch()
        assert sorted(seen) == sorted([*range(turns), *range(turns)])
        two.throw()

    def run(self) -> None:
        for step in range(STEPS):
            choice = self.rng.random()
            if choice < 0.3 or not self.alive:
                self.begin(step)
            elif choice < 0.7:
                self.send(step)
            elif choice < 0.8:
                self.relay()
            else:
                self.end()
            if self.rng.random() < 0.1:
                self.wait()
        self.alive.clear()
        gc.collect()
        # Those that another thread's collection has met end with this thread's next look at its greenlets.
        assert getcurrent() is self.main
        assert self.begun == self.ended


def one_round(seed: int) -> None:
    master = random.Random(seed)
    errors: list[BaseException] = []

    def party(number: int) -> None:
        try:
            Party(random.Random(number)).run()
        except BaseException as error:
            errors.append(error)

    async def task(number: int) -> None:
        party(number)

    async def all_tasks() -> None:
        await asyncio.gather(*(task(master.getrandbits(64)) for _ in range(TASKS)))

    threads = [threading.Thread(target=party, args=(master.getrandbits(64),)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    run_sync(all_tasks())
    for thread in threads:
        thread.join()
    if errors:
        errors[0].add_note(f"BLOCKON_STRESS_SEED={seed}, {len(errors)} failures")
        raise errors[0]


@pytest.mark.usefixtures("hostile")
def test_random_greenlets() -> None:
    run_rounds(one_round, usual_seconds=5)
