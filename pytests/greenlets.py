"""Greenlets for tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from greenlet import getcurrent
from greenlet import greenlet as Greenlet  # noqa: N812

__all__ = ["Greenlet", "suspended", "to_parent"]


def to_parent(*args: Any, **kwargs: Any) -> Any:
    return getcurrent().parent.switch(*args, **kwargs)


def suspended(body: Callable[..., Any] = to_parent) -> Greenlet:
    child = Greenlet(body)
    child.switch()
    return child
