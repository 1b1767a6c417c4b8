"""The Worker of older_slices.test.ts: its threads give way wherever they may, with C code of all kinds below.

Answers /NAME by the function of that name.
"""

from __future__ import annotations

import asyncio
import codecs
import copy
import json
import re
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import js
from js import Response
from pyodide.ffi import create_proxy, run_sync, to_js

# Below a millisecond: whenever CPython looks for signals, which is at every 50th function, loop and the like.
sys.setswitchinterval(1e-6)
ROUNDS = 60
local = threading.local()


def compute(steps: int) -> None:
    """So that the next look is at another place."""
    for _ in range(steps):
        pass


class Named:
    """What a class is told its name by, from C."""

    def __set_name__(self, owner: type, name: str) -> None:
        compute(7)
        self.name = name


class Key:
    def __init__(self, number: int) -> None:
        self.number = number

    def __hash__(self) -> int:
        compute(1)
        return self.number % 3

    def __eq__(self, other: object) -> bool:
        compute(1)
        return isinstance(other, Key) and self.number == other.number

    def __lt__(self, other: Key) -> bool:
        compute(1)
        return self.number < other.number


class Told:
    """Tells a list that it has gone."""

    def __init__(self, gone: list[int], number: int) -> None:
        self.gone = gone
        self.number = number

    def __del__(self) -> None:
        compute(5)
        self.gone.append(self.number)


def find_codec(name: str) -> codecs.CodecInfo | None:
    compute(3)
    if not name.startswith("reversed"):
        return None

    def encode(text: str, _errors: str = "strict") -> tuple[bytes, int]:
        compute(3)
        if text == "refused":
            raise ValueError("of the codec")
        return text[::-1].encode(), len(text)

    return codecs.CodecInfo(encode, codecs.lookup("utf-8").decode, name=name)


codecs.register(find_codec)


def make_class(number: int) -> None:
    made = type(f"Made{number}", (), {"one": Named(), "two": Named()})
    assert (made.one.name, made.two.name) == ("one", "two")  # type: ignore[attr-defined]


def fail_to_make_class(number: int) -> None:
    class Refuses:
        def __set_name__(self, owner: type, name: str) -> None:
            compute(3)
            raise ValueError(f"{name} {number}")

    try:
        type("Refused", (), {"field": Refuses()})
    except ValueError as error:
        assert str(error) == f"field {number}"
        assert "Error calling __set_name__" in error.__notes__[0]
    else:
        raise AssertionError("there is an error of __set_name__")


def encode(number: int) -> None:
    assert "abc".encode(f"reversed{number}_{threading.get_ident()}") == b"cba"
    try:
        "refused".encode("reversed")
    except ValueError as error:
        assert "codec failed" in error.__notes__[0]
    else:
        raise AssertionError("there is an error of the codec")


def look_up(number: int) -> None:
    found = {Key(each): each for each in range(8)}
    assert found[Key(number % 8)] == number % 8
    assert [each.number for each in sorted(Key(each) for each in (3, 1, 2))] == [1, 2, 3]


def call_back(number: int) -> None:
    def default(value: object) -> int:
        compute(3)
        return number

    def replace(match: re.Match[str]) -> str:
        compute(3)
        return match[0].upper()

    assert json.dumps({"a": {1}}, default=default, sort_keys=True) == f'{{"a": {number}}}'.replace("'", "")
    assert re.sub("[a-c]", replace, "xaybzc") == "xAyBzC"
    assert copy.deepcopy([Key(1), [2]])[1] == [2]


def raise_and_catch(number: int) -> None:
    try:
        try:
            raise KeyError(number)
        except KeyError:
            compute(5)
            raise ValueError(number) from None
    except ValueError as error:
        compute(number % 5)
        assert sys.exc_info()[1] is error
        assert error.__context__.args == (number,)  # type: ignore[union-attr]
    assert sys.exc_info()[1] is None


def drop(number: int) -> None:
    gone: list[int] = []
    try:
        held = Told(gone, number)
        del held
        raise KeyError(number)
    except KeyError as error:
        assert error.args == (number,)
    assert gone == [number]


