"""urllib3's pools of connections, of which requests makes one for each ``requests.get``: found, filled and emptied in
one go.

As in ``_urllib3``: what is not known by its code is left alone, and a class that is derived from one of these is as it
was where it has its own way.
"""

from __future__ import annotations

import functools
import queue
import weakref
from operator import attrgetter
from queue import LifoQueue
from types import NoneType
from typing import Any

from ._known_code import are_known

__all__ = ["change_connectionpool", "change_poolmanager"]

# By CPython 3.14's compiler, of urllib3 2.0 to 2.8.
_MANAGER = {
    "connection_from_host": frozenset({0x53B4D6E2, 0xAB9A7442}),
    "_merge_pool_kwargs": frozenset({0x7698DFCC}),
    "connection_from_context": frozenset({0x2F1B1039, 0x1361DABD}),
    "connection_from_pool_key": frozenset({0xBC1CBF13}),
}
_KEYS = {"_default_key_normalizer": frozenset({0xFC831C4C})}
_POOL = {"__init__": frozenset({0x4AB58A8A, 0x53073950})}
_CLOSE = {"_close_pool_connections": frozenset({0x9B94236D})}
_NEW_QUEUE = {"_new_pool_queue": frozenset({0x64147857})}  # from 2.8 on

_MOST_KEYS = 64  # that are remembered, of a manager and of all
# What a key of plain values is for one manager, it is for all.
_PLAIN = frozenset({str, bytes, int, bool, float, NoneType})


_of_queue = attrgetter("__init__", "put", "get", "_init", "_put", "_get", "_qsize")
_usual = _of_queue(LifoQueue)


def _are_queues_usual() -> bool:
    return queue.LifoQueue is LifoQueue and _of_queue(LifoQueue) == _usual


def change_poolmanager(module: Any) -> None:
    """``PoolManager.connection_from_host``: the key of a pool is made once for the same question."""
    class_: Any = module.PoolManager
    if not (are_known(class_, _MANAGER) and are_known(module, _KEYS)):
        return
    original = class_.connection_from_host
    known = (class_._merge_pool_kwargs, class_.connection_from_context, class_.connection_from_pool_key)
    usual_key = module._default_key_normalizer
    shared: dict[Any, tuple[Any, Any]] = {}
    keys_of: weakref.WeakKeyDictionary[Any, dict[Any, tuple[Any, Any]]] = weakref.WeakKeyDictionary()

    def keys_for(manager: Any, pool_kwargs: Any) -> dict[Any, tuple[Any, Any]]:
        if _PLAIN.issuperset(map(type, manager.connection_pool_kw.values())) and (
            not pool_kwargs or _PLAIN.issuperset(map(type, pool_kwargs.values()))
        ):
            return shared
        return keys_of.setdefault(manager, {})

    @functools.wraps(original)
    def connection_from_host(
        self: Any, host: Any, port: Any = None, scheme: Any = "http", pool_kwargs: Any = None
    ) -> Any:
        type_ = type(self)
        is_plain = (
            host
            and type(host) is str
            and port
            and type(port) is int
            and type(scheme) is str
            and (type_._merge_pool_kwargs, type_.connection_from_context, type_.connection_from_pool_key) == known
        )
        make = self.key_fn_by_scheme.get(scheme) if is_plain else None
        # Somebody may have their own keys, and have them depend on whatever they like.
        if type(make) is not functools.partial or make.func is not usual_key:
            return original(self, host, port, scheme, pool_kwargs)
        asked = host, port, scheme, *self.connection_pool_kw.items(), None, *(pool_kwargs or {}).items()
        keys = keys_for(self, pool_kwargs)
        try:
            found = keys.get(asked)
        except TypeError:  # a value that has no hash, since it may change
            return original(self, host, port, scheme, pool_kwargs)
        if found is not None and found[0] is make:
            key = found[1]
            with self.pools.lock:
                pool = self.pools.get(key)
            if pool:
                return pool
        context = self._merge_pool_kwargs(pool_kwargs)
        if "strict" in context:
            return original(self, host, port, scheme, pool_kwargs)
        context |= {"scheme": scheme, "port": port, "host": host}
        if found is None or found[0] is not make:
            key = make(context)
            if len(keys) >= _MOST_KEYS:
                keys.clear()
            keys[asked] = make, key
        return self.connection_from_pool_key(key, request_context=context)

    class_.connection_from_host = connection_from_host


def _full(maxsize: int) -> Any:
    """Return a queue with as many None as it takes, in which the None that it is to be filled with are not put."""
    made: Any = LifoQueue(maxsize)
    if type(maxsize) is int and maxsize > 0:
        made.queue += [None] * maxsize
        made.unfinished_tasks = maxsize
        made.put = ().count
    return made


def change_connectionpool(module: Any) -> None:
    """``HTTPConnectionPool``: filled with as many None as it takes, and emptied, without a lock for each of them."""
    class_: Any = module.HTTPConnectionPool
    base: Any = module.ConnectionPool
    new_queue = getattr(base, "_new_pool_queue", None)
    if not (are_known(class_, _POOL) and are_known(module, _CLOSE)):
        return
    if new_queue is not None and not are_known(base, _NEW_QUEUE):
        return
    _change_filling(class_, new_queue)
    _change_closing(module)


def _change_filling(class_: Any, new_queue: Any) -> None:
    original = class_.__init__
    usual = class_.QueueCls

    @functools.wraps(original)
    def __init__(self: Any, *args: Any, **keywords: Any) -> None:  # noqa: N807 - it is one
        type_ = type(self)
        if (
            self.QueueCls is not usual
            or getattr(type_, "_new_pool_queue", None) is not new_queue
            or not _are_queues_usual()
        ):
            original(self, *args, **keywords)
            return
        self.QueueCls = _full
        try:
            original(self, *args, **keywords)
        finally:
            del self.QueueCls
            made = vars(self).get("pool")
            if type(made) is LifoQueue:
                vars(made).pop("put", None)

    class_.__init__ = __init__


def _change_closing(module: Any) -> None:
    original = module._close_pool_connections

    @functools.wraps(original)
    def close_pool_connections(pool: Any) -> None:
        type_ = type(pool)
        if type_ is not LifoQueue or "get" in vars(pool) or not _are_queues_usual():
            original(pool)
            return
        with pool.mutex:
            # Who waits for room is told of each that is taken.
            is_plain = not (pool.is_shutdown or pool.not_full._waiters)
            left = pool.queue[:] if is_plain else []
            if is_plain:
                pool.queue.clear()
        try:
            while left:
                connection = left.pop()
                if connection:
                    connection.close()
        finally:
            pool.queue[:0] = left
        if pool.queue or not is_plain:
            original(pool)

    module._close_pool_connections = close_pool_connections
