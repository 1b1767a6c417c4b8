"""Sockets for the standard library: what CPython leaves out under Emscripten, and asyncio's part of them.

``_socket`` and ``select`` are CPython's own; their calls of the system block a task as any wait does
(jspi/guest/sockets.cc). asyncio's loop gets the readers, writers and transports of asyncio's selector loop, which are
imported when they are first used.
"""

from __future__ import annotations

import _socket
import socket
import sys
from asyncio import AbstractEventLoop, Handle
from collections.abc import Callable
from functools import cached_property
from inspect import iscoroutinefunction
from typing import Any
from weakref import WeakValueDictionary

import _blockon
from pyodide.webloop import WebLoop

__all__ = ["install"]

_READ, _WRITE = 1, 4  # POLLIN, POLLOUT

# The folder beside the standard library with Pyodide's modules that others stand in for (tools/standard_library.py).
_PYODIDES_MODULES = "_pyodide_stdlib"

# What CPython was built without: the options that a socket of the engine knows (jspi/net/socket_table.cc).
_CONSTANTS = {
    "IP_TOS": 1,
    "IP_TTL": 2,
    "SO_BROADCAST": 6,
    "SO_DOMAIN": 39,
    "SO_ERROR": 4,
    "SO_KEEPALIVE": 9,
    "SO_LINGER": 13,
    "SO_PROTOCOL": 38,
    "SO_RCVBUF": 8,
    "SO_REUSEADDR": 2,
    "SO_REUSEPORT": 15,
    "SO_SNDBUF": 7,
    "SO_TYPE": 3,
    "TCP_KEEPCNT": 6,
    "TCP_KEEPIDLE": 4,
    "TCP_KEEPINTVL": 5,
    "TCP_MAXSEG": 2,
    "TCP_NODELAY": 1,
    "TCP_QUICKACK": 12,
    "TCP_USER_TIMEOUT": 18,
}

# What the loop takes over of asyncio's own loops, by class of asyncio.
_FROM_BASE = (
    "_connect_sock",
    "_create_connection_transport",
    "_ensure_resolved",
    "_sendfile_fallback",
    "_sock_sendfile_fallback",
    "_sock_sendfile_native",
    "create_connection",
    "sendfile",
    "sock_sendfile",
    "start_tls",
)
_FROM_SELECTOR = (
    "_make_socket_transport",
    "_make_ssl_transport",
    "_ensure_fd_no_transport",
    "_sendfile_native",
    "_sock_connect",
    "_sock_connect_cb",
    "_sock_read_done",
    "_sock_recv",
    "_sock_recv_into",
    "_sock_recvfrom",
    "_sock_recvfrom_into",
    "_sock_sendall",
    "_sock_sendto",
    "_sock_write_done",
    "sock_connect",
    "sock_recv",
    "sock_recv_into",
    "sock_recvfrom",
    "sock_recvfrom_into",
    "sock_sendall",
    "sock_sendto",
)