def generate(number: int) -> None:
    def numbers() -> Any:
        try:
            for each in range(5):
                compute(3)
                yield each
        finally:
            compute(3)

    assert sum(numbers()) == 10
    assert list(zip(numbers(), (each * number for each in numbers()), strict=True))[2] == (2, 2 * number)
    next(numbers())


def convert(number: int) -> None:
    """C code that JavaScript calls for a conversion asks Python for hashes, and whether keys are equal."""
    keys = [create_proxy(Key(each), roundtrip=False) for each in range(8)]
    of_javascript = js.Map.new()
    for each, key in enumerate(keys):
        of_javascript.set(key, each)
    found = of_javascript.to_py()
    for key in keys:
        key.destroy()
    assert found[Key(number % 8)] == number % 8


def drop_below(number: int) -> None:
    """A destructor that runs below JavaScript."""
    gone: list[int] = []
    proxy = create_proxy(Told(gone, number))
    proxy.destroy()
    made = to_js([create_proxy(Told(gone, number))])
    made[0].destroy()
    assert gone == [number, number]


def keep(number: int) -> None:
    local.number = number
    compute(10)
    assert local.number == number


def sleep(number: int) -> None:
    time.sleep(0.001 * (number % 2))


def wait(number: int) -> None:
    """Nobody's loop runs on a thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        raise AssertionError("a loop runs on a thread")
    assert run_sync(asyncio.sleep(0, number)) == number


ALL = (
    make_class,
    fail_to_make_class,
    encode,
    look_up,
    call_back,
    raise_and_catch,
    drop,
    generate,
    convert,
    drop_below,
    keep,
    sleep,
    wait,
)


def run(*works: Callable[[int], None], threads: int = 4) -> str:
    failures: list[BaseException] = []

    def work(first: int) -> None:
        try:
            for number in range(first, first + ROUNDS):
                compute(number)
                for each in works:
                    each(number)
        except BaseException as error:
            failures.append(error)
            raise

    started = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    return "as alone" if not failures else repr(failures)


def at_all_places() -> str:
    return run(*ALL)


def while_they_sleep() -> str:
    """CPython looks for signals within what a wait does before it waits, too."""
    return run(sleep, wait)


def interval() -> str:
    return str(sys.getswitchinterval())


def destructor_that_waits() -> str:
    """What a thread has for itself goes when it ends, with JavaScript below."""
    found: list[str] = []

    class Waits:
        def __del__(self) -> None:
            coroutine = asyncio.sleep(0.001)
            try:
                run_sync(coroutine)
            except RuntimeError as error:
                coroutine.close()
                found.append(type(error).__name__)
            else:
                found.append("waited")

    def work() -> None:
        local.waits = Waits()

    threading.Thread(target=work).start()
    while not found:
        time.sleep(0.001)
    return str(found)


def loop_after_thread() -> str:
    """A call has the loop that it had, whoever had its thread state before it."""
    run(keep, threads=3)

    async def current() -> bool:
        return asyncio.get_running_loop() is asyncio.get_event_loop()

    return str(run_sync(current()))


def run_on_thread() -> str:
    """asyncio.run() has no loop of its own on a thread."""
    found: list[object] = []

    async def main() -> int:
        await asyncio.sleep(0.001)
        return 5

    def work() -> None:
        found.append(asyncio.run(main()))
        try:
            with asyncio.Runner() as runner:
                runner.get_loop()
        except RuntimeError as error:
            found.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return str([*found, asyncio.run(main())])


def task_of_its_own() -> str:
    async def one(number: int) -> bool:
        task = asyncio.current_task()
        time.sleep(0.001 * (number % 3))  # noqa: ASYNC251 - it blocks
        same = asyncio.current_task() is task
        await asyncio.sleep(0)
        return same and asyncio.current_task() is task

    async def every() -> list[bool]:
        return await asyncio.gather(*(one(number) for number in range(20)))

    return str(set(run_sync(every())))


def unbegun() -> str:
    """A thread that fails before it has said that it begins does not hold up who starts it."""

    class Unfit(threading.Thread):
        def _bootstrap(self) -> None:
            raise ValueError("before its begin")

    Unfit().start()
    return "went on"


def on_fetch(request: Any) -> Response:
    return Response.new(globals()[request.url.rsplit("/", 1)[1]]())
