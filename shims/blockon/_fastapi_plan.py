"""What a plain endpoint of FastAPI's does for a request: its arguments, what it depends on, its call, its answer.

An endpoint is plain that takes single values of the path, the query, headers and cookies, one body of JSON, the
request, and what functions return that are plain as well; and that answers with JSON or a Response. What FastAPI finds
out anew for each request by the types of the parameters is found out once. All values are looked at before anything is
called, so that what is not as usual can be left to FastAPI from the beginning: a parameter that is missing or wrong, a
body that is no JSON, a value that does not fit the model.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from ._fastapi_parameters import MISSING, Parameter, header_values, json_of, parameters, query_values, read_body

__all__ = ["Plan", "Prepared", "plan_of"]

# Of answers that have a body.
_STATUSES = (None, 200, 201, 202)
# What a function may ask for that is no parameter, and is not plain.
_ASKED = (
    "background_tasks_param_name", "response_param_name", "security_scopes_param_name", "websocket_param_name",
)  # fmt: skip
_DUMPED = ("include", "exclude", "by_alias", "exclude_unset", "exclude_defaults", "exclude_none")


class Prepared:
    """What a request has for a plan: the values of each of its calls, and the Request that they share."""

    __slots__ = ("_body", "_request", "_routing", "_source", "values")

    def __init__(self, routing: Any, scope: Any, receive: Any, send: Any) -> None:
        self._routing = routing
        self._source = scope, receive, send
        self._request: Any = None
        self._body: Any = MISSING
        self.values: list[dict[str, Any]] = []

    def set_body(self, body: bytes, parsed: Any) -> None:
        self._body = body, parsed

    @property
    def request(self) -> Any:
        if self._request is None:
            request = self._request = self._routing.Request(*self._source)
            if self._body is not MISSING:
                request._body, request._json = self._body
        return self._request


class _Function:
    """One that a request calls: the endpoint, or what it depends on."""

    __slots__ = (
        "call", "cookies", "count", "dependant", "headers", "is_coroutine", "parts", "path", "query", "requests",
    )  # fmt: skip

    def __init__(self, routing: Any, dependant: Any) -> None:
        self.dependant = dependant
        self.call: Callable[..., Any] = dependant.call
        self.is_coroutine = routing._is_coroutine_callable(dependant.call)
        #: Of its parameters those that get what another one returned, with the place of that.
        self.parts: list[tuple[str, int]] = []
        self.path: list[Parameter] = []
        self.query: list[Parameter] = []
        self.headers: list[Parameter] = []
        self.cookies: list[Parameter] = []
        named = (dependant.request_param_name, dependant.http_connection_param_name)
        self.requests = tuple(name for name in named if name)
        self.count = len(dependant.dependencies)


def _is_plain(routing: Any, dependant: Any) -> bool:
    return not (
        any(getattr(dependant, name) for name in _ASKED)
        or dependant.own_oauth_scopes
        or dependant.parent_oauth_scopes
        or dependant.concurrency is not None
        or not dependant.use_cache
        or routing._is_gen_callable(dependant.call)
        or routing._is_async_gen_callable(dependant.call)
    )


def _functions(routing: Any, utils: Any, root: Any) -> list[_Function] | None:
    """What the endpoint depends on and itself, each behind what it needs; None where one of them is not plain."""
    found: list[_Function] = []
    places: dict[Any, int] = {}

    def add(dependant: Any) -> int | None:
        if not _is_plain(routing, dependant) or (dependant.body_params and dependant is not root):
            return None
        function = _Function(routing, dependant)
        for part in dependant.dependencies:
            key = utils._get_cache_key(dependant=part, uses_scopes_cache={})
            place = places[key] if key in places else add(part)
            if place is None:
                return None
            places[key] = place
            if part.name is not None:
                function.parts.append((part.name, place))
        for kind, fields in (
            ("path", dependant.path_params),
            ("query", dependant.query_params),
            ("headers", dependant.header_params),
            ("cookies", dependant.cookie_params),
        ):
            of_kind = parameters(fields, utils)
            if of_kind is None:
                return None
            setattr(function, kind, of_kind)
        found.append(function)
        return len(found) - 1

    return None if add(root) is None else found


def _body_field(routing: Any, utils: Any, given: dict[str, Any]) -> Any:
    """None for an endpoint without a body, MISSING where that is not one of JSON alone."""
    fields = given["dependant"].body_params
    if given["body_field"] is None and not fields:
        return None
    if (
        given["body_field"] is None
        or len(fields) != 1
        or isinstance(given["body_field"].field_info, routing.params.Form)
        or given["embed_body_fields"]
        or utils._should_embed_body_fields(fields)
        or utils._get_form_models(fields[0])
    ):
        return MISSING
    return fields[0]


def plan_of(routing: Any, utils: Any, given: dict[str, Any]) -> Plan | None:
    """The plan for what get_request_handler() was given; None where that is not plain."""
    if (
        given["stream_item_field"] is not None
        or given["is_json_stream"]
        or given["status_code"] not in _STATUSES
        or not isinstance(given["response_class"], routing.DefaultPlaceholder)
        or given["response_class"].value is not routing.JSONResponse
    ):
        return None
    body = _body_field(routing, utils, given)
    functions = None if body is MISSING else _functions(routing, utils, given["dependant"])
    return None if functions is None else Plan(routing, given, functions, body)


class Plan:
    """That of one endpoint."""

    __slots__ = (
        "_body", "_dumped", "_endpoint", "_field", "_functions", "_overrides", "_routing", "_uses_cookies",
        "_uses_headers", "_uses_query", "app", "dependant", "status",
    )  # fmt: skip

    def __init__(self, routing: Any, given: dict[str, Any], functions: list[_Function], body: Any) -> None:
        self.dependant = given["dependant"]
        self.status = given["status_code"]
        self._routing = routing
        self._functions = functions
        self._endpoint = functions[-1]
        self._body = body
        self._field = given["response_field"]
        self._overrides = given["dependency_overrides_provider"]
        self._uses_query = any(each.query for each in functions)
        self._uses_headers = any(each.headers for each in functions)
        self._uses_cookies = any(each.cookies for each in functions)
        #: The route's application that has this plan.
        self.app: Any = None
        self._dumped = {name: given[f"response_model_{name}"] for name in _DUMPED}

    async def prepare(
        self, scope: dict[str, Any], path_params: dict[str, Any], receive: Any, send: Any
    ) -> tuple[Prepared | None, Any]:
        """What the functions are called with, None where FastAPI is to find out, and what it receives by then."""
        if len(self._functions) > 1 and self._overrides and self._overrides.dependency_overrides:
            return None, receive
        prepared = Prepared(self._routing, scope, receive, send)
        try:
            if not self._take(prepared, scope, path_params):
                return None, receive
        except Exception:  # noqa: BLE001 - FastAPI comes to it again, and tells it
            return None, receive
        if self._body is None:
            return prepared, receive
        if not json_of(scope["headers"]):
            return None, receive
        body, again = await read_body(receive)
        if not body:
            return None, again
        try:
            parsed = json.loads(body)
            # It may be changed by what it is validated with.
            value = self._body._type_adapter.validator.validate_python(parsed, from_attributes=True)
        except Exception:  # noqa: BLE001 - as above
            return None, again
        prepared.values[-1][self._body.name] = value
        prepared.set_body(body, parsed)
        return prepared, receive

    def _take(self, prepared: Prepared, scope: dict[str, Any], path_params: dict[str, Any]) -> bool:
        """The values of all parameters but the body; whether there are all."""
        query = query_values(scope["query_string"]) if self._uses_query else {}
        headers = header_values(scope["headers"]) if self._uses_headers else {}
        cookies = prepared.request.cookies if self._uses_cookies else {}
        for function in self._functions:
            if len(function.dependant.dependencies) != function.count:  # of somebody who has come later
                return False
            values: dict[str, Any] = {}
            for kind, given in (
                (function.path, path_params),
                (function.query, query),
                (function.headers, headers),
                (function.cookies, cookies),
            ):
                for each in kind:
                    if not each.take(given, values):
                        return False
            prepared.values.append(values)
        return True

    async def answer(self, scope: dict[str, Any], prepared: Prepared) -> Any:
        """A Response, or bytes of JSON. Raises what the endpoint does, or FastAPI for what it returned."""
        values = prepared.values
        if len(values) > 1 or self._endpoint.requests:
            await self._solve(prepared)
        routing, call, field = self._routing, self._endpoint.call, self._field
        if self._endpoint.is_coroutine:
            raw = await call(**values[-1])
            if isinstance(raw, routing.Response):
                return raw
            valid = raw if field is None else self._valid(raw)
        else:
            raw, valid = await routing.run_in_threadpool(self._call_and_validate, call, values[-1])
            if isinstance(raw, routing.Response):
                return raw
        if field is None:
            status = {} if self.status is None else {"status_code": self.status}
            return routing.JSONResponse(routing.jsonable_encoder(raw), **status)
        if valid is MISSING:
            context = routing._extract_endpoint_context(call)
            if self.dependant.path:
                context["path"] = f"{scope['method']} {scope.get('root_path', '').rstrip('/')}{self.dependant.path}"
            await routing.serialize_response(field=field, response_content=raw, endpoint_ctx=context)  # which raises
            raise RuntimeError(f"what {call!r} returned does not fit its model, and then did")
        return field._type_adapter.dump_json(valid, **self._dumped)

    async def _solve(self, prepared: Prepared) -> None:
        """Call what the endpoint depends on, and complete its arguments."""
        results: list[Any] = []
        for function, values in zip(self._functions, prepared.values, strict=True):
            for name, place in function.parts:
                values[name] = results[place]
            for name in function.requests:
                values[name] = prepared.request
            if function is self._endpoint:
                return
            if function.is_coroutine:
                results.append(await function.call(**values))
            else:
                results.append(await self._routing.run_in_threadpool(function.call, **values))

    def _call_and_validate(self, call: Any, values: dict[str, Any]) -> tuple[Any, Any]:
        raw = call(**values)
        is_done = self._field is None or isinstance(raw, self._routing.Response)
        return raw, raw if is_done else self._valid(raw)

    def _valid(self, raw: Any) -> Any:
        """MISSING for what does not fit the model."""
        try:
            return self._field._type_adapter.validator.validate_python(raw, from_attributes=True)
        except sys.modules["pydantic"].ValidationError:
            return MISSING
