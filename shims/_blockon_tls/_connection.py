"""A connection of TLS: the steps of the engine, and what is to happen between two of them.

A step never waits. Fibers change only where a plain socket is read or written, since the runtime's own code is not
pre-empted (jspi/guest/own_code.h), so what is kept here is whole then: bytes to be sent are taken in order and sent by
one fiber at a time.
"""

from __future__ import annotations

import select
import sys
import time
import weakref
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

from _blockon import tls_handshake, tls_pending, tls_read, tls_read_into, tls_shutdown, tls_write

from ._calls import CONSTANTS, call
from ._errors import PLACE, SSLWantWriteError, raise_failure, want_read, want_write
from ._session import SSLSession

__all__ = ["BioConnection", "Connection", "SocketConnection"]

# What a step returns: see _blockon.tls_handshake.
_FAILED, _CLIENT_HELLO, _WANTS_INPUT = -1, -2, -16
_ZERO_RETURN = 3
_HEADER = 5
_RECORD = 16384
_MOST_INPUT = 256 * 1024
_MOST_OUTPUT = 256 * 1024
_ACCEPTED = -1
_HANDSHAKE_FAILURE = CONSTANTS["ALERT_DESCRIPTION_HANDSHAKE_FAILURE"]
_INTERNAL_ERROR = CONSTANTS["ALERT_DESCRIPTION_INTERNAL_ERROR"]


class Connection:
    """What both kinds of transport have in common."""

    _number = 0
    at_end: Any
    incoming: bytearray
    outgoing: bytearray

    def __init__(self, context: Any, server_side: bool, server_hostname: str | None, owner: Any, session: Any) -> None:
        self.context = context
        self.server_side = server_side
        self.server_hostname = server_hostname
        self._owner = weakref.ref(owner)
        check = context.check_hostname and not server_side
        if check and server_hostname is None:
            raise ValueError("check_hostname requires server_hostname")
        later = context.post_handshake_auth and not server_side
        number = call("connection_new", context._number, int(server_side), server_hostname, int(check), int(later))
        self._number = number
        self._session = session
        if session is not None:
            self.set_session(session)

    def __del__(self) -> None:
        if self._number:
            call("connection_free", self._number)

    def flush(self, deadline: float | None = None) -> None:
        """Send what is to be sent."""
        raise NotImplementedError

    def receive(self, wanted: int, size: int, deadline: float | None, what: str) -> None:
        """Wait for at least one of the `wanted` bytes of the peer, for a read of so many bytes of data."""
        raise NotImplementedError

    def deadline(self) -> float | None:
        raise NotImplementedError

    def _fail(self) -> None:
        failure = call("failure")
        # The peer is told why, if it still listens.
        with suppress(OSError):
            self.flush()
        raise_failure(failure)

    def _go_on(self, status: int, size: int, deadline: float | None, what: str) -> None:
        if status <= _WANTS_INPUT:
            if what == "read":
                # It waits for no writer: the peer may not read before it has written.
                self._answer()
            else:
                self.flush(deadline)
            self.receive(_WANTS_INPUT - status, size, deadline, what)
        elif status == _CLIENT_HELLO:
            self._answer_client_hello()
        else:
            self._fail()

    def _answer_client_hello(self) -> None:
        callback = self.context.sni_callback
        name = call("connection_asked_name", self._number)
        alert = _ACCEPTED
        if callback is not None:
            try:
                answer = callback(self._owner(), name, self.context)
            except Exception:  # noqa: BLE001 - there is nobody to raise it to but the hook
                sys.excepthook(*sys.exc_info())
                alert = _HANDSHAKE_FAILURE
            else:
                if answer is not None:
                    alert = int(answer) if isinstance(answer, int) else _INTERNAL_ERROR
        call("connection_answer_client_hello", self._number, alert)

    def do_handshake(self) -> None:
        deadline = self.deadline()
        try:
            while (status := tls_handshake(self._number, self.incoming, self.at_end, self.outgoing)) < 0:
                self._go_on(status, 0, deadline, "handshake")
        finally:
            self._note_secrets()
        self.flush(deadline)

    def _note_secrets(self) -> None:
        path = self.context.keylog_filename
        if path is not None and (lines := call("connection_secrets", self._number)):
            with Path(path).open("ab") as file:
                file.write(lines)

    def _is_closed(self) -> bool:
        return call("failure")[0] == _ZERO_RETURN

    def read(self, size: int) -> bytes:
        deadline = None
        while type(result := tls_read(self._number, self.incoming, self.at_end, self.outgoing, size)) is int:
            if result == _FAILED and self._is_closed():
                return b""
            if deadline is None:
                deadline = self.deadline()
            self._go_on(result, size, deadline, "read")
        if self.outgoing:
            self._answer()
        return result

    def read_into(self, buffer: Any) -> int:
        deadline = None
        while (result := tls_read_into(self._number, self.incoming, self.at_end, self.outgoing, buffer)) < 0:
            if result == _FAILED and self._is_closed():
                return 0
            if deadline is None:
                deadline = self.deadline()
            self._go_on(result, len(buffer), deadline, "read")
        if self.outgoing:
            self._answer()
        return result

    def _answer(self) -> None:
        """What a read makes TLS say can wait for the next write, where it cannot be sent."""
        with suppress(BlockingIOError, TimeoutError, SSLWantWriteError):
            self.flush()

    def _encrypt(self, data: Any, deadline: float | None) -> int:
        while (result := tls_write(self._number, self.incoming, self.at_end, self.outgoing, data)) < 0:
            self._go_on(result, 0, deadline, "write")
        return result

    def write(self, data: Any) -> int:
        deadline = self.deadline()
        return self._encrypt(data, deadline)

    def shutdown(self) -> None:
        deadline = self.deadline()
        while (status := tls_shutdown(self._number, self.incoming, self.at_end, self.outgoing)) < 0:
            self._go_on(status, 0, deadline, "shutdown")
        self.flush(deadline)

    def pending(self) -> int:
        return tls_pending(self._number)

    def ask(self, name: str, *arguments: Any) -> Any:
        """Call what the engine has for connections by this name."""
        return call(f"connection_{name}", self._number, *arguments)

    # What follows has the names of CPython's _SSLSocket: programs look for them there, as httpcore does.

    def getpeercert(self, binary_form: bool = False, /) -> Any:
        return self.ask("peer_certificate", int(bool(binary_form)))

    def selected_alpn_protocol(self) -> str | None:
        return self.ask("alpn")

    def cipher(self) -> tuple[str, str, int] | None:
        return self.ask("cipher")

    def shared_ciphers(self) -> list[tuple[str, str, int]] | None:
        return self.ask("shared_ciphers")

    def compression(self) -> None:
        return None

    def version(self) -> str | None:
        return self.ask("version")

    def set_context(self, context: Any) -> None:
        self.ask("set_context", context._number)
        self.context = context

    def set_session(self, session: Any) -> None:
        if not isinstance(session, SSLSession):
            raise TypeError("Value is not a SSLSession.")
        if session._context is not self.context:
            raise ValueError("Session refers to a different SSLContext.")
        if self.server_side:
            raise ValueError("Cannot set session for server-side SSLSocket.")
        if self.ask("handshake_done"):
            raise ValueError("Cannot set session after handshake.")
        self.ask("set_session", session._number)

    def session(self) -> SSLSession | None:
        number = self.ask("session")
        return None if number is None else SSLSession._of(number, self.context)


