"""Sandboxes over the realm's call of the host (runtime/realm/87-services.js)."""

from __future__ import annotations

import json
from typing import Any

from . import _bridge
from ._api.host import Operation
from ._api.sandbox import SandboxError, SandboxTimeoutError
from ._bridge import JsException
from ._realm_values import from_realm, raised, to_realm

__all__ = ["RealmSandbox"]


class RealmSandbox:
    """A SandboxPort."""

    def __init__(self) -> None:
        """Raises RuntimeError where the host has none."""
        self._realm = _bridge.host("sandbox")
        if self._realm is None:
            raise RuntimeError(
                "there are no sandboxes here: add the table [blockon.sandbox] to the Worker's wrangler file. They are "
                "there in blockon serve and in deployments, and not in blockon dev and blockon test"
            )
        self.max_seconds: float = self._realm.maxSeconds
        self.max_memory: int = self._realm.maxMemory

    def run(self, options: dict[str, Any], arguments: tuple[Any, ...]) -> Operation[dict[str, Any]]:
        values = [to_realm(each) for each in arguments]
        try:
            answer = yield self._realm.run(json.dumps(options), *values)
        except JsException as error:
            name, message = raised(error)
            if name == "SandboxTimeoutError":
                raise SandboxTimeoutError(name, message) from None
            raise SandboxError(name, message) from None
        told: dict[str, Any] = from_realm(answer)
        return told
