"""Greenlets: the package greenlet over fibers, as programs use it."""

from __future__ import annotations

import abc
import copy
import sys
import traceback
from collections.abc import Iterator
from importlib import metadata
from typing import Any

import greenlet
import pytest
from greenlet import GreenletExit, getcurrent
from greenlets import Greenlet, to_parent


class TestSwitch:
    def test_goes_to_and_fro(self) -> None:
        order = []

        def body(first: str) -> str:
            order.append(first)
            order.append(to_parent("one"))
            order.append(to_parent("two"))
            return "end"

        child = Greenlet(body)
        order.append(child.switch("begin"))
        order.append(child.switch("a"))
        order.append(child.switch("b"))
        assert order == ["begin", "one", "a", "two", "b", "end"]
        assert child.dead

    @pytest.mark.parametrize(
        ("args", "kwargs", "result"),
        [
            ((), {}, ()),
            ((1,), {}, 1),
            (((),), {}, ()),
            ((1, 2), {}, (1, 2)),
            ((), {"a": 1}, {"a": 1}),
            ((1,), {"a": 2}, ((1,), {"a": 2})),
            ((1, 2), {"a": 3}, ((1, 2), {"a": 3})),
        ],
    )
    def test_arguments(self, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        child = Greenlet(lambda *args, **kwargs: to_parent((args, kwargs)))
        assert child.switch(*args, **kwargs) == (args, kwargs)
        assert child.switch(*args, **kwargs) == result
        assert getcurrent().switch(*args, **kwargs) == result
        sent = Greenlet(lambda: to_parent(*args, **kwargs))
        assert sent.switch() == result
        sent.switch()

    def test_a_chain_of_many(self) -> None:
        def body(left: int) -> int:
            return 0 if left == 0 else 1 + int(Greenlet(body).switch(left - 1))

        assert Greenlet(body).switch(200) == 200

    def test_siblings_switch_to_one_another(self) -> None:
        seen = []

        def one() -> None:
            for number in range(3):
                seen.append(("one", number))
                second.switch()

        def two() -> None:
            for number in range(3):
                seen.append(("two", number))
                first.switch()

        first, second = Greenlet(one), Greenlet(two)
        first.switch()
        assert seen == [(name, number) for number in range(3) for name in ("one", "two")]
        assert first.dead
        second.throw()

    def test_in_the_midst_of_c_code(self) -> None:
        def key(value: int) -> int:
            return int(to_parent(value))

        child = Greenlet(lambda: sorted([1, 2, 3], key=key))
        sent = child.switch()
        seen = []
        while not child.dead:
            seen.append(sent)
            sent = child.switch(-sent)
        assert seen == [1, 2, 3]
        assert sent == [3, 2, 1]

    def test_in_a_running_generator(self) -> None:
        def values() -> Iterator[int]:
            for _ in range(3):
                try:
                    raise KeyError
                except KeyError:
                    yield to_parent()

        def body() -> list[int]:
            return list(values())

        child = Greenlet(body)
        child.switch()
        child.switch(1)
        assert sys.exc_info() == (None, None, None)
        child.switch(2)
        assert child.switch(3) == [1, 2, 3]

    def test_deep_recursion_is_each_greenlets_own(self) -> None:
        def down(left: int) -> int:
            return to_parent("deep") if left == 0 else down(left - 1)

        children = [Greenlet(down) for _ in range(4)]
        assert [child.switch(600) for child in children] == ["deep"] * 4
        assert [child.switch(number) for number, child in enumerate(children)] == [0, 1, 2, 3]

        def endless() -> None:
            endless()

        with pytest.raises(RecursionError):
            Greenlet(endless).switch()


class TestExceptions:
    def test_leave_for_the_parent(self) -> None:
        def body() -> None:
            raise KeyError("key")

        child = Greenlet(body)
        with pytest.raises(KeyError) as raised:
            child.switch()
        assert child.dead
        assert [frame.name for frame in traceback.extract_tb(raised.tb)][-1] == "body"

    def test_are_each_greenlets_own(self) -> None:
        def body() -> Any:
            assert sys.exc_info() == (None, None, None)
            try:
                raise ValueError("mine")
            except ValueError:
                to_parent()
                return sys.exc_info()[1]

        child = Greenlet(body)
        try:
            raise KeyError
        except KeyError as error:
            child.switch()
            assert sys.exc_info()[1] is error
        assert sys.exc_info() == (None, None, None)
        assert str(child.switch()) == "mine"

    def test_throw(self) -> None:
        def body() -> str:
            with pytest.raises(KeyError, match="thrown"):
                to_parent()
            return "caught"

        for arguments in [
            (KeyError("thrown"),),
            (KeyError, "thrown"),
            (KeyError, ("thrown",)),
            (KeyError, KeyError("thrown")),
        ]:
            child = Greenlet(body)
            child.switch()
            assert child.throw(*arguments) == "caught"

    def test_throw_takes_a_traceback(self) -> None:
        try:
            raise KeyError
        except KeyError as error:
            trace = error.__traceback__
        with pytest.raises(ValueError) as raised:
            Greenlet(to_parent).throw(ValueError, "value", trace)
        assert raised.traceback[-1].lineno + 1 == trace.tb_lineno

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("text",), "exceptions must be classes, or instances, not str"),
            ((ValueError(), 1), "instance exception may not have a separate value"),
            ((ValueError, None, "no trace"), "third argument must be a traceback object"),
            ((object,), "exceptions must be classes, or instances, not type"),
        ],
    )
    def test_what_cannot_be_thrown(self, arguments: tuple[Any, ...], message: str) -> None:
        with pytest.raises(TypeError, match=message):
            Greenlet(to_parent).throw(*arguments)

    def test_an_exit_is_a_value(self) -> None:
        child = Greenlet(to_parent)
        child.switch()
        assert isinstance(child.throw(), GreenletExit)
        assert child.dead
        exit_ = GreenletExit("again")
        assert child.throw(exit_) is exit_
        with pytest.raises(KeyError):
            child.throw(KeyError)

    def test_throw_into_one_that_never_ran(self) -> None:
        ran = []
        child = Greenlet(lambda: ran.append(1))
        with pytest.raises(KeyError):
            child.throw(KeyError)
        assert child.dead
        assert not ran


