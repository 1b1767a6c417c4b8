"""What urllib3 does for each request, done once or in one go, where that cannot be told from what it did.

Each of these stands in a function's place, does what is plain, and leaves the rest to the function itself, before
anything has happened. A function that is not known by its code (``_known_code``) keeps its place, and one that somebody
else has replaced, or that a class overrides, is called as it was.
"""

from __future__ import annotations

import functools
import http.client as client
import re
import select
from collections.abc import Callable, Collection, Iterable
from typing import Any

import _blockon

from ._known_code import are_known

__all__ = ["PAIRS", "change_collections", "change_connection", "change_timeout", "change_url"]

# By CPython 3.14's compiler, of urllib3 2.0 to 2.8.
_REQUEST = {
    "request": frozenset({0x35F3D3D6}),
    "putrequest": frozenset({0xD8853D8A}),
    "putheader": frozenset({0xBA71FCFC}),
}
_CONNECTED = {"is_connected": frozenset({0x0FC99C1B})}
_WAITS = {"wait_for_read": frozenset({0xC2169702}), "poll_wait_for_socket": frozenset({0xC6F7D889})}
_HEADERS = {
    "__init__": frozenset({0xBD01FF93}),
    "extend": frozenset({0xF629D02F, 0x152DB1DB, 0xCFC92F96}),
    "add": frozenset({0x1B0CB364}),
}
_ITEMS = {"__getitem__": frozenset({0x3EF02C04, 0x9F3AAB61})}
_TIMEOUT = {"__init__": frozenset({0xDC22FFBE}), "_validate_timeout": frozenset({0x517C6ED4})}

_WITHOUT_BODY = frozenset({"GET", "HEAD", "DELETE", "TRACE", "OPTIONS"})
_METHODS = _WITHOUT_BODY | {"POST", "PUT", "PATCH"}
_is_target: Any = re.compile("/[!-~]*").fullmatch
_is_host: Any = re.compile("[!-9;-~]+").fullmatch  # no ":", so no address of IPv6

# How the fields of headers are had, by their type: their names in lower case, and pairs of a name and a value.
PAIRS: dict[type, Callable[[Any], tuple[Collection[str], Iterable[Any]]]] = {
    dict: lambda headers: ([name.lower() for name in headers], headers.items()),
}


def _head(connection: Any, method: Any, target: Any, body: bytes | None, headers: Any, agent: str) -> bytes | None:
    """Return what http.client sends before the body; None where that is not plain."""
    of_type = PAIRS.get(type(headers))
    host = connection.host
    if of_type is None or method not in _METHODS or not _is_target(target) or not _is_host(host):
        return None
    names, pairs = of_type(headers)
    if "transfer-encoding" in names:
        return None
    write = _blockon.write_field
    lines: list[bytes | None] = [f"{method} {target} HTTP/1.1".encode("ascii")]
    if "host" not in names:
        port = connection.port
        lines.append(write("Host", host if port == connection.default_port else f"{host}:{port}"))
    if "accept-encoding" not in names:
        lines.append(b"Accept-Encoding: identity")
    if "content-length" not in names and (body is not None or method not in _WITHOUT_BODY):
        lines.append(b"Content-Length: %d" % (0 if body is None else len(body)))
    if "user-agent" not in names:
        lines.append(write("User-Agent", agent))
    for name, value in pairs:
        # What is for urllib3 itself begins like this.
        lines.append(None if type(value) is str and value.startswith("@@@") else write(name, value))
    lines.append(b"")
    lines.append(b"")
    return None if None in lines else b"\r\n".join(lines)  # type: ignore[arg-type]


