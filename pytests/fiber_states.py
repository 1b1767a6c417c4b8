"""What a fiber has for itself, each as a function (number, body).

It makes the state the number's own on the fiber that calls it, calls `body` with a function that reads the state, and
undoes it. What is read must be the same at any place of that fiber's stack, and another number's must differ.
"""

from __future__ import annotations

import asyncio
import contextvars
import ctypes
import decimal
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import Any

import _blockon
import pytest
from pyodide.webloop import WebLoop

Read = Callable[[], Any]
Body = Callable[[Read], None]
State = Callable[[int, Body], None]

variable: contextvars.ContextVar[int] = contextvars.ContextVar("variable", default=0)
libc = ctypes.CDLL(None)
libc.__errno_location.restype = ctypes.c_void_p


class NumberedError(Exception):
    """An exception of one fiber."""


def context_variable(number: int, body: Body) -> None:
    token = variable.set(number)
    body(variable.get)
    variable.reset(token)


def decimal_context(number: int, body: Body) -> None:
    with decimal.localcontext() as context:
        context.prec = 10 + number
        body(lambda: decimal.getcontext().prec)


def warnings_context(number: int, body: Body) -> None:
    """As under the flag context_aware_warnings of 3.14; without it the filters are one for all, threads too."""
    with warnings.catch_warnings(action="ignore"):
        warnings.filterwarnings("error", f"number {number}")

        def read() -> list[int]:
            return [other for other in range(10) if raises(other)]

        def raises(other: int) -> bool:
            try:
                warnings.warn(f"number {other}", stacklevel=1)
            except UserWarning:
                return True
            return False

        body(read)


def running_loop(number: int, body: Body) -> None:
    old = asyncio.get_running_loop()
    asyncio._set_running_loop(WebLoop())
    body(asyncio.get_running_loop)
    asyncio._set_running_loop(old)


def current_task(number: int, body: Body) -> None:
    """Of the task that each fiber of these tests runs in."""
    body(asyncio.current_task)


def asyncgen_hooks(number: int, body: Body) -> None:
    old = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(partial(print, number), partial(print, number))
    body(lambda: tuple(sys.get_asyncgen_hooks()))
    sys.set_asyncgen_hooks(*old)


def coroutine_origins(number: int, body: Body) -> None:
    sys.set_coroutine_origin_tracking_depth(number + 1)
    body(sys.get_coroutine_origin_tracking_depth)
    sys.set_coroutine_origin_tracking_depth(0)


def handled_exception(number: int, body: Body) -> None:
    """Two that are handled, one within the other; a third gets them as its context, and both can be raised again."""
    outer, inner = NumberedError(number, "outer"), NumberedError(number, "inner")

    def read() -> Any:
        with pytest.raises(KeyError) as caught:
            raise KeyError
        assert caught.value.__context__ is inner
        return sys.exception(), inner.__context__

    with pytest.raises(NumberedError) as raised:
        try:
            raise outer
        except NumberedError:
            with pytest.raises(NumberedError) as raised_inside:
                try:
                    raise inner
                except NumberedError:
                    body(read)
                    raise
            assert raised_inside.value is inner
            assert sys.exception() is outer
            raise
    assert raised.value is outer


def recursion(number: int, body: Body) -> None:
    """How deep the fiber is and how much deeper it may go make up the limit, at any depth."""

    def left() -> int:
        try:
            return 1 + left()
        except RecursionError:
            return 0

    def depth() -> int:
        frame: FrameType | None = sys._getframe(2)
        count = 0
        while frame:
            frame, count = frame.f_back, count + 1
        return count

    def descend(levels: int) -> None:
        if levels == 0:
            body(lambda: depth() + left())
        else:
            descend(levels - 1)

    descend(60 * number)


def errno(number: int, body: Body) -> None:
    value = ctypes.c_int.from_address(libc.__errno_location())
    value.value = 100 + number
    body(lambda: value.value)
    value.value = 0


def ctypes_errno(number: int, body: Body) -> None:
    ctypes.set_errno(200 + number)
    body(ctypes.get_errno)
    ctypes.set_errno(0)


def _hook(number: int, fibers: list[int]) -> Callable[..., None]:
    def hook(*_: Any) -> None:
        fibers.append(_blockon.stats()["fiber_id"])

    return hook


def trace(number: int, body: Body) -> None:
    """A function for sys.settrace, and that no other fiber calls it."""
    fibers: list[int] = []
    sys.settrace(_hook(number, fibers))
    body(sys.gettrace)
    sys.settrace(None)
    assert set(fibers) == {_blockon.stats()["fiber_id"]}


def profile(number: int, body: Body) -> None:
    fibers: list[int] = []
    sys.setprofile(_hook(number, fibers))
    body(sys.getprofile)
    sys.setprofile(None)
    assert set(fibers) == {_blockon.stats()["fiber_id"]}


class Current:
    """Its repr() is that of the fiber which asks, and runs that fiber's body."""

    def __init__(self) -> None:
        self.bodies: dict[int, tuple[int, Body]] = {}

    def __repr__(self) -> str:
        number, body = self.bodies[_blockon.stats()["fiber_id"]]
        body(lambda: number)
        return str(number)


@dataclass
class Holder:
    """Guarded by reprlib, as a list is by C."""

    items: list[Current]


CURRENT = Current()
HOLDER = Holder([CURRENT])


def repr_guard(number: int, body: Body) -> None:
    """All write out the same containers at once; who finds one in work by another writes "..."."""
    fiber = _blockon.stats()["fiber_id"]
    CURRENT.bodies[fiber] = number, body
    assert repr(HOLDER) == f"Holder(items=[{number}])"
    del CURRENT.bodies[fiber]


STATES: list[State] = [
    context_variable,
    decimal_context,
    warnings_context,
    running_loop,
    current_task,
    asyncgen_hooks,
    coroutine_origins,
    handled_exception,
    recursion,
    errno,
    ctypes_errno,
    trace,
    profile,
    repr_guard,
]
