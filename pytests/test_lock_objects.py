"""What the guest does of locks and threading.Condition by a shorter way takes and gives what it does on CPython."""

from __future__ import annotations

import _thread
import inspect
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

LOCKS: list[Callable[[], Any]] = [threading.Lock, threading.RLock]
TYPES: list[Any] = [_thread.lock, _thread.RLock]


@pytest.mark.parametrize("kind", TYPES)
def test_methods_are_described_as_before(kind: Any) -> None:
    assert str(inspect.signature(kind.acquire)) == "(self, /, blocking=True, timeout=-1)"
    assert str(inspect.signature(kind.__exit__)) == "(self, /, *exc_info)"
    assert kind.acquire.__qualname__ == f"{kind.__name__}.acquire"
    assert kind.acquire.__objclass__ is kind
    assert kind.acquire.__doc__.startswith("Lock the lock.")
    assert kind.__exit__.__doc__ == "Release the lock."
    with pytest.raises(TypeError, match="immutable type"):
        kind.acquire = None


@pytest.mark.parametrize("new_lock", LOCKS)
class TestAcquire:
    @pytest.mark.parametrize(
        ("args", "kwargs"),
        [
            ((), {}),
            ((True,), {}),
            ((False,), {}),
            ((1,), {}),
            ((0,), {}),
            ((True, -1), {}),
            ((True, 5), {}),
            ((), {"blocking": False}),
            ((), {"timeout": 1.5}),
            ((True,), {"timeout": -1}),
        ],
    )
    def test_takes_a_free_lock(self, new_lock: Callable[[], Any], args: Any, kwargs: Any) -> None:
        lock = new_lock()
        assert lock.acquire(*args, **kwargs) is True
        assert lock.locked()
        assert lock.release() is None
        assert not lock.locked()

    @pytest.mark.parametrize(
        ("args", "kwargs", "error", "text"),
        [
            ((False, 1), {}, ValueError, "can't specify a timeout for a non-blocking call"),
            ((True, -2), {}, ValueError, "timeout value must be a non-negative number"),
            ((True, 1e30), {}, OverflowError, "timestamp out of range for platform time_t"),
            ((True, 1, 2), {}, TypeError, "at most 2 arguments"),
            ((), {"wait": True}, TypeError, "unexpected keyword argument 'wait'"),
            ((True,), {"blocking": True}, TypeError, "given by name .'blocking'. and position"),
            ((True, "soon"), {}, TypeError, "str"),
        ],
    )
    def test_refuses(self, new_lock: Callable[[], Any], args: Any, kwargs: Any, error: Any, text: str) -> None:
        lock = new_lock()
        with pytest.raises(error, match=text):
            lock.acquire(*args, **kwargs)
        assert not lock.locked()

    def test_exit_takes_what_it_is_given(self, new_lock: Callable[[], Any]) -> None:
        lock = new_lock()
        for args in ((), (None, None, None), (ValueError, ValueError(), None), (1,) * 20):
            assert lock.__enter__() is True
            assert lock.__exit__(*args) is None
            assert not lock.locked()

    def test_an_exception_leaves_the_block(self, new_lock: Callable[[], Any]) -> None:
        lock = new_lock()
        with pytest.raises(ZeroDivisionError), lock:
            1 / 0  # noqa: B018
        assert not lock.locked()

    def test_unbound(self, new_lock: Callable[[], Any]) -> None:
        lock = new_lock()
        kind = type(lock)
        assert kind.acquire(lock) is True
        assert kind.__exit__(lock, None, None, None) is None
        with pytest.raises(TypeError, match="doesn't apply to a 'object' object"):
            kind.acquire(object())


def test_release_of_what_is_not_held() -> None:
    for use in (lambda lock: lock.release(), lambda lock: lock.__exit__(None, None, None)):
        with pytest.raises(RuntimeError, match=r"^release unlocked lock$"):
            use(threading.Lock())
        with pytest.raises(RuntimeError, match=r"^cannot release un-acquired lock$"):
            use(threading.RLock())


def test_a_plain_lock_that_is_held() -> None:
    lock = threading.Lock()
    with lock:
        assert lock.acquire(False) is False
        assert lock.acquire(blocking=False) is False
        assert lock.acquire(True, 0.001) is False
        assert lock.acquire_lock(False) is False  # type: ignore[attr-defined]


def test_a_recursive_lock_counts() -> None:
    lock = threading.RLock()
    with lock, lock:
        assert lock.acquire(True) is True
        assert lock._recursion_count() == 3  # type: ignore[attr-defined]
        lock.release()
    assert not lock.locked()  # type: ignore[attr-defined]


