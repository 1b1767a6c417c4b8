"""The functions that a plain endpoint of FastAPI's calls for a request: itself, and what it depends on.

What FastAPI finds out anew for each request by their types and parameters is found out once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from ._fastapi_parameters import Parameter, parameters

__all__ = ["COROUTINE", "GENERATOR", "THREAD", "Function", "functions"]

#: How one is called: awaited, on a thread, or as a context that ends later (``yield``).
COROUTINE, THREAD, GENERATOR = range(3)

# What is given to a function that asks for it by its type, with where a Dependant has the parameter's name.
_GIVEN = (
    ("request", "request_param_name"),
    ("request", "http_connection_param_name"),
    ("background", "background_tasks_param_name"),
    ("response", "response_param_name"),
)


class Function:
    __slots__ = (
        "call", "cookies", "count", "dependant", "given", "headers", "in_call", "is_async", "kind", "parts", "path",
        "query", "scopes", "taken",
    )  # fmt: skip

    def __init__(self, routing: Any, utils: Any, dependant: Any) -> None:
        self.dependant = dependant
        self.call: Callable[..., Any] = dependant.call
        self.is_async = routing._is_async_gen_callable(dependant.call)
        if self.is_async or routing._is_gen_callable(dependant.call):
            self.kind = GENERATOR
            self.call = (contextlib.asynccontextmanager if self.is_async else contextlib.contextmanager)(self.call)
        else:
            self.kind = COROUTINE if routing._is_coroutine_callable(dependant.call) else THREAD
        #: Whether its context ends before the answer is sent.
        self.in_call = dependant.scope == "function"
        #: Of its parameters those that get what another one returned, with the place of that.
        self.parts: list[tuple[str, int]] = []
        self.path: list[Parameter] = []
        self.query: list[Parameter] = []
        self.headers: list[Parameter] = []
        self.cookies: list[Parameter] = []
        #: Those that get something of the request's, with its name in Prepared.
        self.given = [(getattr(dependant, place), name) for name, place in _GIVEN if getattr(dependant, place)]
        #: The parameter that gets SecurityScopes, and what those are.
        self.scopes: tuple[str, list[str]] | None = None
        if dependant.security_scopes_param_name:
            self.scopes = (dependant.security_scopes_param_name, utils._get_oauth_scopes(dependant=dependant))
        self.count = len(dependant.dependencies)
        #: All of its parameters, each with where it is taken from: the number of that among the four lists.
        self.taken: list[tuple[int, Parameter]] = []


def functions(routing: Any, utils: Any, root: Any) -> list[Function] | None:
    """What the endpoint depends on and itself, each behind what it needs; None where one of them is not plain."""
    found: list[Function] = []
    places: dict[Any, int] = {}

    def add(dependant: Any, known: int | None) -> int | None:
        """Its place; ``known``: that of an earlier one with the same result, of which what is not cached is called."""
        is_plain = not dependant.websocket_param_name and dependant.concurrency is None
        if not is_plain or (dependant.body_params and dependant is not root):
            return None
        function = Function(routing, utils, dependant)
        for part in dependant.dependencies:
            key = utils._get_cache_key(dependant=part, uses_scopes_cache={})
            place = add(part, places.get(key) if part.use_cache else None)
            if place is None:
                return None
            places.setdefault(key, place)
            if part.name is not None:
                function.parts.append((part.name, place))
        if known is not None:
            return known
        for kind, fields in (
            ("path", dependant.path_params),
            ("query", dependant.query_params),
            ("headers", dependant.header_params),
            ("cookies", dependant.cookie_params),
        ):
            of_kind = parameters(fields, utils, takes_lists=kind == "query")
            if of_kind is None:
                return None
            setattr(function, kind, of_kind)
        lists = (function.path, function.query, function.headers, function.cookies)
        function.taken = [(kind, each) for kind, of_kind in enumerate(lists) for each in of_kind]
        found.append(function)
        return len(found) - 1

    is_found = add(root, None) is not None
    return found if is_found and found[-1].kind != GENERATOR else None