class TestParents:
    def test_the_end_goes_to_the_parent(self) -> None:
        outer = Greenlet(lambda: inner.switch() + " outer")
        inner = Greenlet(lambda: "inner", parent=outer)
        assert outer.switch() == "inner outer"

    def test_a_dead_ones_parent_goes_on(self) -> None:
        child = Greenlet(lambda: None)
        child.switch()
        assert child.switch("value") == "value"
        never_ran = Greenlet(lambda value: ("started", value))
        child.parent = never_ran
        assert child.switch("value") == ("started", "value")

    def test_an_unstarted_parent_is_started_with_the_result(self) -> None:
        parent = Greenlet(lambda value: ("parent", value))
        assert Greenlet(lambda: 42, parent).switch() == ("parent", 42)
        assert parent.dead

    def test_a_parent_that_cannot_start_passes_the_error_on(self) -> None:
        with pytest.raises(AttributeError, match="run"):
            Greenlet(lambda: 42, Greenlet()).switch()

    def test_the_parent_is_settable(self) -> None:
        main = getcurrent()
        child = Greenlet(to_parent)
        assert child.parent is main
        other = Greenlet(lambda: None)
        child.parent = other
        assert child.parent is other
        for value in (None, 1, "text"):
            with pytest.raises(TypeError, match="Expected any type of greenlet"):
                child.parent = value
        with pytest.raises(ValueError, match="cyclic parent chain"):
            other.parent = child
        with pytest.raises(AttributeError, match="can't delete"):
            del child.parent
        with pytest.raises(AttributeError, match="main greenlet"):
            main.parent = child
        assert main.parent is None


