"""A peer of ./dev bench http: the Worker that workerd serves. A request's body is what ``http_clients.main`` takes.

workerd gives a socket to the request that opened it, and to no other. So each request makes its clients anew, and
connects anew.
"""

from __future__ import annotations

import contextlib
import io

import http_clients
from workers import Request, Response, WorkerEntrypoint

CLIENTS = [each for each in vars(http_clients).values() if hasattr(each, "cache_clear")]


class Default(WorkerEntrypoint):
    async def fetch(self, request: Request) -> Response:
        asked = await request.text()
        out = io.StringIO()
        for each in CLIENTS:
            each.cache_clear()
        with contextlib.redirect_stdout(out):
            http_clients.main(asked)
        return Response(out.getvalue())
