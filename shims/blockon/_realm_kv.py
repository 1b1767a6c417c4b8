"""KV over the realm's namespaces (runtime/realm/85-kv.js)."""

from __future__ import annotations

import json
from typing import Any

from ._api import kv_types
from ._api.host import Operation
from ._api.kv_types import KVError, KVKey, KVPage
from ._bridge import JsException, js, to_js
from ._realm_values import is_null, raised

__all__ = ["RealmKVStore"]

_REPLACED = "\ufffd"


def _asked(promise: Any) -> Operation[Any]:
    try:
        return (yield promise)
    except JsException as error:
        raise KVError(raised(error)[1]) from None


class RealmKVStore:
    """One namespace: a KVStore."""

    __slots__ = ("_namespace",)

    def __init__(self, namespace: Any) -> None:
        self._namespace = namespace

    def get_text(self, key: str) -> Operation[str | None]:
        text = yield from _asked(self._namespace.get(key))
        if is_null(text):
            return None
        # Of bytes that are no text it comes so, too.
        if _REPLACED in text:
            value = yield from self.get_bytes(key)
            return None if value is None else kv_types.decoded(key, value)
        return text

    def get_bytes(self, key: str) -> Operation[bytes | None]:
        value = yield from _asked(self._namespace.get(key, "arrayBuffer"))
        return None if is_null(value) else value.to_bytes()

    def get_with_metadata(self, key: str) -> Operation[tuple[bytes | None, Any]]:
        found = yield from _asked(self._namespace.getWithMetadata(key, "arrayBuffer"))
        value = found.value
        if is_null(value):
            return None, None
        return value.to_bytes(), json.loads(js.JSON.stringify(found.metadata))

    def get_many(self, keys: list[str]) -> Operation[dict[str, str | None]]:
        found = (yield from _asked(self._namespace.get(to_js(keys)))).to_py()
        values: dict[str, str | None] = {}
        for key in keys:
            value = None if is_null(found[key]) else found[key]
            if value is not None and _REPLACED in value:
                value = yield from self.get_text(key)
            values[key] = value
        return values

    def put(
        self, key: str, value: str | bytes, expiration: int | None, expiration_ttl: int | None, metadata: str | None
    ) -> Operation[None]:
        options = {"expiration": expiration, "expirationTtl": expiration_ttl}
        given = [f'"{name}":{number}' for name, number in options.items() if number is not None]
        if metadata is not None:
            given.append(f'"metadata":{metadata}')
        content = value if isinstance(value, str) else to_js(value)
        if given:
            yield from _asked(self._namespace.put(key, content, js.JSON.parse("{" + ",".join(given) + "}")))
        else:
            yield from _asked(self._namespace.put(key, content))

    def delete(self, key: str) -> Operation[None]:
        yield from _asked(self._namespace.delete(key))

    def page(self, prefix: str, limit: int | None, cursor: str | None) -> Operation[KVPage]:
        options = json.dumps({"prefix": prefix, "limit": limit, "cursor": cursor})
        page = json.loads(js.JSON.stringify((yield from _asked(self._namespace.list(js.JSON.parse(options))))))
        keys = [
            KVKey(key["name"], kv_types.time_of(key.get("expiration")), key.get("metadata")) for key in page["keys"]
        ]
        return KVPage(keys, page.get("cursor"))
