"""How each client's connections are made by a fetch, where there is one (``_fetch.current``).

One function to a module of a client, which takes the module when it has been imported and wraps the one place where
it connects. Whoever brings a way of their own to connect (SOCKS, a socket of another kind) keeps it.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import sys
from collections.abc import Callable
from functools import wraps
from types import ModuleType
from typing import TYPE_CHECKING, Any

from . import _fetch
from ._thread_loops import main_loop

if TYPE_CHECKING:
    from ._fetch_exchange import FetchExchange
    from ._fetch_socket import FetchSocket

__all__ = ["ADAPTERS"]

_NO_CERTIFICATES = (
    "a fetch was set for the HTTP clients, and it makes its own TLS: it cannot present a client's certificate or check "
    "a fingerprint. Leave them out, or take the fetch away by blockon.set_fetch(None)"
)

_NO_PROXY = (
    "a fetch was set for the HTTP clients, and it goes its own way: use no proxy, or take it away by "
    "blockon.set_fetch(None)"
)


def _new_exchange(fetch: Any, scheme: str, host: str, port: int, loop: asyncio.AbstractEventLoop) -> FetchExchange:
    # Imported by programs that have a fetch, and no others.
    from ._fetch_exchange import FetchExchange

    return FetchExchange(fetch, scheme, host, port, loop)


def _new_socket(fetch: Any, scheme: str, host: str, port: int, timeout: float | None) -> FetchSocket:
    """Raises ConnectionError where nothing can wait for the fetch."""
    from ._fetch_socket import FetchSocket

    if why := _fetch.why_unreachable():
        raise ConnectionError(why)
    # Any thread's waits go there.
    return FetchSocket(_new_exchange(fetch, scheme, host, port, main_loop()), timeout)


def _timeout_of(connection: Any) -> float | None:
    timeout = connection.timeout
    return timeout if timeout is None or isinstance(timeout, int | float) else socket.getdefaulttimeout()


def _http_client(module: ModuleType) -> None:
    def wrap(class_: Any, scheme: str) -> None:
        connect = class_.connect

        @wraps(connect)
        def connect_or_fetch(self: Any) -> None:
            fetch = _fetch.current()
            # One that goes on from here after its own fashion needs the socket that it expects.
            is_own = (
                type(self).connect is not connect_or_fetch or self._create_connection is not socket.create_connection
            )
            if fetch is None or is_own:
                connect(self)
                return
            sys.audit("http.client.connect", self, self.host, self.port)
            self.sock = _new_socket(fetch, scheme, self.host, self.port, _timeout_of(self))
            if self._tunnel_host:
                self._tunnel()

        class_.connect = connect_or_fetch

    wrap(module.HTTPConnection, "http")
    # There is none where it was imported without ssl.
    if hasattr(module, "HTTPSConnection"):
        wrap(module.HTTPSConnection, "https")


def _urllib3_connection(module: ModuleType) -> None:
    plain: Any = module.HTTPConnection
    new_conn = plain._new_conn

    def fetch_socket(connection: Any, fetch: Any, scheme: str) -> FetchSocket:
        sys.audit("http.client.connect", connection, connection.host, connection.port)
        try:
            return _new_socket(fetch, scheme, connection.host, connection.port, _timeout_of(connection))
        except ConnectionError as error:
            raise module.NewConnectionError(connection, str(error)) from error

    @wraps(new_conn)
    def new_conn_or_fetch(self: Any) -> Any:
        fetch = _fetch.current()
        return new_conn(self) if fetch is None else fetch_socket(self, fetch, "http")

    plain._new_conn = new_conn_or_fetch
    # It was imported where there is no ssl: then its HTTPSConnection cannot connect.
    if module.ssl is None:
        return

    secure: Any = module.HTTPSConnection
    connect = secure.connect
    ssl = module.ssl

    @wraps(connect)
    def connect_or_fetch(self: Any) -> None:
        fetch = _fetch.current()
        if fetch is None or type(self)._new_conn is not new_conn_or_fetch:
            connect(self)
            return
        if self.cert_file or self.key_file or self.assert_fingerprint:
            raise ssl.SSLError(_NO_CERTIFICATES)
        self.sock = fetch_socket(self, fetch, "https")
        if self._tunnel_host:
            self._tunnel()
        # As the client asked: who warns of an unverified request goes by it. The fetch verifies as it does.
        self.is_verified = self.cert_reqs not in (None, ssl.CERT_NONE, "CERT_NONE", "NONE")

    secure.connect = connect_or_fetch


def _httpcore_sync(module: ModuleType) -> None:
    backend: Any = module.SyncBackend
    connect = backend.connect_tcp

    class FetchStream(module.SyncStream):  # type: ignore[name-defined]
        """httpcore's own over another socket."""

        def start_tls(self, *_: object, **__: object) -> Any:
            self._sock.exchange.scheme = "https"
            return self

        def get_extra_info(self, info: str) -> Any:
            return self._sock if info == "socket" else None

    @wraps(connect)
    def connect_or_fetch(
        self: Any, host: str, port: int, timeout: float | None = None, *rest: Any, **named: Any
    ) -> Any:
        fetch = _fetch.current()
        if fetch is None:
            return connect(self, host, port, timeout, *rest, **named)
        with module.map_exceptions({OSError: module.ConnectError}):
            return FetchStream(_new_socket(fetch, "http", host, port, timeout))

    backend.connect_tcp = connect_or_fetch


