"""urllib3 over fetch: the connection classes, and with them requests and whatever else is built on urllib3.

urllib3 itself stays as PyPI has it. On Emscripten it imports ``urllib3.contrib.emscripten`` and calls its
``inject_into_urllib3``; ``install`` puts this module in that one's place. Pools, retries, redirects, cookies and
decoding are urllib3's own, and so are the exceptions.

Replaced: ``HTTPConnection`` and ``HTTPSConnection`` from ``connect`` to ``getresponse``.
Not provided: proxies, client certificates, ``verify=False``, ``assert_hostname`` and ``assert_fingerprint`` (each is an
error, not ignored); streaming (a body arrives whole).
"""

from __future__ import annotations

import errno
import http.client
import importlib.abc
import importlib.machinery
import io
import os
import socket
import sys
import types
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from . import _bridge
from ._bridge import Exchange, Fetcher, FetchError, Head

if TYPE_CHECKING:
    from urllib3.connection import HTTPConnection

__all__ = ["__implements__", "install", "uninstall"]
__implements__ = ["urllib3.connection.HTTPConnection", "urllib3.connection.HTTPSConnection"]

_REPLACED = "urllib3.contrib.emscripten"

_CONNECT_ERRNO = {
    "ECONNREFUSED": errno.ECONNREFUSED,
    "EHOSTUNREACH": errno.EHOSTUNREACH,
    "ENETUNREACH": errno.ENETUNREACH,
    "EADDRNOTAVAIL": errno.EADDRNOTAVAIL,
    "EACCES": errno.EACCES,
}
_NAME_ERRORS = {"ENOTFOUND", "EAI_AGAIN", "EAI_FAIL", "EAI_NODATA"}
_CONNECT_TIMEOUTS = {"UND_ERR_CONNECT_TIMEOUT", "ETIMEDOUT"}
_READ_TIMEOUTS = {"UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"}
_CLOSED = {"ECONNRESET", "EPIPE", "UND_ERR_SOCKET", "ECONNABORTED", "ERR_STREAM_PREMATURE_CLOSE"}
_TLS_PREFIXES = ("CERT_", "ERR_TLS_", "ERR_SSL_", "UNABLE_TO_", "DEPTH_ZERO_", "SELF_SIGNED_", "EPROTO")

# Headers that the host writes itself, for the request that it sends.
_HOST_HEADERS = {"host", "content-length", "transfer-encoding", "connection"}
# Headers that say how the body was sent: fetch undid it.
_TRANSFER_HEADERS = {"content-encoding", "content-length", "transfer-encoding"}


def head_error(error: FetchError, connection: HTTPConnection, connect_timeout: float | None) -> BaseException:
    """What urllib3 raises for a request that got no response: the exception table of this transport."""
    from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError, SSLError

    code, message = error.code, error.message
    if code in _CONNECT_ERRNO:
        number = _CONNECT_ERRNO[code]
        text = f"Failed to establish a new connection: [Errno {number}] {os.strerror(number)}"
        return NewConnectionError(connection, text)
    if code in _NAME_ERRORS:
        reason = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return NameResolutionError(connection.host, connection, reason)
    if code in _CONNECT_TIMEOUTS:
        text = f"Connection to {connection.host} timed out. (connect timeout={connect_timeout})"
        return ConnectTimeoutError(connection, text)
    if code in _READ_TIMEOUTS:
        return TimeoutError("The read operation timed out")
    if code.startswith(_TLS_PREFIXES):
        return SSLError(f"{code}: {message}")
    if code in _CLOSED:
        return http.client.RemoteDisconnected("Remote end closed connection without response")
    if code.startswith("HPE_"):
        return http.client.BadStatusLine(message)
    return OSError(f"{code}: {message}")


def body_error(error: FetchError) -> BaseException:
    """What the socket under urllib3 would have raised while a body was read."""
    if error.code in _READ_TIMEOUTS:
        return TimeoutError("The read operation timed out")
    if error.code in _CLOSED:
        return http.client.IncompleteRead(b"")
    return OSError(f"{error.code}: {error.message}")


