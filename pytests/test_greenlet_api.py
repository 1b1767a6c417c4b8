"""The C API of greenlet, as extensions find it that are compiled with its greenlet.h; ctypes calls it here."""

from __future__ import annotations

import gc
import sys
import threading
import time
import weakref
from ctypes import PYFUNCTYPE, c_char_p, c_int, c_void_p, py_object, pythonapi
from typing import Any

import greenlet
import pytest
from fibers import synchronously
from greenlet import GreenletExit, getcurrent
from greenlets import Greenlet, suspended, to_parent

NAME = b"greenlet._C_API"
# Places of greenlet.h.
TYPE, ERROR, EXIT, NEW, GET_CURRENT, THROW, SWITCH, SET_PARENT, MAIN, STARTED, ACTIVE, GET_PARENT = range(12)
NULL: Any = py_object()  # passed as a null pointer

import_capsule = PYFUNCTYPE(c_void_p, c_char_p, c_int)(("PyCapsule_Import", pythonapi))
entries = (c_void_p * 12).from_address(import_capsule(NAME, 0))
objects = (py_object * 3).from_address(import_capsule(NAME, 0))


def entry(place: int, result: Any, *arguments: Any) -> Any:
    return PYFUNCTYPE(result, *arguments)(entries[place])


new = entry(NEW, py_object, py_object, py_object)
get_current = entry(GET_CURRENT, py_object)
throw = entry(THROW, py_object, *[py_object] * 4)
switch = entry(SWITCH, py_object, *[py_object] * 3)
set_parent = entry(SET_PARENT, c_int, py_object, py_object)
is_main = entry(MAIN, c_int, py_object)
has_started = entry(STARTED, c_int, py_object)
is_active = entry(ACTIVE, c_int, py_object)
get_parent = entry(GET_PARENT, py_object, py_object)


def test_the_type_and_the_exceptions() -> None:
    assert objects[TYPE] is Greenlet
    assert objects[ERROR] is greenlet.error
    assert objects[EXIT] is GreenletExit


class TestNew:
    def test_runs_what_it_is_given(self) -> None:
        child = new(lambda: 7, NULL)
        assert type(child) is Greenlet
        assert child.parent is getcurrent()
        assert switch(child, NULL, NULL) == 7

    def test_with_a_parent(self) -> None:
        parent = suspended()
        child = new(lambda: "end", parent)
        assert child.parent is parent
        assert child.switch() == "end"
        assert parent.dead

    def test_without_anything_to_run(self) -> None:
        child = new(NULL, NULL)
        with pytest.raises(AttributeError, match="run"):
            switch(child, NULL, NULL)

    def test_with_a_parent_that_is_none(self) -> None:
        with pytest.raises(TypeError, match="Expected any type of greenlet, not int"):
            new(print, 3)


class TestSwitch:
    @pytest.mark.parametrize(
        ("args", "kwargs", "result"),
        [
            (NULL, NULL, ()),
            ((), {}, ()),
            ((1,), NULL, 1),
            ((1,), {}, 1),
            ((1, 2), NULL, (1, 2)),
            (NULL, {"a": 1}, {"a": 1}),
            ((1,), {"a": 2}, ((1,), {"a": 2})),
            ((1,), "no dict", 1),
        ],
    )
    def test_arguments(self, args: Any, kwargs: Any, result: Any) -> None:
        child = Greenlet(lambda *args, **kwargs: to_parent((args, kwargs)))
        called = () if args is NULL else args, kwargs if isinstance(kwargs, dict) else {}
        assert switch(child, args, kwargs) == called
        assert switch(child, args, kwargs) == result
        assert child.dead

    def test_goes_through_frames_of_c(self) -> None:
        def body(number: int) -> int:
            while number < 5:
                number = switch(getcurrent().parent, (number + 1,), NULL)
            return -1

        child = Greenlet(body)
        assert [switch(child, (each,), NULL) for each in range(6)] == [1, 2, 3, 4, 5, -1]

    def test_what_it_raises(self) -> None:
        with pytest.raises(ZeroDivisionError):
            switch(Greenlet(lambda: 1 / 0), NULL, NULL)

    def test_arguments_that_are_no_tuple(self) -> None:
        child = suspended()
        with pytest.raises(SystemError):
            switch(child, [1], NULL)
        assert switch(child, (1,), NULL) == 1

    def test_where_nothing_can_be_suspended(self) -> None:
        child = Greenlet(lambda: 7)
        error = synchronously(lambda: switch(child, NULL, NULL))
        assert isinstance(error, greenlet.error)
        assert "JavaScript called Python synchronously" in str(error)
        assert switch(child, NULL, NULL) == 7

    def test_keeps_no_references(self) -> None:
        sent, words = object(), {"name": object()}
        before = sys.getrefcount(sent), sys.getrefcount(words)
        child = Greenlet(lambda *_args, **_kwargs: to_parent())
        switch(child, (sent,), words)
        switch(child, (sent, sent), words)
        ended = weakref.ref(child)
        del child
        gc.collect()
        assert ended() is None
        assert (sys.getrefcount(sent), sys.getrefcount(words)) == before

    def test_waits_in_a_greenlet_of_a_thread(self) -> None:
        seen = []

        def body() -> str:
            time.sleep(0.001)
            return threading.current_thread().name

        thread = threading.Thread(target=lambda: seen.append(switch(new(body, NULL), NULL, NULL)), name="its own")
        thread.start()
        thread.join()
        assert seen == ["its own"]