def _httpcore_anyio(module: ModuleType) -> None:
    backend: Any = module.AnyIOBackend
    connect = backend.connect_tcp

    class FetchStream(module.AsyncNetworkStream):  # type: ignore[name-defined]
        """A stream of httpcore's."""

        def __init__(self, exchange: FetchExchange) -> None:
            self._exchange = exchange

        async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
            with module.map_exceptions({TimeoutError: module.ReadTimeout, OSError: module.ReadError}):
                async with asyncio.timeout(timeout):
                    return self._exchange.take(max_bytes) if await self._exchange.fill() else b""

        async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
            with module.map_exceptions({TimeoutError: module.WriteTimeout, OSError: module.WriteError}):
                self._exchange.write(buffer)
                if self._exchange.unsent:
                    async with asyncio.timeout(timeout):
                        await self._exchange.drain()

        async def aclose(self) -> None:
            self._exchange.abort()

        async def start_tls(self, *_: object, **__: object) -> Any:
            self._exchange.scheme = "https"
            return self

        def get_extra_info(self, info: str) -> Any:
            return None

    @wraps(connect)
    async def connect_or_fetch(self: Any, host: str, port: int, *rest: Any, **named: Any) -> Any:
        fetch = _fetch.current()
        if fetch is None:
            return await connect(self, host, port, *rest, **named)
        return FetchStream(_new_exchange(fetch, "http", host, port, asyncio.get_running_loop()))

    backend.connect_tcp = connect_or_fetch


def _aiohttp_connector(module: ModuleType) -> None:
    import ssl

    from ._fetch_transport import FetchTransport

    connector: Any = module.TCPConnector
    create, wrap_create = connector._create_connection, connector._wrap_create_connection

    @wraps(create)
    async def create_or_fetch(self: Any, req: Any, traces: Any, timeout: Any) -> Any:  # noqa: ASYNC109
        fetch = _fetch.current()
        # A WebSocket is none of fetch's.
        if fetch is None or "Upgrade" in req.headers or type(self)._wrap_create_connection is not wrap_create:
            return await create(self, req, traces, timeout)
        if req.proxy:
            raise module.ClientProxyConnectionError(req.connection_key, OSError(errno.ENOTSUP, _NO_PROXY))
        if req.is_ssl() and self._get_fingerprint(req):
            raise module.ClientConnectorSSLError(req.connection_key, ssl.SSLError(_NO_CERTIFICATES))
        protocol = self._factory()
        scheme = "https" if req.is_ssl() else "http"
        exchange = _new_exchange(fetch, scheme, req.url.raw_host, req.port, self._loop)
        FetchTransport(self._loop, exchange, protocol)
        return protocol

    connector._create_connection = create_or_fetch


ADAPTERS: dict[str, Callable[[ModuleType], None]] = {
    "aiohttp.connector": _aiohttp_connector,
    "http.client": _http_client,
    "httpcore._backends.anyio": _httpcore_anyio,
    "httpcore._backends.sync": _httpcore_sync,
    "httpcore2._backends.anyio": _httpcore_anyio,
    "httpcore2._backends.sync": _httpcore_sync,
    "urllib3.connection": _urllib3_connection,
}
