"""urllib3's pools, which are found, filled and emptied in one go, are what they are otherwise: both are asked."""

from __future__ import annotations

import gc
import queue
import threading
from typing import Any

import pytest
import urllib3
from urllib3 import connectionpool, poolmanager

REPLACED = [
    (poolmanager.PoolManager, "connection_from_host"),
    (connectionpool.HTTPConnectionPool, "__init__"),
    (connectionpool, "_close_pool_connections"),
]


@pytest.mark.parametrize(("owner", "name"), REPLACED, ids=lambda each: getattr(each, "__name__", str(each)))
def test_the_installed_versions_are_known(owner: Any, name: str) -> None:
    assert "/blockon/" in getattr(owner, name).__code__.co_filename


def test_pools_are_those_that_they_were() -> None:
    manager = urllib3.PoolManager(num_pools=2, maxsize=3)
    first = manager.connection_from_host("h", 80)
    assert manager.connection_from_host("h", 80) is first
    assert manager.connection_from_host("H", 80, "HTTP") is first
    assert manager.connection_from_host("h", 80, pool_kwargs={"maxsize": 3}) is first
    other = manager.connection_from_host("h", 80, pool_kwargs={"maxsize": 4})
    assert other is not first
    assert manager.connection_from_host("h", 80, pool_kwargs={"maxsize": 4}) is other
    assert (first.pool.maxsize, other.pool.maxsize) == (3, 4)  # type: ignore[union-attr]
    # The first is the one that was used last, so it is the other that goes.
    assert manager.connection_from_host("h", 80) is first
    manager.connection_from_host("third", 80)
    assert manager.connection_from_host("h", 80) is first
    assert manager.connection_from_host("h", 80, pool_kwargs={"maxsize": 4}) is not other
    manager.clear()
    assert manager.connection_from_host("h", 80) is not first


def test_pools_follow_what_is_changed() -> None:
    manager = urllib3.PoolManager()
    first = manager.connection_from_host("h", 80)
    manager.connection_pool_kw["timeout"] = 7
    second = manager.connection_from_host("h", 80)
    assert second is not first
    assert second is manager.connection_from_host("h", 80)
    made = []

    def key(context: dict[str, Any]) -> Any:
        made.append(context["host"])
        return "all", len(made)

    manager.key_fn_by_scheme["http"] = key  # type: ignore[assignment]
    assert manager.connection_from_host("h", 80) is not manager.connection_from_host("h", 80)
    assert made == ["h", "h"]


def test_pools_with_what_may_change_are_not_remembered() -> None:
    headers = {"A": "b"}
    manager = urllib3.PoolManager(headers=headers)
    manager.connection_pool_kw["headers"] = headers
    first = manager.connection_from_host("h", 80)
    headers["A"] = "c"
    assert manager.connection_from_host("h", 80) is not first


@pytest.mark.parametrize(
    "asked",
    [(None,), ("",), ("h", 0), ("h", None, "ftp"), ("h", None, None), ("h", None, "https"), (b"h", 80), ("h", "80")],
    ids=repr,
)
def test_odd_questions_for_pools(asked: tuple[Any, ...]) -> None:
    def answer(function: Any) -> Any:
        manager = urllib3.PoolManager()
        answers = []
        for _ in range(2):
            try:
                pool = function(manager, *asked)
                answers.append((pool.scheme, pool.host, pool.port))
            except Exception as error:
                answers.append((type(error), str(error)))  # type: ignore[arg-type]
        return answers

    replaced: Any = poolmanager.PoolManager.connection_from_host
    assert answer(replaced) == answer(replaced.__wrapped__)


def test_managers_share_keys_and_no_pools() -> None:
    managers = [urllib3.PoolManager(maxsize=3), urllib3.PoolManager(maxsize=3), urllib3.PoolManager(maxsize=4)]
    pools: list[Any] = [each.connection_from_host("h", 80) for each in managers]
    assert len({id(each) for each in pools}) == 3
    assert [each.pool.maxsize for each in pools] == [3, 3, 4]
    for manager, pool in zip(managers, pools, strict=True):
        assert manager.connection_from_host("h", 80) is pool
        assert manager.pools.keys() == made_by_urllib3(manager)


def made_by_urllib3(manager: urllib3.PoolManager) -> Any:
    apart = urllib3.PoolManager(**manager.connection_pool_kw)
    replaced: Any = poolmanager.PoolManager.connection_from_host
    replaced.__wrapped__(apart, "h", 80)
    return apart.pools.keys()


class Connection:
    """What a pool holds: notes that it was closed, and may fail at it."""

    closed: list[int]

    def __init__(self, number: int, closed: list[int], fails: bool = False) -> None:
        self.number, self.closed, self.fails = number, closed, fails

    def close(self) -> None:
        self.closed.append(self.number)
        if self.fails:
            raise OSError("it fails to close")


def state(pool: Any) -> Any:
    made = pool.pool
    return type(made), made.maxsize, made.queue, made.unfinished_tasks, sorted(vars(made)), sorted(vars(pool))


def both_of_filling() -> list[Any]:
    replaced: Any = connectionpool.HTTPConnectionPool.__init__
    return [replaced, replaced.__wrapped__]


