"""SSLSession: what a later connection resumes."""

from __future__ import annotations

import weakref

from ._calls import call

__all__ = ["SSLSession"]


class SSLSession:
    """A session of TLS; connections give them."""

    __slots__ = ("__weakref__", "_context", "_number", "has_ticket", "id", "ticket_lifetime_hint", "time", "timeout")

    _number: int
    _context: object
    id: bytes
    time: int
    timeout: int
    ticket_lifetime_hint: int
    has_ticket: bool

    def __init__(self) -> None:
        raise TypeError("cannot create 'ssl.SSLSession' instances")

    @classmethod
    def _of(cls, number: int, context: object) -> SSLSession:
        self = cls.__new__(cls)
        self._number = number
        self._context = context
        weakref.finalize(self, call, "session_free", number).atexit = False
        self.id, self.time, self.timeout, self.ticket_lifetime_hint, self.has_ticket = call("session_facts", number)
        return self

    def __eq__(self, other: object) -> bool:
        return self.id == other.id if isinstance(other, SSLSession) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.id)


SSLSession.__module__ = "ssl"
