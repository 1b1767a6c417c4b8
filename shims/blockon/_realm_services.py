"""Services over the realm's bindings (runtime/realm/70-fetch.js, 87-services.js, 88-assets.js)."""

from __future__ import annotations

import json
from typing import Any

from ._api.host import Operation
from ._api.request import Request
from ._api.response import Response
from ._api.services import ServiceError
from ._bridge import JsException, js, to_js
from ._realm_values import bodies, from_realm, is_null, raised, to_realm

__all__ = ["RealmExports", "RealmService", "response_of"]

# No longer so when the body was read: it comes decoded.
_OF_ENCODED = ("content-encoding", "content-length", "transfer-encoding")


def _asked(promise: Any) -> Operation[Any]:
    try:
        return (yield promise)
    except JsException as error:
        raise ServiceError(*raised(error)) from None


def response_of(answer: Any) -> Operation[Response]:
    """JavaScript's Response, read to its end."""
    body = (yield from _asked(answer.arrayBuffer())).to_bytes()
    response = Response(None, answer.status)
    for name, value in js.Array.from_(answer.headers.entries()).to_py():
        response.headers.raw.append((name.encode("latin-1"), value.encode("latin-1")))
    if "content-encoding" in response.headers:
        for name in _OF_ENCODED:
            del response.headers[name]
    response.body = body
    return response


class RealmService:
    """One binding: a ServicePort."""

    __slots__ = ("_binding", "_name")

    def __init__(self, name: str, binding: Any) -> None:
        self._name = name
        self._binding = binding

    def fetch(self, request: Request, body: bytes) -> Operation[Response]:
        options = js.Object.new()
        options.method = request.method
        options.redirect = "manual"
        options.headers = to_js([list(pair) for pair in request.headers.items()])
        if body:
            options.body = to_js(body)
        answer = yield from _asked(self._binding.fetch(str(request.url), options))
        return (yield from response_of(answer))

    def call(self, method: str, arguments: tuple[Any, ...]) -> Operation[Any]:
        function = getattr(self._binding, method, None)
        if function is None:
            raise ServiceError("TypeError", f"{self._name}.{method}: the binding is no Worker, it has fetch alone")
        for each in arguments:
            yield from bodies(each)
        values = [to_realm(each) for each in arguments]
        return from_realm((yield from _asked(function(*values))))


class RealmExports:
    """``exports`` of a JavaScript context: an ExportsPort."""

    __slots__ = ("_context",)

    def __init__(self, context: Any) -> None:
        self._context = context

    def _found(self) -> Any:
        found = getattr(self._context, "exports", None)
        if is_null(found):
            raise RuntimeError(
                "ctx.exports is there from the compatibility date 2025-11-17 on; this Worker's is an earlier one, or "
                'its flags have "disable_ctx_exports". Raise compatibility_date in the wrangler file, or add '
                '"enable_ctx_exports" to its compatibility_flags'
            )
        return found

    def names(self) -> list[str]:
        return js.Object.keys(self._found()).to_py()

    def port(self, name: str, props: dict[str, Any] | None) -> RealmService:
        found = getattr(self._found(), name)
        if props is not None:
            found = found(js.JSON.parse(json.dumps({"props": props})))
        return RealmService(f"ctx.exports.{name}", found)
