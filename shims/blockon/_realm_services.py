"""Services over the realm's bindings (runtime/realm/70-fetch.js, 87-services.js, 88-assets.js)."""

from __future__ import annotations

from typing import Any

from ._api.host import Operation
from ._api.request import Request
from ._api.response import Response
from ._api.services import ServiceError
from ._bridge import JsException, js, to_js
from ._realm_values import bodies, from_realm, raised, to_realm

__all__ = ["RealmService", "response_of"]

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