class TestFilling:
    @pytest.mark.parametrize("maxsize", [1, 2, 10, 0, -1, True], ids=repr)
    @pytest.mark.parametrize("class_", [urllib3.HTTPConnectionPool, urllib3.HTTPSConnectionPool])
    def test_is_as_it_was(self, class_: Any, maxsize: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        states = []
        for function in both_of_filling():
            monkeypatch.setattr(connectionpool.HTTPConnectionPool, "__init__", function)
            states.append(state(class_("h", 80, maxsize=maxsize)))
        assert states[0] == states[1]

    def test_of_a_pool_that_blocks(self) -> None:
        with urllib3.HTTPConnectionPool("h", 80, maxsize=2, block=True) as pool:
            first, second = pool._get_conn(), pool._get_conn()
            with pytest.raises(urllib3.exceptions.EmptyPoolError):
                pool._get_conn(timeout=0.001)
            pool._put_conn(first)
            assert pool._get_conn() is first
            got: list[Any] = []
            waits = threading.Thread(target=lambda: got.append(pool._get_conn(timeout=60)))
            waits.start()
            pool._put_conn(second)
            waits.join()
            assert got == [second]

    @pytest.mark.parametrize("maxsize", ["many", None, 1.5], ids=repr)
    def test_by_what_is_no_number(self, maxsize: Any) -> None:
        errors = []
        for function in both_of_filling():
            pool = connectionpool.HTTPConnectionPool.__new__(connectionpool.HTTPConnectionPool)
            with pytest.raises(TypeError) as caught:
                function(pool, "h", 80, maxsize=maxsize)
            errors.append(str(caught.value))
            assert "QueueCls" not in vars(pool)
        assert errors[0] == errors[1]

    def test_of_a_queue_of_somebodys_own(self) -> None:
        class Queue(queue.LifoQueue[Any]):
            puts = 0

            def put(self, *args: Any, **keywords: Any) -> None:
                self.puts += 1
                super().put(*args, **keywords)

        class Pool(urllib3.HTTPConnectionPool):
            QueueCls = Queue

        pool = Pool("h", 80, maxsize=3)
        made: Any = pool.pool
        assert (type(made), made.puts, made.queue) == (Queue, 3, [None] * 3)

    def test_where_queues_are_otherwise(self, monkeypatch: pytest.MonkeyPatch) -> None:
        puts = []
        original = queue.LifoQueue._put  # type: ignore[attr-defined]

        def put(self: Any, item: Any) -> None:
            puts.append(item)
            original(self, item)

        monkeypatch.setattr(queue.LifoQueue, "_put", put)
        urllib3.HTTPConnectionPool("h", 80, maxsize=3)
        assert puts == [None] * 3


def both_of_closing() -> list[Any]:
    replaced: Any = connectionpool._close_pool_connections
    return [replaced, replaced.__wrapped__]


class TestClosing:
    def test_is_in_order(self) -> None:
        for function in both_of_closing():
            closed: list[int] = []
            made: Any = queue.LifoQueue(5)
            for item in (Connection(1, closed), None, Connection(2, closed), None):
                made.put(item)
            function(made)
            assert closed == [2, 1]
            assert (made.queue, made.unfinished_tasks) == ([], 4)

    def test_one_that_fails_leaves_the_others(self) -> None:
        for function in both_of_closing():
            closed: list[int] = []
            made: Any = queue.LifoQueue(5)
            first, second = Connection(1, closed), Connection(2, closed, fails=True)
            for item in (None, first, second, None):
                made.put(item)
            with pytest.raises(OSError, match="fails to close"):
                function(made)
            assert (closed, made.queue) == ([2], [None, first])

    def test_what_is_put_meanwhile_is_closed_too(self) -> None:
        for function in both_of_closing():
            closed: list[int] = []
            made: Any = queue.LifoQueue(5)

            class Late(Connection):
                def close(self) -> None:
                    super().close()
                    made.put(Connection(9, self.closed))  # noqa: B023 - it ends with the round

            made.put(Late(1, closed))
            function(made)
            assert (closed, made.queue) == ([1, 9], [])

    def test_who_waits_for_room_goes_on(self) -> None:
        for function in both_of_closing():
            closed: list[int] = []
            made: Any = queue.LifoQueue(1)
            made.put(Connection(1, closed))
            waits = threading.Thread(target=made.put, args=(Connection(2, closed),))
            waits.start()
            function(made)
            waits.join()
            assert closed[0] == 1
            function(made)
            assert closed == [1, 2]

    def test_of_one_that_was_shut_down(self) -> None:
        for function in both_of_closing():
            made: Any = queue.LifoQueue(2)
            made.put(Connection(1, []))
            made.shutdown(immediate=True)
            with pytest.raises(queue.ShutDown):
                function(made)

    def test_of_a_pool_that_nobody_refers_to(self) -> None:
        closed: list[int] = []
        pool: Any = urllib3.HTTPConnectionPool("h", 80, maxsize=2)
        pool.pool.get()
        pool.pool.put(Connection(1, closed))
        del pool
        gc.collect()
        assert closed == [1]

    def test_of_pools_and_managers(self) -> None:
        closed: list[int] = []
        manager = urllib3.PoolManager()
        pool: Any = manager.connection_from_host("h", 80)
        pool.pool.get()
        pool.pool.put(Connection(1, closed))
        manager.clear()
        pool.close()
        assert closed == [1]
        assert pool.pool is None
        with pytest.raises(urllib3.exceptions.ClosedPoolError):
            pool._get_conn()
