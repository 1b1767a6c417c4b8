"""The functions of FastAPI's and Starlette's for which ``_fastapi`` stands in: by CPython 3.14's compiler.

Of FastAPI 0.165 and Starlette 1.10.
"""

from __future__ import annotations

__all__ = ["APPLICATION", "ROUTE"]

type _Known = dict[str, dict[str, frozenset[int]]]

# What a route's application does for a plain endpoint.
ROUTE: _Known = {
    "fastapi.routing": {
        "request_response": frozenset({0xF3EA9547}),
        "get_request_handler": frozenset({0x8A561001}),
        "run_endpoint_function": frozenset({0x13B69BB5}),
        "serialize_response": frozenset({0xFDCFA4AD}),
        "_build_response_args": frozenset({0xCE760898}),
    },
    "fastapi.dependencies.utils": {
        "solve_dependencies": frozenset({0x0FD65FAD}),
        "request_params_to_args": frozenset({0xA5E9DBF4}),
        "_get_multidict_value": frozenset({0x2D08C849}),
        "_validate_value_with_model_field": frozenset({0x386660D6}),
        "request_body_to_args": frozenset({0x4FFE8322}),
        "_get_cache_key": frozenset({0xA1149326}),
        "_get_oauth_scopes": frozenset({0xEC0FC04B}),
        "_solve_generator": frozenset({0x224A64F2}),
    },
    "fastapi.concurrency:contextmanager_in_threadpool": {"__wrapped__": frozenset({0x61CB5215})},
    "fastapi.concurrency:_asynccontextmanager_with_shielded_exit": {"__wrapped__": frozenset({0xA0391997})},
    "fastapi._compat.v2:ModelField": {
        "validate": frozenset({0xEAD7A11E}),
        "serialize": frozenset({0xAB15BE4E}),
        "serialize_json": frozenset({0xFF6FE983}),
        "get_default": frozenset({0x3339C51D}),
    },
    "fastapi.telemetry._api": {
        "_run_sync_endpoint": frozenset({0x41A2DA5E}),
        "_operation": frozenset({0xEA791A7C}),
    },
    "fastapi.encoders": {"jsonable_encoder": frozenset({0x8EC35DE0})},
    "starlette.responses:JSONResponse": {"__init__": frozenset({0x666EBFC0}), "render": frozenset({0x6098F127})},
    "starlette._exception_handler": {"wrap_app_handling_exceptions": frozenset({0x42395053})},
    "starlette.responses:Response": {
        "__init__": frozenset({0xEDA55FF3}),
        "render": frozenset({0x26A853E1}),
        "init_headers": frozenset({0xFD42E942}),
        "__call__": frozenset({0x8FC9CA25}),
    },
    "starlette.requests:HTTPConnection": {
        "query_params": frozenset({0xE068F709}),
        "headers": frozenset({0xE121509C}),
        "cookies": frozenset({0x5C3DAA50}),
    },
    "starlette.requests:Request": {
        "__init__": frozenset({0x815E92EA}),
        "body": frozenset({0x24056B2F}),
        "json": frozenset({0xB1227846}),
        "stream": frozenset({0xB2FB06A8}),
    },
    "starlette.datastructures:Headers": {"__getitem__": frozenset({0xD689EA6B})},
    "starlette.datastructures:QueryParams": {"__init__": frozenset({0x52D53B2A})},
    "starlette.datastructures:ImmutableMultiDict": {"__init__": frozenset({0x9076ED28})},
}

# What an application does before that.
APPLICATION: _Known = {
    "fastapi.applications:FastAPI": {
        "__call__": frozenset({0xB2403776}),
        "build_middleware_stack": frozenset({0x8AB86B5E}),
    },
    "starlette.applications:Starlette": {"__call__": frozenset({0x4CAD1570})},
    "starlette.middleware.errors:ServerErrorMiddleware": {"__call__": frozenset({0xA8141854})},
    "fastapi.telemetry._asgi:ExceptionTelemetryMiddleware": {"__call__": frozenset({0x7C6AAEFE})},
    "fastapi._body_limit:AppBodyLimitMiddleware": {"__call__": frozenset({0x02B55975})},
    "starlette.middleware.exceptions:ExceptionMiddleware": {"__call__": frozenset({0x3C8134C9})},
    "fastapi.middleware.asyncexitstack:AsyncExitStackMiddleware": {"__call__": frozenset({0xB98E8687})},
    "starlette.routing:Router": {"__call__": frozenset({0xC810ABCD})},
    "fastapi.routing:_IncludedRouter": {
        "_match": frozenset({0x38985D32}),
        "matches": frozenset({0xA1FB0313}),
        "handle": frozenset({0x1DF239A4}),
        "_handle_selected": frozenset({0x2D55E39C}),
        "effective_candidates": frozenset({0x635BDB8D}),
    },
    "fastapi.routing:_EffectiveRouteContext": {"matches": frozenset({0x65FE9A71})},
    "fastapi.routing:APIRouter": {
        "matches": frozenset({0x2CA37630}),
        "handle": frozenset({0x56F48CA6}),
        "app": frozenset({0xB72C8EC4}),
    },
    "fastapi.routing:APIRoute": {
        "matches": frozenset({0x75F87FCF}),
        "handle": frozenset({0x9D49C69C}),
    },
    "starlette.routing:Route": {
        "matches": frozenset({0x22BE4E04}),
        "handle": frozenset({0x041FEFC6}),
    },
}
