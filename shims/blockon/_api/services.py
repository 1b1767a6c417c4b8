"""Services: other Workers, servers and assets, as bindings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Protocol

from .headers import Raw
from .host import Operation, finish, settle
from .request import Request
from .response import Response
from .urls import URL

__all__ = ["AsyncService", "Export", "Exports", "ExportsPort", "Service", "ServiceError", "ServicePort"]


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


class Export(Service):
    """An entrypoint of the Worker's own, as ``ctx.exports.NAME``: what a Service is.

    ``ctx.exports.NAME(props={...})`` is the same with other ``ctx.props`` for the method that is called.
    """

    __slots__ = ("_again",)

    def __init__(self, port: ServicePort, again: Callable[[dict[str, Any]], ServicePort]) -> None:
        """``again`` has a port with these props."""
        super().__init__(port)
        self._again = again

    def __call__(self, *, props: dict[str, Any]) -> Service:
        """The entrypoint with these props, which are what JSON has."""
        return Service(self._again(props))


class ExportsPort(Protocol):
    """The Worker's own entrypoints as a host has them."""

    def names(self) -> list[str]:
        """Their names. Raises RuntimeError where the Worker has none by its date and flags."""

    def port(self, name: str, props: dict[str, Any] | None) -> ServicePort:
        """One of them."""


class Exports:
    """``ctx.exports``: the Worker's own entrypoints by their names, ``default`` for what answers requests."""

    __slots__ = ("_port",)

    def __init__(self, port: ExportsPort) -> None:
        """``port`` is the host's."""
        self._port = port

    def __getattr__(self, name: str) -> Export:
        """The entrypoint of this name. Raises AttributeError, which names those that there are."""
        if name.startswith("__"):
            raise AttributeError(name)
        names = self._port.names()
        if name not in names:
            raise AttributeError(f"the Worker exports no {name}; it exports {', '.join(names)}", name=name, obj=self)
        return Export(self._port.port(name, None), lambda props: self._port.port(name, props))

    def __contains__(self, name: object) -> bool:
        return name in self._port.names()

    def __iter__(self) -> Iterator[str]:
        return iter(self._port.names())

    def __dir__(self) -> list[str]:
        return sorted([*super().__dir__(), *self._port.names()])

    def __repr__(self) -> str:
        return f"<Exports {', '.join(self._port.names())}>"


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