class _Watch:
    """A reader or writer of the loop: its handle runs each time that the socket is ready, until it is removed."""

    __slots__ = ("_handle", "_number")

    def __init__(self, loop: AbstractEventLoop, fd: int, events: int, handle: Handle) -> None:
        self._handle: Handle | None = handle
        self._number: int = _blockon.watch_socket(fd, events, Handle(self._ready, (), loop))

    def _ready(self) -> None:
        handle = self._handle
        if handle is None:
            return
        try:
            handle._run()
        finally:
            if self._handle is handle:
                _blockon.rewatch_socket(self._number)

    def end(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            handle.cancel()
            _blockon.unwatch_socket(self._number)


def _descriptor(file: Any) -> int:
    """The number of a file or socket. Raises ValueError for what has none."""
    number = file if isinstance(file, int) else getattr(file, "fileno", lambda: None)()
    if not isinstance(number, int) or number < 0:
        raise ValueError(f"Invalid file object: {file!r}")
    return number


def _add(loop: Any, file: Any, events: int, callback: Callable[..., Any], args: tuple[Any, ...]) -> Handle:
    fd = _descriptor(file)
    watches = loop._blockon_watches
    former = watches.pop((fd, events), None)
    if former is not None:
        former.end()
    handle = Handle(callback, args, loop)
    watches[fd, events] = _Watch(loop, fd, events, handle)
    return handle


def _remove(loop: Any, file: Any, events: int) -> bool:
    watch = loop._blockon_watches.pop((_descriptor(file), events), None)
    if watch is None:
        return False
    watch.end()
    return True


def _add_reader(self: Any, fd: Any, callback: Callable[..., Any], *args: Any) -> Handle:
    return _add(self, fd, _READ, callback, args)


def _remove_reader(self: Any, fd: Any) -> bool:
    return _remove(self, fd, _READ)


def _add_writer(self: Any, fd: Any, callback: Callable[..., Any], *args: Any) -> Handle:
    return _add(self, fd, _WRITE, callback, args)


def _remove_writer(self: Any, fd: Any) -> bool:
    return _remove(self, fd, _WRITE)


def _public(internal: Callable[..., Any]) -> Callable[..., Any]:
    """The public method: it refuses a descriptor that a transport has."""

    def method(self: Any, fd: Any, *args: Any) -> Any:
        self._ensure_fd_no_transport(fd)
        result = internal(self, fd, *args)
        return result if isinstance(result, bool) else None

    return method


async def _getaddrinfo(
    _self: Any,
    host: Any,
    port: Any,
    *,
    family: int = 0,
    type: int = 0,  # noqa: A002 - as asyncio names it
    proto: int = 0,
    flags: int = 0,
) -> Any:
    return socket.getaddrinfo(host, port, family, type, proto, flags)


async def _getnameinfo(_self: Any, sockaddr: Any, flags: int = 0) -> Any:
    return socket.getnameinfo(sockaddr, flags)


_OWN: dict[str, Callable[..., Any]] = {
    "_add_reader": _add_reader,
    "_add_writer": _add_writer,
    "_remove_reader": _remove_reader,
    "_remove_writer": _remove_writer,
    "add_reader": _public(_add_reader),
    "add_writer": _public(_add_writer),
    "getaddrinfo": _getaddrinfo,
    "getnameinfo": _getnameinfo,
    "remove_reader": _public(_remove_reader),
    "remove_writer": _public(_remove_writer),
}


def _complete() -> None:
    """Give the loop the methods themselves."""
    from asyncio.base_events import BaseEventLoop
    from asyncio.selector_events import BaseSelectorEventLoop

    loop: Any = WebLoop
    for owner, names in ((BaseEventLoop, _FROM_BASE), (BaseSelectorEventLoop, _FROM_SELECTOR)):
        for name in names:
            setattr(loop, name, owner.__dict__[name])
    for name, method in _OWN.items():
        setattr(loop, name, method)


def _late(name: str, former: Callable[..., Any]) -> Callable[..., Any]:
    """The method that completes the loop; of the kind of the former one, which programs look at."""

    def method(self: Any, *args: Any, **keywords: Any) -> Any:
        _complete()
        return getattr(self, name)(*args, **keywords)

    async def coroutine_method(self: Any, *args: Any, **keywords: Any) -> Any:
        return await method(self, *args, **keywords)

    made = coroutine_method if iscoroutinefunction(former) else method
    made.__name__ = name
    return made


def _socketpair(
    family: int | None = None,
    type: int = socket.SOCK_STREAM,  # noqa: A002 - as socket names it
    proto: int = 0,
) -> Any:
    """Return two sockets that are connected with one another. Raises ValueError for other than streams."""
    family = socket.AF_INET if family is None else family
    if family not in (socket.AF_INET, socket.AF_INET6):
        raise ValueError("Only AF_INET and AF_INET6 socket address families are supported")
    if type != socket.SOCK_STREAM:
        raise ValueError("Only SOCK_STREAM socket type is supported")
    if proto != 0:
        raise ValueError("Only protocol zero is supported")
    one, other = _blockon.socket_pair()
    return socket.socket(family, type, proto, one), socket.socket(family, type, proto, other)


class _NoSelector:
    """What the representation of a transport asks for the events of its socket."""

    def get_key(self, fd: int) -> Any:
        raise KeyError(fd)


_LOOP_ATTRIBUTES: dict[str, Any] = {
    "_debug": False,
    "_selector": _NoSelector(),
    "_transports": cached_property(lambda _self: WeakValueDictionary()),
    "_blockon_watches": cached_property(lambda _self: {}),
}
_originals: dict[str, Any] = {}


def install() -> None:
    """Complete ``socket`` and asyncio's loop. Loops that exist already take it on."""
    _blockon.complete_socket(_socket)
    _blockon.use_ipv6(True)
    _socket.has_ipv6 = socket.has_ipv6 = True
    socket.socketpair = _socketpair
    for name, number in _CONSTANTS.items():
        if not hasattr(socket, name):
            setattr(socket, name, number)
    loop: Any = WebLoop
    for name, value in _LOOP_ATTRIBUTES.items():
        if isinstance(value, cached_property):
            value.__set_name__(WebLoop, name)
        setattr(loop, name, value)
    for name in (*_FROM_BASE, *_FROM_SELECTOR, *_OWN):
        if not name.startswith("_"):
            _originals[name] = WebLoop.__dict__[name]
            setattr(loop, name, _late(name, _originals[name]))


def uninstall() -> None:
    """Give the loop Pyodide's methods back, and ``ssl`` Pyodide's module, for Pyodide's sockets."""
    for name, original in _originals.items():
        setattr(WebLoop, name, original)
    _blockon.use_ipv6(False)
    _socket.has_ipv6 = socket.has_ipv6 = False
    use_pyodides_ssl()


def use_pyodides_ssl() -> None:
    """Have ``ssl`` be Pyodide's module from now on, which verifies no certificate.

    Who has imported the one of this runtime keeps it: it is one of TLS over any socket.
    """
    library = socket.__file__.rpartition("/")[0]
    upstream = f"{library}/{_PYODIDES_MODULES}"
    if upstream not in sys.path:
        sys.path.insert(sys.path.index(library), upstream)
        for name in ("ssl", "_ssl"):
            sys.modules.pop(name, None)
