"""The scope of a connection: what an ASGI application is told at its start."""

from __future__ import annotations

from typing import Any

from ._exchange import Head

__all__ = ["scope"]

# Of the HTTP protocol: 2.4 has send() raise OSError when the client has gone, 2.5 has the reason of a disconnect.
_VERSIONS = {"version": "3.0", "spec_version": "2.5"}


def scope(head: Head, kind: str, env: Any, state: dict[str, Any]) -> dict[str, Any]:
    """``kind`` is http or websocket; ``state`` is that of the lifespan, of which each connection has a shallow copy."""
    scheme = head.scheme
    made = {
        "type": kind,
        "asgi": dict(_VERSIONS),
        "http_version": head.http_version,
        "scheme": scheme,
        "path": head.path.decode("utf-8", "replace"),
        "raw_path": head.raw_path,
        "query_string": head.query,
        "root_path": "",
        "headers": head.headers,
        "client": head.client,
        "server": (head.host, head.port),
        "state": dict(state),
        "extensions": {},
        "env": env,
    }
    if kind == "http":
        made["method"] = head.method
    else:
        made["scheme"] = "wss" if scheme == "https" else "ws"
        made["extensions"] = {"websocket.http.response": {}}
        made["subprotocols"] = [
            each.strip()
            for name, value in head.headers
            if name == b"sec-websocket-protocol"
            for each in value.decode("latin-1").split(",")
        ]
    return made
