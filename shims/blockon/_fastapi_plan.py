"""What a plain endpoint of FastAPI's does for a request: its arguments, what it depends on, its call, its answer.

An endpoint is plain that takes values of the path, the query, headers and cookies, one body of JSON, the request,
BackgroundTasks, and what functions return or yield that are plain as well; and that is no generator itself. All values
are looked at before anything is called, so that what is not as usual can be left to FastAPI from the beginning: a
parameter that is missing or wrong, a body that is no JSON, a value that does not fit the model.
"""

from __future__ import annotations

import sys
from typing import Any

from ._fastapi_contexts import Contexts
from ._fastapi_functions import COROUTINE, GENERATOR, Function, functions
from ._fastapi_json import json_bytes, json_value
from ._fastapi_parameters import MISSING, header_values, json_of, query_values, read_body

__all__ = ["Plan", "Prepared", "plan_of"]

# Of answers that have a body.
_STATUSES = (None, 200, 201, 202)
_DUMPED = ("include", "exclude", "by_alias", "exclude_unset", "exclude_defaults", "exclude_none")


class Prepared:
    """What a request has for a plan: the values of each of its calls, and what they share."""

    __slots__ = ("_background", "_body", "_request", "_response", "_source", "_utils", "values")

    def __init__(self, utils: Any, scope: Any, receive: Any, send: Any) -> None:
        self._utils = utils
        self._source = scope, receive, send
        self._request: Any = None
        self._background: Any = None
        self._response: Any = None
        self._body: Any = MISSING
        self.values: list[dict[str, Any]] = []

    def set_body(self, body: bytes, parsed: Any) -> None:
        self._body = body, parsed

    @property
    def request(self) -> Any:
        if self._request is None:
            request = self._request = self._utils.Request(*self._source)
            if self._body is not MISSING:
                request._body, request._json = self._body
        return self._request

    @property
    def background(self) -> Any:
        if self._background is None:
            self._background = self._utils.BackgroundTasks()
        return self._background

    @property
    def response(self) -> Any:
        """The Response that functions ask for, to set headers and the status of what will be answered."""
        if self._response is None:
            response = self._response = self._utils.Response()
            del response.headers["content-length"]
            response.status_code = None
        return self._response

    @property
    def tasks(self) -> Any:
        """The BackgroundTasks, None where nobody has asked for them."""
        return self._background

    @property
    def head(self) -> Any:
        """The Response that functions asked for, None where nobody has."""
        return self._response


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
    class_ = given["response_class"]
    type_ = class_.value if isinstance(class_, routing.DefaultPlaceholder) else class_
    is_stream = given["stream_item_field"] is not None or given["is_json_stream"]
    if is_stream or routing.lenient_issubclass(type_, routing.EventSourceResponse):
        return None
    body = _body_field(routing, utils, given)
    found = None if body is MISSING else functions(routing, utils, given["dependant"])
    if found is None:
        return None
    plan = Plan(routing, utils, given, found, body, type_)
    return plan if plan.is_consistent else None


