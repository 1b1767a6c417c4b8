"""time.sleep: blocks one task and no other."""

from __future__ import annotations

import time
from typing import Any

import pytest
from fibers import synchronously, together


@pytest.mark.parametrize("seconds", [0, 0.0, False, 0.003, 1e-9])
def test_sleeps_at_least_so_long(seconds: float) -> None:
    before = time.monotonic()
    assert time.sleep(seconds) is None  # type: ignore[func-returns-value]
    assert time.monotonic() - before >= seconds


def test_one_task_and_no_other() -> None:
    order: list[str] = []

    def sleeper(name: str, seconds: float) -> None:
        time.sleep(seconds)
        order.append(name)

    together(lambda: sleeper("slow", 0.05), lambda: sleeper("fast", 0.005), lambda: sleeper("zero", 0))
    assert order == ["zero", "fast", "slow"]


def test_zero_lets_others_run() -> None:
    order: list[int] = []

    def counts(number: int) -> None:
        while len(set(order)) < 3:
            order.append(number)
            time.sleep(0)

    together(*(lambda number=number: counts(number) for number in range(3)))  # type: ignore[misc]
    assert set(order) == {0, 1, 2}


@pytest.mark.parametrize(
    ("argument", "error", "message"),
    [
        (-1, ValueError, "sleep length must be non-negative"),
        (-1e-9, ValueError, "sleep length must be non-negative"),
        (float("nan"), ValueError, "NaN"),
        (1e300, OverflowError, "out of range"),
        ("1", TypeError, "'str' object cannot be interpreted as an integer"),
        (None, TypeError, "'NoneType' object cannot be interpreted as an integer"),
    ],
)
def test_errors_are_those_of_cpython(argument: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        time.sleep(argument)


def test_takes_one_argument_by_position() -> None:
    with pytest.raises(TypeError):
        time.sleep()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        time.sleep(seconds=1)  # type: ignore[call-arg]


def test_is_a_builtin_of_time() -> None:
    assert time.sleep.__module__ == "time"
    assert time.sleep.__name__ == "sleep"


def test_synchronous_entry() -> None:
    before = time.monotonic()
    assert synchronously(lambda: time.sleep(0.005)) is None
    assert time.monotonic() - before >= 0.005
    assert isinstance(synchronously(lambda: time.sleep(-1)), ValueError)


def test_a_thousand_sleepers() -> None:
    woken: list[int] = []

    def sleeper(number: int) -> None:
        time.sleep(number % 10 / 1000)
        woken.append(number)

    together(*(lambda number=number: sleeper(number) for number in range(1000)))  # type: ignore[misc]
    assert sorted(woken) == list(range(1000))
