"""workers.wsgi, which is also `wsgi`: WSGI applications as Workers, by this runtime's own server.

Default = wsgi.entrypoint(app)

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return await wsgi.fetch(app, request, self.env)
"""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

from workers import Request, WorkerEntrypoint
from workers.gateway import BaseOptions

from . import _wsgi_threads
from ._bridge import can_block
from ._realm_exchange import RealmExchange
from ._wsgi import Answer

__all__ = ["Options", "entrypoint", "fetch"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options(BaseOptions):
    """Cloudflare's. None has an effect: a body is sent as the application made it, whatever its Content-Encoding."""


async def fetch(app: Any, req: Any, env: Any, ctx: Any = None, *, options: Options | None = None) -> Any:
    """The application's answer, JavaScript's Response. ``req`` is the Request of the SDK or of JavaScript.

    The application runs on a thread of its own. Raises what it raises before it answers.
    """
    if not can_block():
        raise RuntimeError("a WSGI application blocks: it needs the compatibility flag python_run_sync")
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        if not answered.done():
            answered.set_result(None)

    answer = Answer(
        RealmExchange(req.js_object if isinstance(req, Request) else req),
        env,
        lambda: loop.call_soon_threadsafe(wake),
    )
    _wsgi_threads.run(lambda: answer.run(app), answer.end)
    await answered
    if answer.error is not None:
        raise answer.error
    return answer.response


def entrypoint(app: Any, *, options: Options | None = None) -> type[Any]:
    """The class Default of a Worker that is the application."""

    class Default(WorkerEntrypoint):
        async def fetch(self, request: Any) -> Any:
            return await fetch(app, request, self.env, self.ctx, options=options)

    return Default
