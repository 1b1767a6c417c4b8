"""Services: other Workers, servers and assets, as bindings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from .headers import Raw
from .host import Operation, finish, settle
from .request import Request
from .response import Response
from .urls import URL

__all__ = ["AsyncService", "Service", "ServiceError", "ServicePort"]


class ServiceError(RuntimeError):
    """What a method of another Worker raised, or what kept the call from it. ``str()`` is its text."""

    type: str
    """The name of the exception's class there, as ``ValueError``."""

    def __init__(self, type: str, message: str) -> None:
        """``type`` is a name, since the class is the other Worker's."""
        super().__init__(message)
        self.type = type


class ServicePort(Protocol):
    """A service as a host has it. Raises ServiceError."""

    def fetch(self, request: Request, body: bytes) -> Operation[Response]:
        """The answer to a request with this body."""

    def call(self, method: str, arguments: tuple[Any, ...]) -> Operation[Any]:
        """What a method gives."""


class Service:
    """Another Worker (``[[services]]``), a server (``[blockon.services]``) or the assets, as ``env.NAME``.

    ``env.NAME.method(...)`` calls a method of the Worker's WorkerEntrypoint, and blocks until it has its result.
    Arguments and results are copied: None, bool, int, float, str, bytes, datetime, and lists, dicts and sets of them.
    ``env.NAME.aio`` has the same for ``await``. What the method raises is a ServiceError here.
    """

    __slots__ = ("_port", "aio")

    aio: AsyncService
    """The same for ``await``: ``await env.NAME.aio.method(...)``."""

    def __init__(self, port: ServicePort) -> None:
        """``port`` is the host's."""
        self._port = port
        self.aio = AsyncService(port)

    def fetch(
        self,
        request: str | URL | Request,
        *,
        method: str = "GET",
        headers: Raw | None = None,
        content: bytes | str | None = None,
        json: Any = None,
    ) -> Response:
        """The answer to a request: an URL with the rest of it, or a whole Request, as the one that came in.

        Redirects are not followed, and a status is no error. Raises ServiceError when there is no answer.
        """
        return finish(_fetch(self._port, request, method, headers, content, json))

    def __getattr__(self, name: str) -> Callable[..., Any]:
        _check_name(name)
        port = self._port

        def method(*arguments: Any) -> Any:
            return finish(port.call(name, arguments))

        method.__name__ = name
        return method


class AsyncService:
    """``env.NAME.aio``: what Service has, for ``await``."""

    __slots__ = ("_port",)

    def __init__(self, port: ServicePort) -> None:
        """``port`` is the host's."""
        self._port = port

    async def fetch(
        self,
        request: str | URL | Request,
        *,
        method: str = "GET",
        headers: Raw | None = None,
        content: bytes | str | None = None,
        json: Any = None,
    ) -> Response:
        """As ``Service.fetch``."""
        return await settle(_fetch(self._port, request, method, headers, content, json))

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        _check_name(name)
        port = self._port

        async def method(*arguments: Any) -> Any:
            return await settle(port.call(name, arguments))

        method.__name__ = name
        return method


def _check_name(name: str) -> None:
    if name.startswith("_"):
        raise AttributeError(f"a method that begins with _ cannot be called from another Worker: {name}")


def _fetch(
    port: ServicePort,
    request: str | URL | Request,
    method: str,
    headers: Raw | None,
    content: bytes | str | None,
    json: Any,
) -> Operation[Response]:
    if isinstance(request, Request):
        if method != "GET" or headers is not None or content is not None or json is not None:
            raise TypeError("fetch: a Request has its method, headers and body already")
        made = request
    else:
        made = Request(method, request, headers=headers, content=content, json=json)
    body = yield from made._whole()
    return (yield from port.fetch(made, body))