class Plan:
    """That of one endpoint."""

    __slots__ = (
        "_body", "_dumped", "_encoder", "_endpoint", "_field", "_functions", "_is_dumped", "_is_json", "_is_solved",
        "_lists", "_overrides", "_routing", "_type", "_uses_cookies", "_uses_headers", "_uses_query", "_utils", "app",
        "dependant", "has_body", "has_contexts", "status",
    )  # fmt: skip

    def __init__(
        self, routing: Any, utils: Any, given: dict[str, Any], functions: list[Function], body: Any, type_: Any
    ) -> None:
        self.dependant = given["dependant"]
        self.status = given["status_code"]
        self._routing = routing
        self._utils = utils
        self._functions = functions
        self._endpoint = functions[-1]
        self._body = body
        #: Whether read_body() is to follow prepare().
        self.has_body = body is not None
        self._field = given["response_field"]
        #: Of what is no Response.
        self._type = type_
        is_default = isinstance(given["response_class"], routing.DefaultPlaceholder)
        self._is_dumped = self._field is not None and is_default
        #: Whether it is JSON without a model.
        self._is_json = self._field is None and type_ is routing.JSONResponse and self.status in _STATUSES
        self._encoder = routing.jsonable_encoder
        self._overrides = given["dependency_overrides_provider"]
        self._uses_query = any(each.query for each in functions)
        #: Names in the query of which all values count.
        self._lists = frozenset(name.alias for each in functions for name in each.query if name.is_list)
        self._uses_headers = any(each.headers for each in functions)
        self._uses_cookies = any(each.cookies for each in functions)
        self._is_solved = len(functions) == 1 and not self._endpoint.given and self._endpoint.scopes is None
        #: Whether some functions yield.
        self.has_contexts = any(each.kind == GENERATOR for each in functions)
        #: The route's application that has this plan.
        self.app: Any = None
        self._dumped = {name: given[f"response_model_{name}"] for name in _DUMPED}

    @property
    def is_consistent(self) -> bool:
        """Whether no name in the query is asked for its last value by one function, for all of them by another."""
        return not any(
            name.alias in self._lists and not name.is_list for each in self._functions for name in each.query
        )

    def prepare(self, scope: dict[str, Any], path_params: dict[str, Any], receive: Any, send: Any) -> Prepared | None:
        """What the functions are called with, but for a body; None where FastAPI is to find out."""
        if len(self._functions) > 1 and self._overrides and self._overrides.dependency_overrides:
            return None
        if self.has_body and not json_of(scope["headers"]):
            return None
        prepared = Prepared(self._utils, scope, receive, send)
        try:
            return prepared if self._take(prepared, scope, path_params) else None
        except Exception:  # noqa: BLE001 - FastAPI comes to it again, and tells it
            return None

    async def read_body(self, prepared: Prepared, receive: Any) -> tuple[Prepared | None, Any]:
        """The same with the body, None where FastAPI is to find out, and what it receives by then."""
        body, again = await read_body(receive)
        if not body:
            return None, again
        try:
            parsed = json_value(body)
            # It may be changed by what it is validated with.
            value = self._body._type_adapter.validator.validate_python(parsed, from_attributes=True)
        except Exception:  # noqa: BLE001 - as above
            return None, again
        prepared.values[-1][self._body.name] = value
        prepared.set_body(body, parsed)
        return prepared, receive

    def _take(self, prepared: Prepared, scope: dict[str, Any], path_params: dict[str, Any]) -> bool:
        """The values of all parameters but the body; whether there are all."""
        query = query_values(scope["query_string"], self._lists) if self._uses_query else {}
        headers = header_values(scope["headers"]) if self._uses_headers else {}
        cookies = prepared.request.cookies if self._uses_cookies else {}
        given = (path_params, query, headers, cookies)
        for function in self._functions:
            if len(function.dependant.dependencies) != function.count:  # of somebody who has come later
                return False
            values: dict[str, Any] = {}
            for kind, each in function.taken:
                value = given[kind].get(each.alias, MISSING)
                if value is not MISSING:
                    values[each.name] = each.validator.validate_python(value, from_attributes=True)
                elif each.default is MISSING:
                    return False
                else:
                    values[each.name] = each.default.copy() if type(each.default) is list else each.default
            prepared.values.append(values)
        return True

    async def answer(self, scope: dict[str, Any], prepared: Prepared, contexts: Contexts | None) -> Any:
        """A Response, or bytes of JSON. Raises what the endpoint does, or FastAPI for what it returned."""
        if not self._is_solved:
            await self._solve(prepared, contexts)
        routing, call, values = self._routing, self._endpoint.call, prepared.values[-1]
        if self._endpoint.kind == COROUTINE:
            raw = await call(**values)
            valid = raw if self._field is None or isinstance(raw, routing.Response) else self._valid(raw)
        else:
            raw, valid = await routing.run_in_threadpool(self._call_and_validate, call, values)
        if isinstance(raw, routing.Response):
            if raw.background is None:
                raw.background = prepared.tasks
            return raw
        if valid is MISSING:
            context = routing._extract_endpoint_context(call)
            if self.dependant.path:
                context["path"] = f"{scope['method']} {scope.get('root_path', '').rstrip('/')}{self.dependant.path}"
            await routing.serialize_response(field=self._field, response_content=raw, endpoint_ctx=context)  # raises
            raise RuntimeError(f"what {call!r} returned does not fit its model, and then did")
        if not self._is_dumped:
            if self._is_json and prepared.head is None and self._routing.jsonable_encoder is self._encoder:
                written = json_bytes(raw)
                if written is not None:
                    return written
            return self._response(prepared, self._serialized(valid))
        dumped = self._field._type_adapter.dump_json(valid, **self._dumped)
        return dumped if prepared.head is None and self.status in _STATUSES else self._response(prepared, dumped)

    def _serialized(self, valid: Any) -> Any:
        if self._field is None:
            return self._routing.jsonable_encoder(valid)
        return self._field._type_adapter.dump_python(valid, mode="json", **self._dumped)

    def _response(self, prepared: Prepared, content: Any) -> Any:
        """The content as an object, which has what functions have set of its head."""
        routing, head = self._routing, prepared.head
        status = (head is not None and head.status_code) or self.status
        settings = {"background": prepared.tasks, **({"status_code": status} if status else {})}
        if self._is_dumped:
            response = routing.Response(content=content, media_type="application/json", **settings)
        else:
            response = self._type(content, **settings)
        if not routing.is_body_allowed_for_status_code(response.status_code):
            response.body = b""
        if head is not None:
            response.headers.raw.extend(head.headers.raw)
        return response

    async def _solve(self, prepared: Prepared, contexts: Contexts | None) -> None:
        """Call what the endpoint depends on, and complete its arguments."""
        results: list[Any] = []
        for function, values in zip(self._functions, prepared.values, strict=True):
            for name, place in function.parts:
                values[name] = results[place]
            for name, what in function.given:
                values[name] = getattr(prepared, what)
            if function.scopes is not None:
                name, scopes = function.scopes
                values[name] = self._utils.SecurityScopes(scopes=scopes.copy())
            if function is self._endpoint:
                return
            if function.kind == COROUTINE:
                results.append(await function.call(**values))
            elif function.kind == GENERATOR:
                assert contexts is not None, "has_contexts says that there are some"
                results.append(await contexts.enter(self._utils, function, values, prepared))
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