class TestThrow:
    def test_a_class_and_a_value(self) -> None:
        with pytest.raises(ValueError, match="told"):
            throw(suspended(), ValueError, "told", NULL)

    def test_with_a_traceback(self) -> None:
        try:
            raise LookupError
        except LookupError as error:
            trace = error.__traceback__
        with pytest.raises(ValueError, match="told") as caught:
            throw(suspended(), ValueError("told"), NULL, trace)
        frames = []
        each = caught.value.__traceback__
        while each:
            frames.append(each)
            each = each.tb_next
        assert trace in frames

    def test_the_end(self) -> None:
        child = suspended()
        assert isinstance(throw(child, GreenletExit, NULL, NULL), GreenletExit)
        assert child.dead
        other = suspended()
        assert isinstance(throw(other, NULL, NULL, NULL), GreenletExit)
        assert other.dead

    def test_what_is_no_exception(self) -> None:
        child = suspended()
        with pytest.raises(TypeError, match="exceptions must be classes, or instances, not str"):
            throw(child, "text", NULL, NULL)
        with pytest.raises(TypeError, match="third argument must be a traceback object"):
            throw(child, ValueError, NULL, 3)
        assert child


class TestStates:
    def test_of_each_kind(self) -> None:
        def states(each: Any) -> tuple[int, int, int]:
            return is_main(each), has_started(each), is_active(each)

        child = Greenlet(to_parent)
        assert states(getcurrent()) == (1, 1, 1)
        assert states(child) == (0, 0, 0)
        child.switch()
        assert states(child) == (0, 1, 1)
        child.switch()
        assert states(child) == (0, 1, 0)

    def test_of_a_thread_that_has_ended(self) -> None:
        left: list[Any] = []
        thread = threading.Thread(target=lambda: left.extend([getcurrent(), suspended()]))
        thread.start()
        thread.join()
        assert [is_active(each) for each in left] == [0, 0]

    def test_the_current_one(self) -> None:
        assert get_current() is getcurrent()
        assert Greenlet(lambda: get_current() is getcurrent()).switch()
        current = getcurrent()
        before = sys.getrefcount(current)
        for _ in range(10):
            get_current()
        assert sys.getrefcount(current) == before


class TestParents:
    def test_are_set(self) -> None:
        parent, child = suspended(), Greenlet(lambda: 1)
        assert set_parent(child, parent) == 0
        assert get_parent(child) is parent
        before = sys.getrefcount(parent)
        for _ in range(10):
            get_parent(child)
        assert sys.getrefcount(parent) == before
        parent.throw()

    def test_the_main_one_has_none(self) -> None:
        # ctypes' words for null without an exception.
        with pytest.raises(ValueError, match="PyObject is NULL"):
            get_parent(getcurrent())

    def test_that_cannot_be(self) -> None:
        child = Greenlet(lambda: 1)
        with pytest.raises(ValueError, match="cyclic parent chain"):
            set_parent(child, child)
        with pytest.raises(AttributeError, match="can't delete attribute"):
            set_parent(child, NULL)
        with pytest.raises(TypeError, match="Expected any type of greenlet, not int"):
            set_parent(child, 3)
        assert child.parent is getcurrent()


@pytest.mark.parametrize(
    "call",
    [
        lambda given: switch(given, NULL, NULL),
        lambda given: throw(given, ValueError, NULL, NULL),
        lambda given: set_parent(given, getcurrent()),
        is_main,
        has_started,
        is_active,
        get_parent,
    ],
    ids=["switch", "throw", "set_parent", "is_main", "has_started", "is_active", "get_parent"],
)
@pytest.mark.parametrize("given", [3, NULL], ids=["int", "NULL"])
def test_what_is_no_greenlet(call: Any, given: Any) -> None:
    with pytest.raises(TypeError, match="bad argument type for built-in operation"):
        call(given)
