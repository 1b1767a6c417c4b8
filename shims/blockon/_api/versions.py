"""Which of the API there is for a Worker, by its compatibility date and flags.

A version of the API is a feature of runtime/config/compatibility.toml. Each name says with which version it came; what
a later version changes is asked for by `has()` where it makes a difference, so that an older date keeps what it had.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any

__all__ = ["FIRST", "NAMES", "OF_RUNTIME", "date_of", "enable", "enable_all", "has", "load", "of"]

FIRST = "blockon_api_2026_11_01"

# By version, then by module.
_ADDED: dict[str, dict[str, tuple[str, ...]]] = {
    FIRST: {
        "context": ("Context", "ScheduledEvent", "WorkerEntrypoint", "wait_until"),
        "env": ("Env", "env"),
        "forms": ("FormData", "FormError", "UploadFile"),
        "headers": ("Headers", "MutableHeaders"),
        "kv": ("AsyncKVNamespace", "KVNamespace"),
        "kv_types": ("KVEntry", "KVError", "KVKey", "KVPage"),
        "multidict": ("MultiDict", "QueryParams"),
        "queues": ("AsyncQueue", "Message", "MessageBatch", "OutgoingMessage", "Queue", "QueueError"),
        "request": ("Address", "AsyncBody", "Request"),
        "response": ("HTMLResponse", "JSONResponse", "RedirectResponse", "Response", "StreamingResponse"),
        "sandbox": ("Sandbox", "SandboxError", "SandboxResult", "SandboxTimeoutError"),
        "services": ("AsyncService", "Export", "Exports", "Service", "ServiceError"),
        "urls": ("URL",),
        "websocket": (
            "AsyncWebSocket",
            "WebSocket",
            "WebSocketClosedError",
            "WebSocketError",
            "connect",
            "connect_async",
        ),
    },
}

# Each name with its version and its module.
NAMES = {
    name: (version, module)
    for version, modules in _ADDED.items()
    for module, names in modules.items()
    for name in names
}

# Names of blockon that are the guest's, and no part of the API.
OF_RUNTIME = frozenset(
    {
        "Fiber",
        "LimitExceeded",
        "abort_on_cancel",
        "cancel",
        "current_fiber",
        "fibers",
        "raise_deadlocks_at_exit",
        "set_fetch",
        "timeout",
    }
)

# Those that are on; None where no Worker has said, as in an editor: all are.
_enabled: frozenset[str] | None = None


def enable(features: Iterable[str]) -> None:
    """Have the versions that the Worker's features name, and no others."""
    global _enabled
    _enabled = frozenset(features) & _ADDED.keys()


def enable_all() -> None:
    """Have all, as where no Worker has said."""
    global _enabled
    _enabled = None


def date_of(version: str) -> str:
    """The first compatibility date that has it."""
    return "-".join(version.rsplit("_", 3)[1:])


def of(date: str, flags: Iterable[str]) -> frozenset[str]:
    """Those that a compatibility date and flags turn on, as runtime/config/compatibility.ts has it."""
    given = frozenset(flags)
    return frozenset(
        version for version in _ADDED if version in given or (date >= date_of(version) and f"no_{version}" not in given)
    )


def has(version: str) -> bool:
    """Whether a version is on."""
    return _enabled is None or version in _enabled


def load(name: str) -> Any:
    """What has the name. Raises ImportError, which says from which date on, where the Worker's date is earlier."""
    version, module = NAMES[name]
    if not has(version):
        raise ImportError(
            f"blockon.{name} is there from the compatibility date {date_of(version)} on; this Worker's is an earlier "
            f'one, or its flags have "no_{version}". Raise compatibility_date in the wrangler file, or add "{version}" '
            "to its compatibility_flags",
            name="blockon",
        )
    return getattr(importlib.import_module(f"blockon._api.{module}"), name)
