"""The end of greenlets that nobody refers to."""

from __future__ import annotations

import gc
import sys
import weakref
from typing import Any

import pytest
from greenlet import GreenletExit, getcurrent
from greenlets import Greenlet, suspended, to_parent


class TestEnd:
    def test_one_that_nobody_refers_to(self) -> None:
        seen = []

        def body() -> None:
            try:
                to_parent()
            except GreenletExit:
                seen.append(getcurrent().parent)
                raise

        child = suspended(body)
        child.parent = other = Greenlet(lambda: seen.append("never"))
        del child
        assert seen == [getcurrent()]
        assert not other.dead

    def test_keeps_the_exception_that_is_handled(self) -> None:
        child = suspended()
        try:
            raise KeyError("handled")
        except KeyError as error:
            del child
            assert sys.exception() is error

    def test_by_the_collector(self) -> None:
        seen = []

        def body() -> None:
            try:
                to_parent()
            finally:
                seen.append("ended")

        child = suspended(body)
        child.itself = child
        reference = weakref.ref(child)
        del child
        assert seen == []
        gc.collect()
        assert seen == ["ended"]
        assert reference() is None

    def test_one_that_catches_its_end(self) -> None:
        kept = []

        def body() -> str:
            try:
                to_parent()
            except GreenletExit:
                kept.append(getcurrent())
                to_parent()
            return "second"

        child = suspended(body)
        del child
        assert len(kept) == 1
        assert not kept[0].dead
        reference = weakref.ref(kept[0])
        kept.clear()
        assert reference() is None

    def test_one_that_raises_something_else(self, monkeypatch: pytest.MonkeyPatch) -> None:
        unraisable: list[Any] = []
        monkeypatch.setattr(sys, "unraisablehook", lambda args: unraisable.append(args.exc_type))

        def body() -> None:
            try:
                to_parent()
            finally:
                raise KeyError

        child = suspended(body)
        del child
        assert unraisable == [KeyError]

    def test_of_a_subclass_with_a_finalizer(self) -> None:
        seen = []

        class Child(Greenlet):
            __slots__ = ("slot",)

            def __del__(self) -> None:
                seen.append("deleted")

        def body() -> None:
            try:
                to_parent()
            finally:
                seen.append("ended")

        child = Child(body)
        child.slot = [1]
        child.switch()
        del child
        assert seen == ["deleted", "ended"]

    def test_an_origin_that_nobody_refers_to_any_more(self) -> None:
        seen = []

        def body() -> None:
            children.clear()
            try:
                to_parent("value")
            finally:
                seen.append("ended")

        children = [Greenlet(body)]
        assert children[0].switch() == "value"
        assert seen == ["ended"]

    def test_weak_references(self) -> None:
        child = Greenlet(lambda: None)
        reference = weakref.ref(child)
        child.switch()
        del child
        assert reference() is None
