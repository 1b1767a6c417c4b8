"""blockon in Python: the API of Workers, and time limits for blocking code, the ends of waits, what is known of fibers.

What is imported from here is documented in docs/api.md and docs/workers.md. The API of Workers is there from a
compatibility date on, and is loaded when it is asked for; on CPython, too (`python -m blockon.cpython`), where the
rest is not. In modules that begin with an underscore is what runs under a Worker's own code.
"""

import sys
from typing import TYPE_CHECKING, Any

from ._rpc_target import RpcTarget

if TYPE_CHECKING or sys.platform == "emscripten":
    from ._abort import abort_on_cancel
    from ._deadlock import raise_at_exit as raise_deadlocks_at_exit
    from ._fetch import set_fetch
    from ._fibers import Fiber, cancel, current_fiber, fibers, timeout
    from ._limit_exceeded import LimitExceeded

if TYPE_CHECKING:
    from ._api.context import Context, ScheduledEvent, WorkerEntrypoint, wait_until
    from ._api.env import Env, env
    from ._api.forms import FormData, FormError, UploadFile
    from ._api.headers import Headers, MutableHeaders
    from ._api.kv import AsyncKVNamespace, KVNamespace
    from ._api.kv_types import KVEntry, KVError, KVKey, KVPage
    from ._api.multidict import MultiDict, QueryParams
    from ._api.queues import AsyncQueue, Message, MessageBatch, OutgoingMessage, Queue, QueueError
    from ._api.request import Address, AsyncBody, Request
    from ._api.response import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
    from ._api.sandbox import Sandbox, SandboxError, SandboxResult, SandboxTimeoutError
    from ._api.services import AsyncService, Export, Exports, Service, ServiceError
    from ._api.urls import URL
    from ._api.websocket import (
        AsyncWebSocket,
        WebSocket,
        WebSocketClosedError,
        WebSocketError,
        connect,
        connect_async,
    )

__all__ = [
    "URL",
    "Address",
    "AsyncBody",
    "AsyncKVNamespace",
    "AsyncQueue",
    "AsyncService",
    "AsyncWebSocket",
    "Context",
    "Env",
    "Export",
    "Exports",
    "Fiber",
    "FormData",
    "FormError",
    "HTMLResponse",
    "Headers",
    "JSONResponse",
    "KVEntry",
    "KVError",
    "KVKey",
    "KVNamespace",
    "KVPage",
    "LimitExceeded",
    "Message",
    "MessageBatch",
    "MultiDict",
    "MutableHeaders",
    "OutgoingMessage",
    "QueryParams",
    "Queue",
    "QueueError",
    "RedirectResponse",
    "Request",
    "Response",
    "RpcTarget",
    "Sandbox",
    "SandboxError",
    "SandboxResult",
    "SandboxTimeoutError",
    "ScheduledEvent",
    "Service",
    "ServiceError",
    "StreamingResponse",
    "UploadFile",
    "WebSocket",
    "WebSocketClosedError",
    "WebSocketError",
    "WorkerEntrypoint",
    "abort_on_cancel",
    "cancel",
    "connect",
    "connect_async",
    "current_fiber",
    "env",
    "fibers",
    "raise_deadlocks_at_exit",
    "set_fetch",
    "timeout",
    "wait_until",
]


def __getattr__(name: str) -> Any:
    """What of the API is asked for. Raises ImportError where the Worker's compatibility date is before it."""
    from ._api import versions

    if name in versions.NAMES:
        found = globals()[name] = versions.load(name)
        return found
    if name in versions.OF_RUNTIME:
        raise ImportError(f"blockon.{name} is the runtime's: CPython has nothing that it could do", name=__name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
