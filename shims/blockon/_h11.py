"""httpcore's use of h11, with the plain exchanges done by the guest (jspi/guest/http_messages.h).

A connection in which a request with a body of known length was sent, and an answer of known length comes back, on a
connection that is kept, need not go through h11's state machine. Whatever else happens, at any moment, the connection
tells h11 what has been, and is h11's own from there to the end of the exchange.
"""

from __future__ import annotations

from typing import Any

import _blockon
import h11
from h11 import _connection, _events, _headers

__all__ = ["Connection", "install"]

# Those whose inner parts are known here.
_KNOWN = ("0.14.", "0.15.", "0.16.")

_normalize_and_validate: Any = _headers.normalize_and_validate
_set = object.__setattr__


# Where a plain exchange is; an unusual one is h11's.
_UNUSUAL, _IDLE, _SENDING, _SENT, _RECEIVING, _DONE = range(-1, 5)
_OURS = {_SENDING: h11.SEND_BODY, _SENT: h11.DONE, _RECEIVING: h11.DONE, _DONE: h11.DONE}
_THEIRS = {_SENDING: h11.SEND_RESPONSE, _SENT: h11.SEND_RESPONSE, _RECEIVING: h11.SEND_BODY, _DONE: h11.DONE}


class _Sent:
    """A body that has been sent, of which h11 is told the size."""

    def __init__(self, size: int) -> None:
        self._size = size

    def __len__(self) -> int:
        return self._size


def normalize_and_validate(headers: Any, _parsed: bool = False) -> Any:
    """What h11 makes of headers."""
    fields = None if _parsed else _blockon.normalize_fields(headers)
    return _normalize_and_validate(headers, _parsed) if fields is None else _headers.Headers(fields)


class Connection(h11.Connection):
    """An h11.Connection of a client."""

    def __init__(self, our_role: Any, max_incomplete_event_size: int) -> None:
        super().__init__(our_role, max_incomplete_event_size)
        self._step = _IDLE
        self._request: Any = None
        self._left = 0  # bytes of the body that is sent, or received
        self._length = 0  # of the body that is received
        self._received: bytes | bytearray = b""
        self._searched = 0  # bytes of it in which no head ends
        self._is_closed = False
        self._end = h11.EndOfMessage()

    def _be_unusual(self) -> None:
        """Tell h11 what has been, if it does not know, and leave the rest of the exchange to it."""
        step, self._step = self._step, _UNUSUAL
        if step == _UNUSUAL:
            return
        if step >= _SENDING:
            super().send_with_data_passthrough(self._request)
            sent = self._request_length() - (self._left if step == _SENDING else 0)
            if sent:
                super().send_with_data_passthrough(h11.Data(data=_Sent(sent)))
        if step >= _SENT:
            super().send_with_data_passthrough(h11.EndOfMessage())
        if step >= _RECEIVING:
            super().receive_data(b"HTTP/1.1 200 \r\nContent-Length: %d\r\n\r\n" % self._length)
            super().next_event()
            if self._length:
                self._reader._remaining = self._left
        if step == _DONE:
            super().next_event()
        if self._received:
            super().receive_data(self._received)
        if self._is_closed:
            super().receive_data(b"")
        self._received = b""
        self._searched = 0
        self._is_closed = False

    def _request_length(self) -> int:
        return next(
            (int(value) for _, name, value in self._request.headers._full_items if name == b"content-length"), 0
        )

    def send(self, event: Any) -> Any:
        step = self._step
        if step == _SENDING:
            if type(event) is h11.Data:
                size = len(event.data)
                if size <= self._left:
                    self._left -= size
                    return bytes(event.data)
            elif type(event) is h11.EndOfMessage and self._left == 0 and not event.headers:
                self._step = _SENT
                return b""
        elif step == _IDLE and type(event) is h11.Request and event.http_version == b"1.1" and not self._received:
            head = _blockon.write_request_head(event.method, event.target, event.headers._full_items)
            if head is not None:
                self._request = event
                self._step = _SENDING
                data, self._left = head
                return data
        self._be_unusual()
        return super().send(event)

    def receive_data(self, data: Any) -> None:
        if self._step == _UNUSUAL or self._is_closed:
            self._be_unusual()
            super().receive_data(data)
        elif not data:
            self._is_closed = True
        elif not self._received:
            self._received = bytes(data)
        else:
            if type(self._received) is bytes:
                self._received = bytearray(self._received)
            self._received += data

    def next_event(self) -> Any:
        if self._step == _SENT:
            return self._next_response()
        if self._step == _RECEIVING:
            if self._left == 0:
                self._step = _DONE
                return self._end
            data = bytes(self._received[: self._left])
            if data:
                self._received = self._received[len(data) :]
                self._left -= len(data)
                return h11.Data(data=data)
            if not self._is_closed:
                return h11.NEED_DATA
        self._be_unusual()
        return super().next_event()

    def _may_have_head(self) -> bool:
        """Whether a head may end in what has come: the first piece is told by the guest, others by an empty line."""
        received = self._received
        if type(received) is bytes:
            return True
        start = max(0, self._searched - 2)
        self._searched = len(received)
        return received.find(b"\n\r\n", start) >= 0 or received.find(b"\n\n", start) >= 0

    def _next_response(self) -> Any:
        is_last = self._is_closed or len(self._received) > self._max_incomplete_event_size
        if not is_last and not self._may_have_head():
            return h11.NEED_DATA
        received = bytes(self._received)
        head = _blockon.read_response_head(received, self._request.method)
        if head is None and not is_last:
            return h11.NEED_DATA
        if not head or len(received) - head[0] > head[4]:
            self._be_unusual()
            return super().next_event()
        size, status, reason, fields, self._length = head
        self._left = self._length
        self._received = received[size:]
        self._searched = 0
        self._step = _RECEIVING
        self.their_http_version = b"1.1"
        response = h11.Response.__new__(h11.Response)
        _set(response, "headers", _headers.Headers(fields))
        _set(response, "http_version", b"1.1")
        _set(response, "reason", reason)
        _set(response, "status_code", status)
        return response

    def start_next_cycle(self) -> None:
        if self._step == _DONE and not self._received and not self._is_closed:
            self._request = None
            self._step = _IDLE
            return
        self._be_unusual()
        super().start_next_cycle()
        if not self._receive_buffer and not self._receive_buffer_closed:
            self._step = _IDLE

    @property
    def our_state(self) -> Any:
        return _OURS[self._step] if self._step > _IDLE else super().our_state

    @property
    def their_state(self) -> Any:
        return _THEIRS[self._step] if self._step > _IDLE else super().their_state

    @property
    def trailing_data(self) -> Any:
        return super().trailing_data if self._step == _UNUSUAL else (bytes(self._received), self._is_closed)

    @property
    def states(self) -> Any:
        self._be_unusual()
        return super().states

    def send_with_data_passthrough(self, event: Any) -> Any:
        self._be_unusual()
        return super().send_with_data_passthrough(event)

    def send_failed(self) -> None:
        self._be_unusual()
        super().send_failed()


def install(module: Any) -> bool:
    """Have h11 check fields by the guest. Returns whether this is an h11 whose connections can be stood in for."""
    # One that was imported anew has events of other classes.
    if module is not h11 or not h11.__version__.startswith(_KNOWN):
        return False
    for part in (_headers, _events, _connection):
        part.normalize_and_validate = normalize_and_validate
    return True
