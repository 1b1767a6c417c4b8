"""KV namespaces: ``env.CACHE``."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any, Literal, TypeAlias, overload

from . import kv_types
from .host import Operation, finish, settle
from .kv_types import KVEntry, KVKey, KVPage, KVStore, ValueType

__all__ = ["AsyncKVNamespace", "KVNamespace"]

_Time: TypeAlias = int | datetime.datetime | None
_Duration: TypeAlias = int | datetime.timedelta | None


class KVNamespace:
    """A KV namespace. Its methods block; ``namespace.aio`` has the same ones for ``await``.

    What is put is on the disk when the call returns, and every Worker gets it from then on. All methods raise KVError
    where KV refuses, TypeError for keys and values of other types.
    """

    __slots__ = ("_store", "aio")

    aio: AsyncKVNamespace
    """The same methods for ``await``: several may be under way at the same time."""

    def __init__(self, store: KVStore) -> None:
        """``store`` is the host's."""
        self._store = store
        self.aio = AsyncKVNamespace(store)

    @overload
    def get(self, key: str, type: Literal["text"] = "text") -> str | None: ...
    @overload
    def get(self, key: str, type: Literal["bytes"]) -> bytes | None: ...
    @overload
    def get(self, key: str, type: Literal["json"]) -> Any: ...

    def get(self, key: str, type: ValueType = "text") -> Any:
        """The value of a key, None if it is not there: ``str``, ``bytes``, or what JSON it is.

        Raises ValueError where the value is no text (UnicodeDecodeError), or no JSON.
        """
        return finish(_get(self._store, key, type))

    def get_with_metadata(self, key: str, type: ValueType = "text") -> KVEntry:
        """The value and its metadata, both None if the key is not there. Raises as ``get``."""
        return finish(_get_with_metadata(self._store, key, type))

    def get_many(self, keys: Iterable[str], type: Literal["text", "json"] = "text") -> dict[str, Any]:
        """The values of up to 100 keys, None for those that are not there. Raises as ``get``."""
        return finish(_get_many(self._store, keys, type))

    def put(
        self,
        key: str,
        value: str | bytes,
        *,
        expiration: _Time = None,
        expiration_ttl: _Duration = None,
        metadata: Any = None,
    ) -> None:
        """Keep a value, up to 25 MiB, under a key of up to 512 bytes.

        ``expiration`` is when it ends, in seconds since 1970 or as a datetime with a time zone; ``expiration_ttl`` in
        how many seconds it does, which comes first; at least 60 ahead. ``metadata`` is up to 1,024 bytes of JSON.
        """
        finish(_put(self._store, key, value, expiration, expiration_ttl, metadata))

    def delete(self, key: str) -> None:
        """Forget a key; it need not be there."""
        finish(self._store.delete(kv_types.key_of(key)))

    def list(self, prefix: str = "", *, limit: int | None = None, cursor: str | None = None) -> KVPage:
        """A page of the keys that begin with ``prefix``: up to ``limit``, 1,000 if not given.

        ``cursor`` is that of the page before.
        """
        return finish(self._store.page(prefix, limit, cursor))

    def keys(self, prefix: str = "") -> Iterator[KVKey]:
        """All keys that begin with ``prefix``, page by page."""
        cursor = None
        while True:
            page = self.list(prefix, cursor=cursor)
            yield from page.keys
            cursor = page.cursor
            if cursor is None:
                return


class AsyncKVNamespace:
    """``namespace.aio``: the methods of KVNamespace for ``await``."""

    __slots__ = ("_store",)

    def __init__(self, store: KVStore) -> None:
        """``store`` is the host's."""
        self._store = store

    @overload
    async def get(self, key: str, type: Literal["text"] = "text") -> str | None: ...
    @overload
    async def get(self, key: str, type: Literal["bytes"]) -> bytes | None: ...
    @overload
    async def get(self, key: str, type: Literal["json"]) -> Any: ...

    async def get(self, key: str, type: ValueType = "text") -> Any:
        """As ``KVNamespace.get``."""
        return await settle(_get(self._store, key, type))

    async def get_with_metadata(self, key: str, type: ValueType = "text") -> KVEntry:
        """As ``KVNamespace.get_with_metadata``."""
        return await settle(_get_with_metadata(self._store, key, type))

    async def get_many(self, keys: Iterable[str], type: Literal["text", "json"] = "text") -> dict[str, Any]:
        """As ``KVNamespace.get_many``."""
        return await settle(_get_many(self._store, keys, type))

    async def put(
        self,
        key: str,
        value: str | bytes,
        *,
        expiration: _Time = None,
        expiration_ttl: _Duration = None,
        metadata: Any = None,
    ) -> None:
        """As ``KVNamespace.put``."""
        await settle(_put(self._store, key, value, expiration, expiration_ttl, metadata))

    async def delete(self, key: str) -> None:
        """As ``KVNamespace.delete``."""
        await settle(self._store.delete(kv_types.key_of(key)))

    async def list(self, prefix: str = "", *, limit: int | None = None, cursor: str | None = None) -> KVPage:
        """As ``KVNamespace.list``."""
        return await settle(self._store.page(prefix, limit, cursor))

    async def keys(self, prefix: str = "") -> AsyncIterator[KVKey]:
        """As ``KVNamespace.keys``, for ``async for``."""
        cursor = None
        while True:
            page = await self.list(prefix, cursor=cursor)
            for key in page.keys:
                yield key
            cursor = page.cursor
            if cursor is None:
                return


def _get(store: KVStore, key: str, kind: str) -> Operation[Any]:
    name = kv_types.key_of(key)
    if kv_types.type_of(kind) == "bytes":
        return (yield from store.get_bytes(name))
    return kv_types.value_of(name, (yield from store.get_text(name)), kind)


def _get_with_metadata(store: KVStore, key: str, kind: str) -> Operation[KVEntry]:
    name = kv_types.key_of(key)
    wanted = kv_types.type_of(kind)
    value, metadata = yield from store.get_with_metadata(name)
    return KVEntry(kv_types.value_of(name, value, wanted), metadata)


def _get_many(store: KVStore, keys: Iterable[str], kind: str) -> Operation[dict[str, Any]]:
    if isinstance(keys, str):
        raise TypeError("KV: get_many takes several keys: a list of str")
    names = [kv_types.key_of(each) for each in keys]
    wanted = kv_types.type_of(kind, among=("text", "json"))
    found = yield from store.get_many(names)
    return {name: kv_types.value_of(name, value, wanted) for name, value in found.items()}


def _put(
    store: KVStore, key: str, value: Any, expiration: _Time, expiration_ttl: _Duration, metadata: Any
) -> Operation[None]:
    yield from store.put(
        kv_types.key_of(key),
        kv_types.to_put(value),
        kv_types.seconds_of("expiration", expiration),
        kv_types.seconds_of("expiration_ttl", expiration_ttl),
        kv_types.metadata_of(metadata),
    )