class ResponseBody(io.RawIOBase):
    """The body of an exchange as a file: fetched at the first read."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._content: io.BytesIO | None = None

    def readable(self) -> bool:
        return True

    def _open(self) -> io.BytesIO:
        if self._content is None:
            try:
                self._content = io.BytesIO(self._exchange.read())
            except FetchError as error:
                raise body_error(error) from error
        return self._content

    def read(self, size: int | None = -1) -> bytes:
        return b"" if self.closed else self._open().read(size)

    def readinto(self, buffer: Any) -> int:
        return self._open().readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            self._exchange.close()
        super().close()


def body_bytes(body: Any) -> bytes | None:
    """A request's body, of any kind that urllib3 takes, as bytes. Raises TypeError for others."""
    if body is None:
        return None
    if isinstance(body, bytes):
        return body
    if isinstance(body, str):
        # As http.client does it.
        return body.encode("iso-8859-1")
    if isinstance(body, bytearray | memoryview):
        return bytes(body)
    if hasattr(body, "read"):
        content = body.read()
        return content.encode("iso-8859-1") if isinstance(content, str) else content
    if isinstance(body, Iterable):
        return b"".join(part.encode("utf-8") if isinstance(part, str) else bytes(part) for part in body)
    raise TypeError(f"'body' must be bytes-like, a file or an iterable of them, not {type(body).__name__}")


class OriginalResponse:
    """What http.client.HTTPResponse is to a urllib3 response: the cookie jars of clients read its ``msg``."""

    def __init__(self, head: Head, body: ResponseBody) -> None:
        self.msg = http.client.HTTPMessage()
        for name, value in head.headers:
            self.msg.add_header(name, value)
        self._body = body

    def isclosed(self) -> bool:
        return self._body.closed

    def close(self) -> None:
        self._body.close()


def _text(value: Any) -> str:
    return value.decode("iso-8859-1") if isinstance(value, bytes) else str(value)


