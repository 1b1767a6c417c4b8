"""SSLSocket: a socket whose bytes go through TLS."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from typing import Any, NoReturn

from ._connection import SocketConnection
from ._context import SSLContext
from ._errors import SSLEOFError
from ._facts import ConnectionFacts, server_name

__all__ = ["SSLSocket"]

_NOT_CONNECTED = (errno.ENOTCONN, errno.EINVAL)
_LONGEST_READ = 1024


class _PlainEnd:
    """The socket below: what a connection needs of it."""

    __slots__ = ("_socket",)

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def recv(self, size: int) -> bytes:
        return socket.socket.recv(self._socket, size)

    def send(self, data: Any) -> int:
        return socket.socket.send(self._socket, data)

    def gettimeout(self) -> float | None:
        return self._socket.gettimeout()

    def fileno(self) -> int:
        return self._socket.fileno()


class SSLSocket(ConnectionFacts, socket.socket):
    """A socket with TLS; SSLContext.wrap_socket makes it."""

    server_side: bool
    server_hostname: str | None
    do_handshake_on_connect: bool
    suppress_ragged_eofs: bool

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        raise TypeError(
            f"{type(self).__name__} does not have a public constructor. "
            "Instances are returned by SSLContext.wrap_socket()."
        )

    @classmethod
    def _create(
        cls,
        sock: socket.socket,
        server_side: bool = False,
        do_handshake_on_connect: bool = True,
        suppress_ragged_eofs: bool = True,
        server_hostname: str | bytes | None = None,
        context: Any = None,
        session: Any = None,
    ) -> SSLSocket:
        if sock.type != socket.SOCK_STREAM:
            raise NotImplementedError("only stream sockets are supported")
        if server_side and server_hostname:
            raise ValueError("server_hostname can only be specified in client mode")
        if server_side and session is not None:
            raise ValueError("session can only be specified in client mode")
        if context.check_hostname and not server_hostname:
            raise ValueError("check_hostname requires server_hostname")
        timeout = sock.gettimeout()
        self = cls.__new__(cls)
        socket.socket.__init__(self, sock.family, sock.type, sock.proto, sock.fileno())
        sock.detach()
        self._context = context
        self._session = session
        self._sslobj = None
        self.server_side = server_side
        self.server_hostname = server_name(server_hostname)
        self.do_handshake_on_connect = do_handshake_on_connect
        self.suppress_ragged_eofs = suppress_ragged_eofs
        self._connected = False
        try:
            self.settimeout(timeout)
            if self._has_peer():
                self._start()
        except BaseException:
            self.close()
            raise
        return self

    def _has_peer(self) -> bool:
        try:
            self.getpeername()
        except OSError as error:
            if error.errno not in _NOT_CONNECTED:
                raise
            return False
        return True

    def _start(self) -> None:
        """The socket has a peer now."""
        self._connected = True
        self._sslobj = SocketConnection(
            _PlainEnd(self),
            context=self._context,
            server_side=self.server_side,
            server_hostname=self.server_hostname,
            owner=self,
            session=self._session,
        )
        if self.do_handshake_on_connect:
            if self.gettimeout() == 0:
                raise ValueError("do_handshake_on_connect should not be specified for non-blocking sockets")
            self.do_handshake()

    def dup(self) -> NoReturn:
        raise NotImplementedError(f"Can't dup() {type(self).__name__} instances")

    # Connecting.

    def _connect(self, address: Any, connect: Callable[..., Any]) -> Any:
        if self.server_side:
            raise ValueError("can't connect in server-side mode")
        if self._connected or self._sslobj is not None:
            raise ValueError("attempt to connect already-connected SSLSocket!")
        result = connect(self, address)
        if not result:
            try:
                self._start()
            except BaseException:
                self._sslobj = None
                self._connected = False
                raise
        return result

    def connect(self, addr: Any) -> None:
        """Connect, and make the handshake unless it is left to do_handshake()."""
        self._connect(addr, socket.socket.connect)

    def connect_ex(self, addr: Any) -> int:
        """Connect, and return the number of an error instead of raising it."""
        return self._connect(addr, socket.socket.connect_ex)

    def accept(self) -> tuple[Any, Any]:
        """Accept a connection, and make it one of TLS."""
        plain, address = super().accept()
        wrapped = self.context.wrap_socket(
            plain,
            do_handshake_on_connect=self.do_handshake_on_connect,
            suppress_ragged_eofs=self.suppress_ragged_eofs,
            server_side=True,
        )
        return wrapped, address

    def do_handshake(self, block: bool = False) -> None:
        connection = self._live()
        timeout = self.gettimeout()
        try:
            if timeout == 0 and block:
                self.settimeout(None)
            connection.do_handshake()
        finally:
            self.settimeout(timeout)

    def _live(self) -> Any:
        """The connection; the socket's own error where it has no peer."""
        if self._sslobj is None and not self._connected:
            self.getpeername()
        return self._needed()

    def unwrap(self) -> socket.socket:
        """Close TLS, and return the socket, which is plain again."""
        self._needed().shutdown()
        self._sslobj = None
        return self

    def shutdown(self, how: int) -> None:
        self._sslobj = None
        super().shutdown(how)

    def _real_close(self) -> None:
        self._sslobj = None
        super()._real_close()  # type: ignore[misc]

    # Reading.

    def read(self, len: int = _LONGEST_READ, buffer: Any = None) -> Any:  # noqa: A002 - the standard library's name
        """Read up to `len` bytes, into the buffer if there is one."""
        connection = self._needed()
        try:
            if buffer is None:
                return connection.read(len)
            view = memoryview(buffer).cast("B")
            return connection.read_into(view[:len] if 0 < len < view.nbytes else view)
        except SSLEOFError:
            if not self.suppress_ragged_eofs:
                raise
            return b"" if buffer is None else 0

    def recv(self, buflen: int = _LONGEST_READ, flags: int = 0) -> bytes:
        connection = self._sslobj
        if connection is None:
            return super().recv(buflen, flags)
        self._refuse_flags(flags, "recv")
        try:
            return connection.read(buflen)
        except SSLEOFError:
            if not self.suppress_ragged_eofs:
                raise
            return b""

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        connection = self._sslobj
        if connection is None:
            return super().recv_into(buffer, nbytes or 0, flags)
        self._refuse_flags(flags, "recv_into")
        with memoryview(buffer) as view, view.cast("B") as bytes_:
            part = bytes_[:nbytes] if nbytes else bytes_
            try:
                return connection.read_into(part)
            except SSLEOFError:
                if not self.suppress_ragged_eofs:
                    raise
                return 0

    def pending(self) -> int:
        return 0 if self._sslobj is None else self._sslobj.pending()

    # Writing.

    def write(self, data: Any) -> int:
        """Write some of the bytes, and return how many."""
        return self._needed().write(data)

    def send(self, data: Any, flags: int = 0) -> int:
        connection = self._sslobj
        if connection is None:
            return super().send(data, flags)
        self._refuse_flags(flags, "send")
        return connection.write(data)

    def sendall(self, data: Any, flags: int = 0) -> None:
        connection = self._sslobj
        if connection is None:
            return super().sendall(data, flags)
        self._refuse_flags(flags, "sendall")
        with memoryview(data) as view, view.cast("B") as bytes_:
            sent = 0
            while sent < len(bytes_):
                sent += connection.write(bytes_[sent:])
        return None

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        """Send a file's bytes."""
        if self._sslobj is None:
            return super().sendfile(file, offset, count)
        return self._sendfile_use_send(file, offset, count)  # type: ignore[attr-defined]

    # What TLS has not.

    def _refuse_flags(self, flags: int, name: str) -> None:
        if flags:
            raise ValueError(f"non-zero flags not allowed in calls to {name}() on {type(self)}")

    def _refuse(self, name: str) -> None:
        if self._sslobj is not None:
            raise ValueError(f"{name} not allowed on instances of {type(self)}")

    def sendto(self, data: Any, flags_or_addr: Any, addr: Any = None) -> int:
        self._refuse("sendto")
        return super().sendto(data, flags_or_addr) if addr is None else super().sendto(data, flags_or_addr, addr)

    def recvfrom(self, buflen: int = _LONGEST_READ, flags: int = 0) -> Any:
        self._refuse("recvfrom")
        return super().recvfrom(buflen, flags)

    def recvfrom_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> Any:
        self._refuse("recvfrom_into")
        return super().recvfrom_into(buffer, nbytes or 0, flags)

    def sendmsg(self, *arguments: Any, **keywords: Any) -> NoReturn:
        raise NotImplementedError(f"sendmsg not allowed on instances of {type(self)}")

    def recvmsg(self, *arguments: Any, **keywords: Any) -> NoReturn:
        raise NotImplementedError(f"recvmsg not allowed on instances of {type(self)}")

    def recvmsg_into(self, *arguments: Any, **keywords: Any) -> NoReturn:
        raise NotImplementedError(f"recvmsg_into not allowed on instances of {type(self)}")


SSLSocket.__module__ = "ssl"
SSLContext.sslsocket_class = SSLSocket
