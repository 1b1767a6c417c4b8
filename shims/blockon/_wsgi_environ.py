"""The environ of a WSGI request: https://peps.python.org/pep-3333/#environ-variables"""

from __future__ import annotations

import sys
from typing import Any

from ._exchange import Head

__all__ = ["environ"]

_OWN_NAMES = {b"content-type": "CONTENT_TYPE", b"content-length": "CONTENT_LENGTH"}


def environ(head: Head, body: Any, env: Any) -> dict[str, Any]:
    """``body`` is the file that the request's body is read from, ``env`` the Worker's bindings."""
    made: dict[str, Any] = {
        "REQUEST_METHOD": head.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": head.path.decode("latin-1"),
        "QUERY_STRING": head.query.decode("latin-1"),
        "SERVER_NAME": head.host,
        "SERVER_PORT": str(head.port),
        "SERVER_PROTOCOL": f"HTTP/{head.http_version}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": head.scheme,
        "wsgi.input": body,
        # There is no more to read than there is: without a length, too, as in a chunked request.
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "workers.env": env,
    }
    if head.client is not None:
        made["REMOTE_ADDR"], made["REMOTE_PORT"] = head.client[0], str(head.client[1])
    for name, value in head.headers:
        if b"_" in name:
            continue  # would pass for one with "-", which a proxy may have checked
        key = _OWN_NAMES.get(name) or "HTTP_" + name.decode("latin-1").upper().replace("-", "_")
        text = value.decode("latin-1")
        if key in made:
            text = f"{made[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{text}"
        made[key] = text
    return made