def change_connection(module: Any) -> None:
    """``request``: the head of a plain one is written at once. ``is_connected``: one poll."""
    _change_is_connected(module)
    class_: Any = module.HTTPConnection
    base: Any = client.HTTPConnection
    if not are_known(class_, _REQUEST):
        return
    original = class_.request
    inherited = (base.putrequest, base.putheader, base.endheaders, base._send_output, base._output)
    own = (class_.putrequest, class_.putheader, *inherited[2:])
    agent = module._get_default_user_agent()
    options = module._ResponseOptions

    def is_as_known(connection: Any) -> bool:
        type_ = type(connection)
        return (
            (type_.putrequest, type_.putheader, type_.endheaders, type_._send_output, type_._output) == own
            and (base.putrequest, base.putheader) == inherited[:2]
            and connection._HTTPConnection__state == client._CS_IDLE  # type: ignore[attr-defined]
            and not connection._buffer
            and connection._tunnel_host is None
            and connection._http_vsn == 11
        )

    @functools.wraps(original)
    def request(
        self: Any,
        method: Any,
        url: Any,
        body: Any = None,
        headers: Any = None,
        *,
        chunked: bool = False,
        preload_content: bool = True,
        decode_content: bool = True,
        enforce_content_length: bool = True,
    ) -> None:
        is_plain = not chunked and (body is None or type(body) is bytes) and type(method) is str and type(url) is str
        head = _head(self, method, url, body, headers, agent) if is_plain and is_as_known(self) else None
        if head is None:
            original(
                self,
                method,
                url,
                body,
                headers,
                chunked=chunked,
                preload_content=preload_content,
                decode_content=decode_content,
                enforce_content_length=enforce_content_length,
            )
            return
        if self.sock is not None:
            self.sock.settimeout(self.timeout)
        self._response_options = options(
            request_method=method,
            request_url=url,
            preload_content=preload_content,
            decode_content=decode_content,
            enforce_content_length=enforce_content_length,
        )
        answer = self._HTTPConnection__response
        if answer and answer.isclosed():
            self._HTTPConnection__response = None
        self._method = method
        self._HTTPConnection__state = client._CS_REQ_SENT  # type: ignore[attr-defined]
        self.send(head)
        if body:
            self.send(body)

    class_.request = request


def change_collections(module: Any) -> None:
    """``HTTPHeaderDict(list)``: pairs are put where they belong without a call for each. ``get``: nothing is raised."""
    class_: Any = module.HTTPHeaderDict
    # A list in it has a name first, and after it each value.
    PAIRS[class_] = lambda headers: (headers._container, headers.iteritems())
    _change_asking(class_)
    if not are_known(class_, _HEADERS):
        return
    original = class_.__init__
    extend, add = class_.extend, class_.add

    @functools.wraps(original)
    def __init__(self: Any, headers: Any = None, **others: Any) -> None:  # noqa: N807 - it is one
        type_ = type(self)
        if type(headers) is not list or others or type_.extend is not extend or type_.add is not add:
            original(self, headers, **others)
            return
        container: dict[str, list[str]] = {}
        for pair in headers:
            if type(pair) is not tuple or len(pair) != 2:
                break
            name, value = pair
            if type(name) is not str or type(value) is not str:
                break
            values = container.setdefault(name.lower(), [name])
            values.append(value)
        else:
            self._container = container
            return
        original(self, headers)

    class_.__init__ = __init__


def _change_asking(class_: Any) -> None:
    if not are_known(class_, _ITEMS) or "get" in vars(class_):
        return
    original = class_.get

    @functools.wraps(original)
    def get(self: Any, key: Any, default: Any = None) -> Any:
        if type(self) is not class_ or type(key) is not str:
            return original(self, key, default)
        values = self._container.get(key.lower())
        return default if values is None else ", ".join(values[1:])

    class_.get = get


def change_timeout(module: Any) -> None:
    """``Timeout``: three numbers are found valid without a call for each of them."""
    class_: Any = module.Timeout
    if not are_known(class_, _TIMEOUT):
        return
    original, unset = class_.__init__, module._DEFAULT_TIMEOUT
    validate = class_._validate_timeout.__func__

    @functools.wraps(original)
    def __init__(self: Any, total: Any = None, connect: Any = unset, read: Any = unset) -> None:  # noqa: N807
        for value in (connect, read, total):
            if value is not None and value is not unset and (type(value) not in (int, float) or not value > 0):
                original(self, total, connect, read)
                return
        if type(self)._validate_timeout.__func__ is not validate:
            original(self, total, connect, read)
            return
        self._connect = connect
        self._read = read
        self.total = total
        self._start_connect = None

    class_.__init__ = __init__


def _change_is_connected(module: Any) -> None:
    from urllib3.util import wait

    class_: Any = module.HTTPConnection
    if not (are_known(class_, _CONNECTED) and are_known(wait, _WAITS)):
        return
    original = class_.is_connected.fget
    usual = (wait.wait_for_read, wait.poll_wait_for_socket)

    @functools.wraps(original)
    def is_connected(self: Any) -> Any:
        # The second is so when something has been waited for.
        if self.sock is None or (module.wait_for_read, wait.wait_for_socket) != usual:
            return original(self)
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return not poll.poll(0.0)

    class_.is_connected = property(is_connected, doc=original.__doc__)


def change_url(module: Any) -> None:
    """``parse_url``: the same text is parsed once, as urllib.parse does. What it returns is a tuple."""
    original = module.parse_url
    of_text = functools.lru_cache(original)

    @functools.wraps(original)
    def parse_url(url: Any) -> Any:
        # What becomes of other text depends on whether there is a package idna.
        return of_text(url) if type(url) is str and url.isascii() else original(url)

    module.parse_url = parse_url
