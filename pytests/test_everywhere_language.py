"""Places where Python code can stand when it blocks: what the language calls, each with a real wait."""

from __future__ import annotations

import asyncio
import bisect
import contextlib
import decimal
import fractions
import functools
import heapq
import itertools
from collections import defaultdict
from collections.abc import AsyncGenerator, Generator, Iterator
from typing import Any

from places import waits
from pyodide.ffi import run_sync


class TestAttributes:
    def test_getattribute(self) -> None:
        class Slow:
            value = 5

            def __getattribute__(self, name: str) -> Any:
                return waits(object.__getattribute__(self, name))

        assert Slow().value == 5

    def test_setattr_and_delattr(self) -> None:
        steps: list[str] = []

        class Slow:
            def __setattr__(self, name: str, value: Any) -> None:
                steps.append(waits(f"set {name}"))

            def __delattr__(self, name: str) -> None:
                steps.append(waits(f"del {name}"))

        slow: Any = Slow()
        slow.a = 1
        del slow.a
        assert steps == ["set a", "del a"]

    def test_descriptor_and_set_name(self) -> None:
        names: list[str] = []

        class Descriptor:
            def __set_name__(self, owner: type, name: str) -> None:
                names.append(waits(name))

            def __get__(self, instance: Any, owner: type | None = None) -> str:
                return waits("got")

        class Owner:
            field = Descriptor()

        assert names == ["field"]
        assert Owner().field == "got"

    def test_property_cached_property_and_lru_cache(self) -> None:
        class Slow:
            @property
            def a(self) -> int:
                return waits(1)

            @functools.cached_property
            def b(self) -> int:
                return waits(2)

        slow = Slow()
        assert (slow.a, slow.b, slow.b) == (1, 2, 2)
        assert [functools.lru_cache(waits)(3) for _ in range(2)] == [3, 3]


class TestClasses:
    def test_metaclass(self) -> None:
        steps: list[str] = []

        class Meta(type):
            @classmethod
            def __prepare__(cls, name: str, bases: Any, **kwargs: Any) -> dict[str, Any]:
                steps.append(waits("prepare"))
                return {}

            def __call__(cls, *args: Any) -> Any:
                steps.append(waits("call"))
                return super().__call__(*args)

            def __instancecheck__(cls, instance: Any) -> bool:
                return waits(True)

        class Made(metaclass=Meta):
            def __init__(self) -> None:
                steps.append(waits("init"))

        Made()
        assert isinstance(5, Made)
        assert steps == ["prepare", "call", "init"]

    def test_init_subclass_and_class_getitem(self) -> None:
        names: list[str] = []

        class Base:
            def __init_subclass__(cls) -> None:
                names.append(waits(cls.__name__))

            def __class_getitem__(cls, item: Any) -> Any:
                return waits(item)

        class Derived(Base):
            pass

        assert names == ["Derived"]
        assert Derived[5] == 5

    def test_new_and_singledispatch(self) -> None:
        class Slow:
            def __new__(cls) -> Any:
                return waits(super().__new__(cls))

        assert type(Slow()) is Slow
        generic = functools.singledispatch(lambda value: waits("any"))
        generic.register(int, lambda value: waits("int"))
        assert (generic(1), generic("")) == ("int", "any")


class TestOperators:
    def test_comparison_and_hash_in_containers(self) -> None:
        class Key:
            def __init__(self, value: int) -> None:
                self.value = value

            def __hash__(self) -> int:
                return waits(1)

            def __eq__(self, other: object) -> bool:
                return waits(isinstance(other, Key) and self.value == other.value)

            def __lt__(self, other: Key) -> bool:
                return waits(self.value < other.value)

        keys = [Key(value) for value in (3, 1, 2)]
        table = {key: key.value for key in keys}
        assert table[Key(2)] == 2
        assert Key(1) in set(keys)
        assert keys.index(Key(2)) == 2
        assert [key.value for key in sorted(keys)] == [1, 2, 3]
        heapq.heapify(keys)
        assert heapq.heappop(keys).value == 1
        assert min(keys).value == 2

    def test_arithmetic_format_and_conversions(self) -> None:
        class Number(decimal.Decimal):
            def __add__(self, other: Any) -> Any:
                return waits(Number(decimal.Decimal.__add__(self, other)))

            def __format__(self, spec: str, *_: Any) -> str:
                return waits(f"<{spec}>")

            def __bool__(self) -> bool:
                return waits(True)

            def __index__(self) -> int:
                return waits(2)

        class Part(fractions.Fraction):
            def __mul__(self, other: Any) -> Any:  # type: ignore[override]
                return waits(super().__mul__(other))

        number = Number(1)
        assert number + 1 == 2
        assert f"{number:x}" == f"{number:x}".format() == "<x>"
        assert "{:y}".format(number) == "<y>"  # noqa: UP032
        assert "abc"[number] == "c"
        assert [value for value in [number] if value]
        assert Part(1, 2) * 2 == 1

    def test_bisect_accumulate_map_filter_reduce(self) -> None:
        assert bisect.bisect([1, 2, 3], 2, key=waits) == 2
        assert list(map(waits, [1, 2])) == [1, 2]
        assert list(filter(waits, [0, 1])) == [1]
        assert list(itertools.accumulate([1, 2], lambda a, b: waits(a + b))) == [1, 3]
        assert [key for key, _ in itertools.groupby("aab", waits)] == ["a", "b"]
        assert list(iter(lambda: waits(3), 3)) == []
        assert max([1, 2], key=lambda value: waits(-value)) == 1

    def test_missing(self) -> None:
        class Table(dict[str, str]):
            def __missing__(self, key: str) -> str:
                return waits(key)

        assert Table()["a"] == "a"
        assert defaultdict(lambda: waits(4))["x"] == 4


class TestIteration:
    def test_generators(self) -> None:
        def inner() -> Generator[int, int, int]:
            got = yield waits(1)
            return waits(got + 1)

        def outer() -> Generator[int, int, None]:
            yield waits((yield from inner()))

        generator = outer()
        assert next(generator) == 1
        assert generator.send(5) == 6
        generator.close()

    def test_generator_closed_in_its_finally(self) -> None:
        steps: list[str] = []

        def numbers() -> Generator[int]:
            try:
                yield 1
            finally:
                steps.append(waits("closed"))

        for _ in numbers():
            break
        assert steps == ["closed"]

    def test_async_generator(self) -> None:
        async def numbers() -> AsyncGenerator[int]:
            for number in range(3):
                yield waits(number)
                await asyncio.sleep(0)

        async def collect() -> list[int]:
            return [number async for number in numbers()]

        assert run_sync(collect()) == [0, 1, 2]

    def test_iterator_into_c(self) -> None:
        class Slow:
            def __iter__(self) -> Iterator[int]:
                return map(waits, [1, 2])

            def __length_hint__(self) -> int:
                return waits(2)

        assert list(Slow()) == [1, 2]
        assert sum(Slow()) == 3
        assert dict.fromkeys(Slow()) == {1: None, 2: None}
        assert "".join(map(waits, "ab")) == "ab"
        assert list(zip(Slow(), Slow(), strict=True)) == [(1, 1), (2, 2)]

    def test_context_managers(self) -> None:
        steps: list[str] = []

        class Manager:
            def __enter__(self) -> str:
                return waits("enter")

            def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
                steps.append(waits(kind.__name__ if kind else ""))
                return waits(True)

        with Manager() as entered:
            steps.append(entered)
            raise KeyError
        with contextlib.ExitStack() as stack:
            stack.callback(lambda: steps.append(waits("callback")))
        assert steps == ["enter", "KeyError", "callback"]
