"""What a plain endpoint of FastAPI's does for a request: its arguments by the path and the query, its call, its answer.

An endpoint is plain that depends on nothing, takes neither the request nor a body, headers or cookies, and answers with
JSON or a Response. What FastAPI finds out anew for each request by the types of the parameters is found out once. What
is not as usual is left to FastAPI: a parameter that is missing or wrong, a value that does not fit the model.
"""

from __future__ import annotations

import sys
from typing import Any
from urllib.parse import parse_qsl

__all__ = ["Plan", "plan_of"]

_MISSING: Any = object()

# A default of these is given as it is; FastAPI copies others.
_IMMUTABLE = (str, int, float, bool, bytes, type(None))
# Of answers that have a body.
_STATUSES = (None, 200, 201, 202)
# What an endpoint may ask for that is no parameter.
_ASKED = (
    "background_tasks_param_name", "http_connection_param_name", "request_param_name", "response_param_name",
    "security_scopes_param_name", "websocket_param_name",
)  # fmt: skip
_DUMPED = ("include", "exclude", "by_alias", "exclude_unset", "exclude_defaults", "exclude_none")


class _Parameter:
    __slots__ = ("adapter", "alias", "default", "name")

    def __init__(self, adapter: Any, alias: str, name: str, default: Any) -> None:
        self.adapter = adapter
        self.alias = alias
        self.name = name
        #: _MISSING for one that is required, or whose default FastAPI is to make.
        self.default = default


def _parameters(fields: Any, utils: Any) -> list[_Parameter] | None:
    """None where one of them is not plain."""
    found = []
    for field in fields:
        info = field.field_info
        aliases = utils._get_param_aliases(field)
        if (
            not isinstance(info, utils.params.Param)
            or utils._get_param_model(field) is not None
            or len(aliases) != 1
            or utils._is_json_field(field)
            or utils.field_annotation_is_sequence(info.annotation)
        ):
            return None
        is_simple = not info.is_required() and info.default_factory is None and not info.validate_default
        default = info.default if is_simple and type(info.default) in _IMMUTABLE else _MISSING
        found.append(_Parameter(field._type_adapter, aliases[0][1], field.name, default))
    return found


def _query(text: bytes) -> dict[str, str]:
    """The last value of each name, as QueryParams has them."""
    decoded = text.decode("latin-1")
    if "%" in decoded or "+" in decoded:
        return dict(parse_qsl(decoded, keep_blank_values=True))
    found = {}
    for pair in decoded.split("&"):
        if pair:
            name, _, value = pair.partition("=")
            found[name] = value
    return found


def plan_of(routing: Any, utils: Any, given: dict[str, Any]) -> Plan | None:
    """The plan for what get_request_handler() was given; None where that is not plain."""
    dependant = given["dependant"]
    if (
        dependant.dependencies
        or dependant.header_params
        or dependant.cookie_params
        or dependant.body_params
        or given["body_field"] is not None
        or given["stream_item_field"] is not None
        or given["is_json_stream"]
        or given["status_code"] not in _STATUSES
        or any(getattr(dependant, name) for name in _ASKED)
        or not isinstance(given["response_class"], routing.DefaultPlaceholder)
        or given["response_class"].value is not routing.JSONResponse
        or routing._is_gen_callable(dependant.call)
        or routing._is_async_gen_callable(dependant.call)
    ):
        return None
    path, query = _parameters(dependant.path_params, utils), _parameters(dependant.query_params, utils)
    if path is None or query is None:
        return None
    return Plan(routing, given, path, query)


class Plan:
    """That of one endpoint."""

    __slots__ = ("_dumped", "_field", "_is_coroutine", "_path", "_query", "_routing", "app", "dependant", "status")

    def __init__(self, routing: Any, given: dict[str, Any], path: list[_Parameter], query: list[_Parameter]) -> None:
        self.dependant = given["dependant"]
        self.status = given["status_code"]
        self._routing = routing
        self._path, self._query = path, query
        self._is_coroutine = routing._is_coroutine_callable(self.dependant.call)
        self._field = given["response_field"]
        #: The route's application that has this plan.
        self.app: Any = None
        self._dumped = {name: given[f"response_model_{name}"] for name in _DUMPED}

    def arguments(self, scope: dict[str, Any], path_params: dict[str, Any]) -> dict[str, Any] | None:
        """What the endpoint is called with; None where FastAPI is to find out."""
        if self.dependant.dependencies:  # of somebody who has come later
            return None
        values: dict[str, Any] = {}
        try:
            for each in self._path:
                values[each.name] = each.adapter.validator.validate_python(
                    path_params[each.alias], from_attributes=True
                )
            if self._query:
                given = _query(scope["query_string"])
                for each in self._query:
                    value = given.get(each.alias, _MISSING)
                    if value is not _MISSING:
                        value = each.adapter.validator.validate_python(value, from_attributes=True)
                    elif each.default is _MISSING:
                        return None
                    else:
                        value = each.default
                    values[each.name] = value
        except Exception:  # noqa: BLE001 - FastAPI comes to it again, and tells it
            return None
        return values

    async def answer(self, scope: dict[str, Any], values: dict[str, Any]) -> Any:
        """A Response, or bytes of JSON. Raises what the endpoint does, or FastAPI for what it returned."""
        routing, call, field = self._routing, self.dependant.call, self._field
        if self._is_coroutine:
            raw = await call(**values)
            if isinstance(raw, routing.Response):
                return raw
            valid = raw if field is None else self._valid(raw)
        else:
            raw, valid = await routing.run_in_threadpool(self._call_and_validate, call, values)
            if isinstance(raw, routing.Response):
                return raw
        if field is None:
            status = {} if self.status is None else {"status_code": self.status}
            return routing.JSONResponse(routing.jsonable_encoder(raw), **status)
        if valid is _MISSING:
            context = routing._extract_endpoint_context(call)
            if self.dependant.path:
                context["path"] = f"{scope['method']} {scope.get('root_path', '').rstrip('/')}{self.dependant.path}"
            await routing.serialize_response(field=field, response_content=raw, endpoint_ctx=context)  # which raises
            raise RuntimeError(f"what {call!r} returned does not fit its model, and then did")
        return field._type_adapter.dump_json(valid, **self._dumped)

    def _call_and_validate(self, call: Any, values: dict[str, Any]) -> tuple[Any, Any]:
        raw = call(**values)
        is_done = self._field is None or isinstance(raw, self._routing.Response)
        return raw, raw if is_done else self._valid(raw)

    def _valid(self, raw: Any) -> Any:
        """_MISSING for what does not fit the model."""
        try:
            return self._field._type_adapter.validator.validate_python(raw, from_attributes=True)
        except sys.modules["pydantic"].ValidationError:
            return _MISSING