def _connection_classes(fetch: Fetcher) -> tuple[type, type]:
    """HTTPConnection and HTTPSConnection over a fetcher. urllib3 is imported when this is called."""
    from urllib3 import connection as urllib3_connection
    from urllib3._collections import HTTPHeaderDict
    from urllib3.response import HTTPResponse

    class FetchConnection(urllib3_connection.HTTPConnection):
        """A connection without a socket: the host keeps the real ones.

        A request is only noted in ``request`` and sent by ``getresponse``: between the two, urllib3 sets ``timeout``
        from the connect timeout to the read timeout.
        """

        scheme = "http"

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._open = False
            self._noted: dict[str, Any] | None = None

        def connect(self) -> None:
            if self.proxy:
                raise NotImplementedError("proxies are not available in this runtime")
            self._open = True

        @property
        def is_closed(self) -> bool:
            return not self._open

        @property
        def is_connected(self) -> bool:
            return self._open

        def close(self) -> None:
            self._open = False
            self._noted = None

        def request(  # type: ignore[override]
            self,
            method: str,
            url: str,
            body: Any = None,
            headers: Any = None,
            *,
            chunked: bool = False,
            preload_content: bool = True,
            decode_content: bool = True,
            enforce_content_length: bool = True,
        ) -> None:
            del chunked, decode_content, enforce_content_length  # the host frames the body and decodes it
            if not self._open:
                self.connect()
            content = body_bytes(body)
            if content is not None and method.upper() in ("GET", "HEAD"):
                raise NotImplementedError(f"fetch sends no body with {method}")
            pairs = [(str(name), _text(value)) for name, value in (headers or {}).items()]
            if all(name.lower() != "user-agent" for name, _ in pairs):
                pairs.append(("User-Agent", urllib3_connection._get_default_user_agent()))
            host = f"[{self.host}]" if ":" in self.host else self.host
            port = "" if self.port in (None, self.default_port) else f":{self.port}"
            self._noted = {
                "method": method,
                "target": url,
                "url": url if "://" in url else f"{self.scheme}://{host}{port}{url}",
                "headers": [(name, value) for name, value in pairs if name.lower() not in _HOST_HEADERS],
                "body": content,
                "connect_timeout": self.timeout,
                "preload_content": preload_content,
            }

        def getresponse(self) -> HTTPResponse:  # type: ignore[override]
            noted, self._noted = self._noted, None
            if noted is None:
                raise http.client.ResponseNotReady("no request was sent")
            try:
                exchange = fetch(
                    noted["method"],
                    noted["url"],
                    noted["headers"],
                    noted["body"],
                    connect_timeout=noted["connect_timeout"],
                    read_timeout=self.timeout,
                )
            except FetchError as error:
                raise head_error(error, self, noted["connect_timeout"]) from error
            head = exchange.head
            encoded = any(name.lower() == "content-encoding" for name, _ in head.headers)
            headers = HTTPHeaderDict()
            for name, value in head.headers:
                if not (encoded and name.lower() in _TRANSFER_HEADERS):
                    headers.add(name, value)
            body = ResponseBody(exchange)
            return HTTPResponse(
                body=body,
                headers=headers,
                status=head.status,
                version=11,
                version_string="HTTP/1.1",
                reason=head.reason or http.client.responses.get(head.status, ""),
                preload_content=noted["preload_content"],
                decode_content=False,
                enforce_content_length=False,
                original_response=OriginalResponse(head, body),  # type: ignore[arg-type]
                request_method=noted["method"],
                request_url=noted["target"],
            )

    class FetchSecureConnection(FetchConnection, urllib3_connection.HTTPSConnection):
        """The host verifies certificate and host name, always."""

        scheme = "https"

        def connect(self) -> None:
            super().connect()
            if str(self.cert_reqs) in ("CERT_NONE", "VerifyMode.CERT_NONE", "0"):
                raise NotImplementedError("TLS is always verified in this runtime: remove verify=False")
            for name in ("cert_file", "key_file", "assert_hostname", "assert_fingerprint"):
                if getattr(self, name, None):
                    raise NotImplementedError(f"{name} is not available in this runtime")
            self.is_verified = True

    for cls, name in ((FetchConnection, "HTTPConnection"), (FetchSecureConnection, "HTTPSConnection")):
        cls.__name__ = cls.__qualname__ = name
        cls.__module__ = "urllib3.connection"
    return FetchConnection, FetchSecureConnection


_originals: dict[str, Any] = {}


def _inject(fetch: Fetcher) -> None:
    """Put the connection classes where urllib3 takes them from, keeping what was there."""
    import urllib3.connection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

    plain, secure = _connection_classes(fetch)
    places: list[tuple[Any, str, Any]] = [
        (HTTPConnectionPool, "ConnectionCls", plain),
        (HTTPSConnectionPool, "ConnectionCls", secure),
        (urllib3.connection, "HTTPConnection", plain),
        (urllib3.connection, "HTTPSConnection", secure),
        (urllib3.connection, "VerifiedHTTPSConnection", secure),
    ]
    _originals["places"] = [(owner, name, getattr(owner, name)) for owner, name, _ in places]
    for owner, name, replacement in places:
        setattr(owner, name, replacement)


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Answers for ``urllib3.contrib.emscripten`` alone."""

    def __init__(self, fetch: Fetcher) -> None:
        self._fetch = fetch

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: types.ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != _REPLACED:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def exec_module(self, module: types.ModuleType) -> None:
        module.inject_into_urllib3 = lambda: _inject(self._fetch)  # type: ignore[attr-defined]


def install(fetch: Fetcher = _bridge.fetch) -> None:
    """Have urllib3 use ``fetch``, now if it is imported already, else when it is."""
    if "finder" in _originals:
        return
    finder = _Finder(fetch)
    sys.meta_path.insert(0, finder)
    _originals["finder"] = finder
    if "urllib3" in sys.modules:
        _inject(fetch)


def uninstall() -> None:
    """Give urllib3 its own classes back."""
    finder = _originals.pop("finder", None)
    if finder is not None:
        sys.meta_path.remove(finder)
    for owner, name, original in _originals.pop("places", []):
        setattr(owner, name, original)
    sys.modules.pop(_REPLACED, None)
