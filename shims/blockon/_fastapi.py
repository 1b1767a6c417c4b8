"""Plain endpoints of FastAPI's, answered in fewer steps.

FastAPI gives a request some forty functions, most of which look for what a plain endpoint has not: forms, streams,
stacks of what is to be closed. Here such an endpoint (``_fastapi_plan``) is called at once. What fails goes
FastAPI's way, from the beginning, and fails where it would have failed there: handlers of exceptions and middlewares
see what they would see. As in ``_urllib3``: what is not known by its code is left alone.

   FastAPI.__call__ --> only its own middlewares? --> a route (_fastapi_routes), of an included router too --> plan
         |                                                         | not plain, telemetry, a wrong parameter, a failure
         '--> middlewares --> APIRouter.app --> the route's app <--'  --> plan, or FastAPI's way
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import FunctionType
from typing import Any
from weakref import WeakKeyDictionary

from ._asgi_http import HttpConnection
from ._fastapi_contexts import Contexts
from ._fastapi_known import APPLICATION, ROUTE
from ._fastapi_plan import Plan, Prepared, plan_of
from ._fastapi_routes import Routes
from ._fastapi_telemetry import Telemetry
from ._known_code import all_known

__all__ = ["change_applications", "change_routing"]

type _Scope = dict[str, Any]
type _Send = Callable[[dict[str, Any]], Awaitable[None]]

# In a scope: what a plain endpoint has failed with, and whether its answer had begun.
_FAILED = "blockon.failed"
_TELEMETRY = "fastapi.telemetry"

# By what get_request_handler() made.
_plans: WeakKeyDictionary[Any, Plan] = WeakKeyDictionary()
_knows_routes = False
# FastAPI's own.
_request_response: Any = None


def change_routing(routing: Any) -> None:
    """The application of a route whose endpoint is plain."""
    global _knows_routes, _request_response
    _knows_routes = all_known(ROUTE)
    if not _knows_routes:
        return
    make_handler, make_app = routing.get_request_handler, routing.request_response
    _request_response = make_app
    signature = inspect.signature(make_handler)
    utils = sys.modules["fastapi.dependencies.utils"]

    @functools.wraps(make_handler)
    def get_request_handler(*args: Any, **kwargs: Any) -> Any:
        handler = make_handler(*args, **kwargs)
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        plan = plan_of(routing, utils, bound.arguments)
        if plan is not None:
            _plans[handler] = plan
        return handler

    @functools.wraps(make_app)
    def request_response(func: Any) -> Any:
        app = make_app(func)
        plan = _plans.get(func) if type(func) is FunctionType else None
        if plan is None:
            return app

        async def plain(scope: _Scope, receive: Any, send: _Send) -> None:
            failed = scope.pop(_FAILED, None)
            if failed is not None:
                await _fail(routing, failed, scope, receive, send)
                return
            prepared = None
            if scope.get(_TELEMETRY) is None:
                prepared = plan.prepare(scope, scope["path_params"], receive, send)
            if prepared is not None and plan.has_body:
                prepared, receive = await plan.read_body(prepared, receive)
            if prepared is None:
                await app(scope, receive, send)
                return
            failed = await _serve(plan, prepared, scope, receive, send)
            if failed is not None:
                # Who is around it has seen the answer's begin.
                await _fail(routing, failed, scope, receive, _swallow if failed.started else send)

        plan.app = plain
        plain.blockon_plan = plan  # type: ignore[attr-defined]
        return plain

    routing.get_request_handler = get_request_handler
    routing.request_response = request_response


@dataclass(frozen=True, slots=True)
class _Failure:
    """What an endpoint has failed with, whether its answer had begun, and the Request that its functions had."""

    error: Exception
    started: bool
    request: Any


def _headers_of(answer: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"content-length", b"%d" % len(answer)), (b"content-type", b"application/json")]


class _Delivery:
    """The way of one answer to its client."""

    __slots__ = ("_plan", "_prepared", "_receive", "_scope", "_send", "started")

    def __init__(self, plan: Plan, prepared: Prepared, scope: _Scope, receive: Any, send: _Send) -> None:
        self._plan = plan
        self._prepared = prepared
        self._scope = scope
        self._receive = receive
        self._send = send
        self.started = False

    async def deliver(self, answer: Any) -> None:
        if type(answer) is not bytes:
            await answer(self._scope, self._receive, self._pass_on)
            return
        if not self._deliver_whole(answer):
            status, headers = self._plan.status or 200, _headers_of(answer)
            await self._send({"type": "http.response.start", "status": status, "headers": headers})
            await self._send({"type": "http.response.body", "body": answer})
        if self._prepared.tasks is not None:
            await self._prepared.tasks()

    def deliver_at_once(self, answer: Any) -> bool:
        """Deliver bytes behind which nothing is to be done; False where the answer is for deliver()."""
        return type(answer) is bytes and self._prepared.tasks is None and self._deliver_whole(answer)

    def _deliver_whole(self, answer: bytes) -> bool:
        self.started = True
        send = self._send
        connection = getattr(send, "__self__", None)
        return (
            type(connection) is HttpConnection
            and send.__func__ is HttpConnection.send  # type: ignore[attr-defined]
            and connection.send_whole(self._plan.status or 200, _headers_of(answer), answer)
        )

    async def _pass_on(self, message: dict[str, Any]) -> None:
        self.started = self.started or message["type"] == "http.response.start"
        await self._send(message)


async def _serve(plan: Plan, prepared: Prepared, scope: _Scope, receive: Any, send: _Send) -> _Failure | None:
    """Call and answer; return what failed."""
    delivery = _Delivery(plan, prepared, scope, receive, send)
    try:
        if plan.has_contexts:
            await _serve_within_contexts(plan, prepared, scope, delivery)
        else:
            answer = await plan.answer(scope, prepared, None)
            if not delivery.deliver_at_once(answer):
                await delivery.deliver(answer)
    except Exception as error:  # noqa: BLE001 - it is raised where FastAPI raises it
        return _Failure(error, delivery.started, prepared.request)
    return None


async def _serve_within_contexts(plan: Plan, prepared: Prepared, scope: _Scope, delivery: _Delivery) -> None:
    is_delivered = False
    async with AsyncExitStack() as of_request:
        async with AsyncExitStack() as of_call:
            answer = await plan.answer(scope, prepared, Contexts(of_request, of_call))
        await delivery.deliver(answer)
        is_delivered = True
    if not is_delivered:
        await _tell_swallowed()


async def _tell_swallowed() -> None:
    """Raise what FastAPI does where a function with ``yield`` has kept to itself what the endpoint has raised."""

    async def swallowed(request: Any) -> Any:
        request.scope["fastapi_inner_astack"].push(lambda *_: True)
        raise RuntimeError("what a function with yield keeps to itself")

    await _request_response(swallowed)({"type": "http"}, None, None)


async def _swallow(_message: dict[str, Any]) -> None:
    """The client has it already."""


async def _fail(routing: Any, failed: _Failure, scope: _Scope, receive: Any, send: _Send) -> None:
    """Fail as an endpoint that raised this, or whose answer did: then its begin is sent first."""

    async def endpoint(_scope: _Scope, _receive: Any, sender: _Send) -> None:
        if failed.started:
            await sender({"type": "http.response.start"})
        raise failed.error

    handling = routing.wrap_app_handling_exceptions(endpoint, failed.request)
    await handling(scope, receive, send)


def _plan_for(routes: Routes, scope: _Scope) -> tuple[Plan, Any, dict[str, Any]] | None:
    """The plan, the route and the values of the path, of the first that matches; None where FastAPI is to find it."""
    found = routes.find(scope["path"], scope["method"])
    if found is None:
        return None
    route, match = found
    plan = getattr(route.app, "blockon_plan", None)
    # What wraps a function may have its attributes, too.
    if plan is None or plan.app is not route.app:
        return None
    try:
        path_params = {key: route.param_convertors[key].convert(value) for key, value in match.groupdict().items()}
    except Exception:  # noqa: BLE001 - FastAPI comes to it again, and tells it
        return None
    return plan, route, path_params


def change_applications(applications: Any) -> None:
    """An application without middlewares of its own asks its routes first."""
    routing = applications.routing
    if not _knows_routes or not all_known(APPLICATION):
        return
    class_ = applications.FastAPI
    original = class_.__call__
    telemetry = Telemetry()
    stack_types = (
        applications.ServerErrorMiddleware,
        applications.ExceptionTelemetryMiddleware,
        applications.AppBodyLimitMiddleware,
        applications.ExceptionMiddleware,
        applications.AsyncExitStackMiddleware,
    )

    def routes_behind(app: Any) -> Routes | None:
        """The routes of the router behind FastAPI's own middlewares, None where there are others."""
        for type_ in stack_types:
            if type(app) is not type_:
                return None
            app = app.app
        is_plain = type(app) is routing.APIRouter and app.middleware_stack == app.app
        return Routes(routing, app) if is_plain else None

    @functools.wraps(original)
    async def __call__(self: Any, scope: _Scope, receive: Any, send: _Send) -> None:  # noqa: N807 - it is one
        stack = self.middleware_stack
        found = None
        if stack is not None and scope["type"] == "http" and not self.root_path and not scope.get("root_path"):
            of_stack = vars(stack)
            if "blockon_routes" not in of_stack:
                stack.blockon_routes = routes_behind(stack)
            routes = of_stack["blockon_routes"]
            if (
                routes is not None
                and _TELEMETRY not in scope
                and routing.MAX_BODY_SIZE_SCOPE_KEY not in scope
                and not telemetry.is_on(self._native_telemetry)
            ):
                found = _plan_for(routes, scope)
        prepared = None
        if found is not None:
            plan, route, path_params = found
            prepared = plan.prepare(scope, path_params, receive, send)
            if prepared is not None and plan.has_body:
                prepared, receive = await plan.read_body(prepared, receive)
        if prepared is None:
            await original(self, scope, receive, send)
            return
        own = getattr(route, "original_route", route)
        scope.update(app=self, router=routes.router, route=own, endpoint=route.endpoint, path_params=path_params)
        failed = await _serve(plan, prepared, scope, receive, send)
        if failed is not None:
            scope[_FAILED] = failed
            await original(self, scope, receive, _swallow if failed.started else send)

    class_.__call__ = __call__