class Recorded:
    """A lock of somebody's own, which says what is asked of it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.asked: list[Any] = []

    def acquire(self, *args: Any) -> bool:
        self.asked.append(("acquire", *args))
        return self.lock.acquire(*args)

    def release(self) -> None:
        self.asked.append("release")
        self.lock.release()

    def locked(self) -> bool:
        return self.lock.locked()

    def __enter__(self) -> str:
        self.lock.acquire()
        return "entered"

    def __exit__(self, *args: object) -> str:
        self.asked.append(args)
        self.lock.release()
        return "left"


class TestCondition:
    def test_methods_are_described(self) -> None:
        assert str(inspect.signature(threading.Condition.notify)) == "(self, /, n=1)"
        assert str(inspect.signature(threading.Condition().notify)) == "(n=1)"
        assert threading.Condition.notify.__doc__
        assert threading.Condition.notify.__qualname__ == "Condition.notify"

    @pytest.mark.parametrize("new_lock", LOCKS)
    def test_with(self, new_lock: Callable[[], Any]) -> None:
        lock = new_lock()
        condition = threading.Condition(lock)
        with condition as entered:
            assert entered is True
            assert lock.locked()
            assert condition._is_owned()  # type: ignore[attr-defined]
        assert not lock.locked()
        assert not condition._is_owned()  # type: ignore[attr-defined]

    @pytest.mark.parametrize("new_lock", LOCKS)
    def test_not_held(self, new_lock: Callable[[], Any]) -> None:
        condition = threading.Condition(new_lock())
        with pytest.raises(RuntimeError, match=r"^cannot notify on un-acquired lock$"):
            condition.notify()
        with pytest.raises(RuntimeError, match=r"^cannot notify on un-acquired lock$"):
            condition.notify_all()
        with pytest.raises(RuntimeError, match=r"un-?(acquired|locked)|unlocked"):
            condition.__exit__(None, None, None)

    def test_a_lock_of_somebody(self) -> None:
        lock = Recorded()
        condition = threading.Condition(lock)  # type: ignore[arg-type]
        assert condition.__enter__() == "entered"  # type: ignore[comparison-overlap]
        condition.notify()
        assert lock.asked == [("acquire", False)]
        assert condition.__exit__(1, 2, 3) == "left"  # type: ignore[arg-type, func-returns-value]
        assert lock.asked[1:] == [(1, 2, 3)]
        assert not condition._is_owned()  # type: ignore[attr-defined]
        assert lock.asked[2:] == [("acquire", False), "release"]

    def test_a_lock_of_another_type_is_asked(self) -> None:
        class Owned(Recorded):
            def _is_owned(self) -> bool:
                self.asked.append("owned")
                return False

        lock = Owned()
        condition = threading.Condition(lock)  # type: ignore[arg-type]
        with condition, pytest.raises(RuntimeError, match="un-acquired"):
            condition.notify()
        assert lock.asked[0] == "owned"

    def test_a_subclass_is_asked(self) -> None:
        class Mine(threading.Condition):
            asked = 0

            def _is_owned(self) -> bool:
                self.asked += 1
                return True

        condition = Mine(threading.Lock())
        condition.notify()
        condition.notify(3)
        assert condition.asked == 2

    def test_a_lock_that_is_none_at_all(self) -> None:
        condition = threading.Condition()
        del condition._lock  # type: ignore[attr-defined]
        with pytest.raises(AttributeError, match="'Condition' object has no attribute '_lock'"):
            condition.__enter__()
        with pytest.raises(AttributeError, match="'Condition' object has no attribute '_lock'"):
            condition.__exit__(None, None, None)
        del condition._waiters  # type: ignore[attr-defined]
        condition._is_owned = lambda: True  # type: ignore[attr-defined]
        with pytest.raises(AttributeError, match="'Condition' object has no attribute '_waiters'"):
            condition.notify()

    def test_arguments(self) -> None:
        condition = threading.Condition()
        with condition:
            condition.notify(n=2)
            condition.notify(0)
            condition.notify("any")  # type: ignore[arg-type] # nobody waits, so nobody counts
            for args, kwargs in (((1, 2), {}), ((), {"m": 1}), ((1,), {"n": 1})):
                with pytest.raises(TypeError, match=r"Condition\.notify\(\)"):
                    condition.notify(*args, **kwargs)  # type: ignore[arg-type]

    @pytest.mark.parametrize("new_lock", LOCKS)
    @pytest.mark.parametrize("count", [1, 2, 5])
    def test_wakes_as_many_as_are_asked_for(self, new_lock: Callable[[], Any], count: int) -> None:
        condition = threading.Condition(new_lock())
        woken: list[int] = []

        def waits(number: int) -> None:
            with condition:
                condition.wait()
                woken.append(number)

        threads = [threading.Thread(target=waits, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        while len(condition._waiters) < 3:  # type: ignore[attr-defined]
            time.sleep(0)
        with condition:
            condition.notify(n=count)
            assert len(condition._waiters) == max(0, 3 - count)  # type: ignore[attr-defined]
            condition.notify_all()
        for thread in threads:
            thread.join()
        assert sorted(woken) == [0, 1, 2]
