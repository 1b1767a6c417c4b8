"""SSLObject: TLS between two MemoryBIOs, for those who carry the bytes themselves."""

from __future__ import annotations

from typing import Any

from ._connection import BioConnection
from ._context import SSLContext
from ._facts import ConnectionFacts, server_name

__all__ = ["SSLObject"]


class SSLObject(ConnectionFacts):
    """A connection without a socket; SSLContext.wrap_bio makes it."""

    server_side: bool
    server_hostname: str | None

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        raise TypeError(
            f"{type(self).__name__} does not have a public constructor. "
            "Instances are returned by SSLContext.wrap_bio()."
        )

    @classmethod
    def _create(
        cls,
        incoming: Any,
        outgoing: Any,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: Any = None,
        context: Any = None,
    ) -> SSLObject:
        self = cls.__new__(cls)
        self._context = context
        self.server_side = bool(server_side)
        self.server_hostname = server_name(server_hostname)
        self._sslobj = BioConnection(
            incoming,
            outgoing,
            context=context,
            server_side=self.server_side,
            server_hostname=self.server_hostname,
            owner=self,
            session=session,
        )
        return self

    def read(self, len: int = 1024, buffer: Any = None) -> Any:  # noqa: A002 - the standard library's name
        """Return up to `len` bytes, or read them into the buffer and return how many."""
        if buffer is None:
            return self._sslobj.read(len)
        view = memoryview(buffer).cast("B")
        return self._sslobj.read_into(view[:len] if 0 < len < view.nbytes else view)

    def write(self, data: Any) -> int:
        """Encrypt the bytes, and return how many there are."""
        return self._sslobj.write(data)

    def pending(self) -> int:
        """Return how many bytes can be read without more input."""
        return self._sslobj.pending()

    def do_handshake(self) -> None:
        self._sslobj.do_handshake()

    def unwrap(self) -> None:
        """Close the connection: send close_notify, and read the peer's."""
        self._sslobj.shutdown()


SSLObject.__module__ = "ssl"
SSLContext.sslobject_class = SSLObject
