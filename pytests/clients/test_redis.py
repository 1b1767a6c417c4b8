"""Redis by redis-py, in both of its forms."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis
import redis.asyncio
import urllib3
from adapters import TIMEOUT
from at_once import at_once
from redis.backoff import NoBackoff
from redis.retry import Retry

NEVER_AGAIN = Retry(NoBackoff(), 0)
_names = itertools.count()


@pytest.fixture
def known(server: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(urllib3.request("GET", f"{server}/redis", timeout=60, retries=False).data)
    assert "error" not in answer, answer["error"]
    del answer["user"]
    return {**answer, "socket_timeout": TIMEOUT, "decode_responses": True}


@pytest.fixture
def store(known: dict[str, Any]) -> Iterator[redis.Redis]:
    with redis.Redis(**known) as store:
        store.flushall()
        yield store


def test_values(store: redis.Redis) -> None:
    assert store.ping() is True
    assert store.set("text", "héllo") is True
    assert (store.get("text"), store.get("nothing")) == ("héllo", None)
    assert store.hset("hash", mapping={"a": "1", "b": "2"}) == 2
    assert store.hgetall("hash") == {"a": "1", "b": "2"}
    assert store.rpush("list", *range(1000)) == 1000
    assert store.lrange("list", 0, -1) == list(map(str, range(1000)))
    assert (store.incr("count"), store.incrby("count", 41)) == (1, 42)
    assert sorted(store.scan_iter(match="*t")) == ["count", "list", "text"]
    assert store.set("short", "x", px=1) is True
    large = "x" * 5_000_000
    store.set("large", large)
    assert store.get("large") == large


def test_bytes(known: dict[str, Any]) -> None:
    with redis.Redis(**{**known, "decode_responses": False}) as client:
        data = bytes(range(256))
        client.set("bytes", data)
        assert client.get("bytes") == data


def test_pipelines_and_scripts(store: redis.Redis) -> None:
    with store.pipeline() as pipeline:
        assert pipeline.incr("n").incr("n").get("n").execute() == [1, 2, "2"]
        pipeline.watch("n")
        store.incr("n")
        pipeline.multi()
        pipeline.incr("n")
        with pytest.raises(redis.WatchError):
            pipeline.execute()
    assert store.register_script("return redis.call('incrby', KEYS[1], ARGV[1])")(keys=["n"], args=[7]) == 10


def test_errors(store: redis.Redis, known: dict[str, Any]) -> None:
    store.set("text", "x")
    with pytest.raises(redis.ResponseError, match="value is not an integer or out of range"):
        store.incr("text")
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        store.lpush("text", "y")
    known["retry"] = NEVER_AGAIN
    with redis.Redis(**{**known, "password": "wrong"}) as wrong, pytest.raises(redis.AuthenticationError):
        wrong.ping()
    with redis.Redis(**{**known, "port": 1}) as nobody, pytest.raises(redis.ConnectionError, match="refused"):
        nobody.ping()
    with redis.Redis(**{**known, "socket_timeout": 0.2}) as short:
        with pytest.raises(redis.TimeoutError):
            short.blpop("nothing", timeout=20)
        assert short.ping() is True


def test_a_connection_that_the_server_ends(store: redis.Redis, known: dict[str, Any]) -> None:
    """It is seen to be closed, and replaced."""
    with redis.Redis(**known) as ended:
        number = ended.client_id()
        assert store.client_kill_filter(_id=number) == 1
        assert ended.client_id() != number
    subscriber = store.pubsub()
    subscriber.subscribe("news")
    subscriber.get_message(timeout=TIMEOUT)
    subscriber.connection.retry = NEVER_AGAIN
    store.client_kill_filter(_type="pubsub")
    with pytest.raises(redis.ConnectionError, match="Connection closed by server"):
        subscriber.get_message(timeout=TIMEOUT)
    subscriber.close()


def test_a_wait_that_ends_without_a_value(store: redis.Redis) -> None:
    assert store.blpop("nothing", timeout=0.05) is None  # type: ignore[arg-type]


@pytest.mark.tasks
def test_a_value_that_another_task_brings(store: redis.Redis) -> None:
    order: list[str] = []

    def wait() -> Any:
        value = store.blpop("queue", timeout=TIMEOUT)
        order.append("got")
        return value

    def bring() -> None:
        time.sleep(0.05)
        order.append("brings")
        store.rpush("queue", "value")

    assert at_once(wait, bring) == [("queue", "value"), None]
    assert order == ["brings", "got"]


@pytest.mark.tasks
def test_published_messages(store: redis.Redis) -> None:
    """One task reads and blocks while another works and publishes."""
    subscriber = store.pubsub()
    subscriber.subscribe("news")
    assert subscriber.get_message(timeout=TIMEOUT)["type"] == "subscribe"
    got: list[str] = []

    def read() -> None:
        for message in subscriber.listen():
            if message["data"] == "end":
                return
            got.append(message["data"])

    def work() -> None:
        for number in range(5):
            store.set("worked", number)
            assert store.publish("news", f"message {number}") == 1
            time.sleep(0.01)
        store.publish("news", "end")

    assert at_once(read, work) == [None, None]
    assert got == [f"message {number}" for number in range(5)]
    assert store.get("worked") == "4"
    subscriber.close()


def test_messages_of_ones_own(store: redis.Redis) -> None:
    with store.pubsub(ignore_subscribe_messages=True) as subscriber:
        subscriber.psubscribe("n*")
        subscriber.get_message(timeout=TIMEOUT)
        store.publish("news", "hello")
        assert subscriber.get_message(timeout=TIMEOUT)["data"] == "hello"
        assert subscriber.get_message(timeout=0.05) is None


@pytest.mark.tasks
def test_locks(store: redis.Redis) -> None:
    inside: list[int] = []
    most = 0

    def work(number: int) -> None:
        nonlocal most
        with store.lock("lock", timeout=60, sleep=0.005):
            inside.append(number)
            most = max(most, len(inside))
            time.sleep(0.01)
            inside.remove(number)

    assert at_once(*[lambda number=number: work(number) for number in range(4)]) == [None] * 4
    assert most == 1


@pytest.mark.tasks
def test_a_pool_that_is_waited_for(known: dict[str, Any]) -> None:
    pool = redis.BlockingConnectionPool(max_connections=2, timeout=TIMEOUT, **known)
    with redis.Redis(connection_pool=pool) as client:
        got = at_once(*[lambda: client.blpop("nothing", timeout=0.05)] * 6)  # type: ignore[arg-type]
        assert got == [None] * 6
        assert len(pool._connections) <= 2
    pool.disconnect()


async def test_the_asynchronous_client(known: dict[str, Any]) -> None:
    queue = f"queue-{next(_names)}"
    async with redis.asyncio.Redis(**known) as client:
        assert await client.set("text", "x")
        waiting = asyncio.ensure_future(client.blpop(queue, timeout=TIMEOUT))
        await asyncio.sleep(0.02)
        assert not waiting.done()
        await client.rpush(queue, "value")
        assert await waiting == (queue, "value")
        async with client.pubsub(ignore_subscribe_messages=True) as subscriber:
            await subscriber.subscribe("news")
            await subscriber.get_message(timeout=TIMEOUT)
            await client.publish("news", "hello")
            assert (await subscriber.get_message(timeout=TIMEOUT))["data"] == "hello"
        cancelled = asyncio.ensure_future(client.blpop("nothing", timeout=0))
        await asyncio.sleep(0.02)
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        assert await client.get("text") == "x"
        async with client.pipeline() as pipeline:
            assert await pipeline.incr("m").incr("m").execute() == [1, 2]