class BioConnection(Connection):
    """Between two MemoryBIOs."""

    def __init__(self, incoming: Any, outgoing: Any, **options: Any) -> None:
        self._incoming = incoming
        self.incoming = incoming._data
        self.outgoing = outgoing._data
        # Kept as long as their bytes are used.
        self._outgoing = outgoing
        super().__init__(**options)

    @property
    def at_end(self) -> bool:
        return self._incoming._at_end

    def flush(self, deadline: float | None = None) -> None:
        return

    def receive(self, wanted: int, size: int, deadline: float | None, what: str) -> None:
        raise want_read()

    def deadline(self) -> float | None:
        return None

    def _answer(self) -> None:
        return


class SocketConnection(Connection):
    """Over a plain socket, or what has its recv, send, gettimeout and fileno."""

    def __init__(self, transport: Any, **options: Any) -> None:
        self._transport = transport
        self.incoming = bytearray()
        self.outgoing = bytearray()
        self.at_end = False
        self._sending = Lock()
        # Taken from outgoing, and not sent yet.
        self._unsent = memoryview(b"")
        # Bytes of data that are encrypted, while their write could not end.
        self._accepted = 0
        super().__init__(**options)

    def deadline(self) -> float | None:
        timeout = self._transport.gettimeout()
        return time.monotonic() + timeout if timeout else None

    def _await(self, event: int, deadline: float | None, message: str) -> None:
        """What is left of the time is for the whole operation, while the socket's timeout is for each of its own."""
        if deadline is None:
            return
        left = deadline - time.monotonic()
        poll = select.poll()
        poll.register(self._transport.fileno(), event)
        if left <= 0 or not poll.poll(left * 1000):
            raise TimeoutError(message)

    def receive(self, wanted: int, size: int, deadline: float | None, what: str) -> None:
        # No more than can be returned, so that a program which waits for the socket finds there what it has not read.
        amount = max(wanted, size) if wanted <= _HEADER else wanted + max(0, size - _RECORD)
        place = f"{PLACE}: " if what == "handshake" else ""
        message = f"{place}The {what} operation timed out"
        if deadline is not None and what != "read":
            self._await(select.POLLIN, deadline, message)
        try:
            data = self._transport.recv(min(amount, _MOST_INPUT))
        except BlockingIOError:
            raise want_read() from None
        except TimeoutError:
            raise TimeoutError(message) from None
        if data:
            self.incoming += data
        else:
            self.at_end = True

    def _answer(self) -> None:
        # Who sends now sends this as well.
        if (self.outgoing or self._unsent) and self._sending.acquire(blocking=False):
            with suppress(BlockingIOError, TimeoutError, SSLWantWriteError):
                self._send()

    def flush(self, deadline: float | None = None) -> None:
        if not self.outgoing and not self._unsent:
            return
        timeout = self._transport.gettimeout()
        if timeout is None:
            self._sending.acquire()
        elif not self._sending.acquire(timeout=timeout):
            raise want_write() if timeout == 0 else TimeoutError("The write operation timed out")
        self._send()

    def _send(self) -> None:
        """All that is to be sent, by who has the lock, which it lets go of."""
        try:
            while self.outgoing or self._unsent:
                if not self._unsent:
                    self._unsent, self.outgoing = memoryview(self.outgoing), bytearray()
                self._unsent = self._unsent[self._transport.send(self._unsent) :]
        except BlockingIOError:
            raise want_write() from None
        except TimeoutError:
            raise TimeoutError("The write operation timed out") from None
        finally:
            self._sending.release()

    def write(self, data: Any) -> int:
        deadline = self.deadline()
        accepted, self._accepted = self._accepted, 0
        if not accepted:
            most = _RECORD if self._transport.gettimeout() == 0 else _MOST_OUTPUT
            accepted = self._encrypt(memoryview(data).cast("B")[:most], deadline)
        try:
            self.flush(deadline)
        except (TimeoutError, SSLWantWriteError):
            self._accepted = accepted
            raise
        return accepted