class TestObject:
    def test_states(self) -> None:
        child = Greenlet(to_parent)
        assert (child.dead, bool(child), child.gr_frame) == (False, False, None)
        assert repr(child).endswith(" pending>")
        child.switch()
        assert (child.dead, bool(child)) == (False, True)
        assert child.gr_frame.f_code.co_name == "to_parent"
        assert child.gr_frame.f_back is None
        assert child._stack_saved > 0
        assert repr(child).endswith(" suspended active started>")
        child.switch()
        assert (child.dead, bool(child), child.gr_frame, child._stack_saved) == (True, False, None, 0)
        assert repr(child).endswith(" dead>")
        assert repr(getcurrent()).endswith(" current active started main>")

    def test_run(self) -> None:
        def body() -> bool:
            return hasattr(getcurrent(), "run")

        child = Greenlet()
        with pytest.raises(AttributeError, match="run"):
            child.switch()
        child.run = body
        assert child.run is body
        assert child.switch() is False
        with pytest.raises(AttributeError, match="after the start"):
            child.run = body

    def test_a_subclass(self) -> None:
        class Child(Greenlet):
            __slots__ = ("slot",)

            def __init__(self, name: str) -> None:
                super().__init__()
                self.name = name

            def run(self, *args: int) -> tuple[str, tuple[int, ...]]:
                self.slot = args
                return self.name, self.slot

        child = Child("name")
        assert child.switch(1, 2) == ("name", (1, 2))
        assert child.__dict__ == {"name": "name"}

    def test_an_abstract_subclass(self) -> None:
        class Abstract(Greenlet, metaclass=abc.ABCMeta):
            @abc.abstractmethod
            def run(self) -> None: ...

        class Whole(Abstract):
            def run(self) -> None: ...

        with pytest.raises(TypeError, match="abstract"):
            Abstract()
        assert Whole().switch() is None

    def test_attributes(self) -> None:
        child = Greenlet(to_parent)
        child.anything = 1
        assert child.__dict__ == {"anything": 1}
        child.__dict__ = {"other": 2}
        assert child.other == 2
        with pytest.raises(TypeError):
            child.__dict__ = 1
        with pytest.raises(TypeError):
            del child.__dict__
        with pytest.raises(TypeError, match="cannot serialize"):
            copy.copy(child)
        with pytest.raises(TypeError):
            Greenlet.anything = 1

    def test_names(self) -> None:
        assert Greenlet.__module__ == "greenlet"
        assert Greenlet.getcurrent is getcurrent
        assert Greenlet.error is greenlet.error
        assert issubclass(GreenletExit, BaseException)
        assert not issubclass(GreenletExit, Exception)
        assert greenlet.GREENLET_USE_GC
        assert greenlet.GREENLET_USE_TRACING
        assert greenlet.GREENLET_USE_CONTEXT_VARS
        assert greenlet.GREENLET_USE_STANDARD_THREADING

    def test_is_installed(self) -> None:
        assert metadata.version("greenlet") == greenlet.__version__
        assert metadata.metadata("greenlet")["Name"] == "greenlet"


class TestTrace:
    def test_is_told_of_each_switch(self) -> None:
        events: list[tuple[str, tuple[Greenlet, Greenlet]]] = []
        main = getcurrent()
        child = Greenlet(to_parent)
        greenlet.settrace(lambda event, pair: events.append((event, pair)))
        try:
            child.switch()
            with pytest.raises(KeyError):
                child.throw(KeyError)
            main.switch()
        finally:
            greenlet.settrace(None)
        assert events == [
            ("switch", (main, child)),
            ("switch", (child, main)),
            ("throw", (main, child)),
            ("throw", (child, main)),
            ("switch", (main, main)),
        ]

    def test_one_that_raises_is_forgotten(self) -> None:
        def trace(event: str, pair: object) -> None:
            raise KeyError(event)

        child = Greenlet(to_parent)
        child.switch()
        greenlet.settrace(trace)
        with pytest.raises(KeyError, match="switch"):
            child.switch()
        assert greenlet.gettrace() is None
        assert child.dead

    def test_profiles_go_with_the_thread(self) -> None:
        events: list[tuple[str, str]] = []

        def called() -> None:
            pass

        def body() -> None:
            sys.setprofile(lambda frame, event, arg: events.append((event, frame.f_code.co_name)))
            to_parent()
            called()
            sys.setprofile(None)

        child = Greenlet(body)
        child.switch()
        called()
        child.switch()
        called()
        assert [event for event in events if event[1] == "called"] == [("call", "called"), ("return", "called")] * 2
