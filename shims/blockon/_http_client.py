"""``http.client`` with its header fields read by the guest (jspi/guest/http_fields.h).

The email package takes most of the time of a short answer, to find that a head has no parts, defects or folded lines.
Where it has one of those, the package does what it did.
"""

from __future__ import annotations

import http.client as client
from email._policybase import compat32
from email.message import Message
from http.client import HTTPMessage
from io import BufferedReader
from typing import Any

import _blockon

__all__ = ["install"]

_parse_headers: Any = client.parse_headers
_putheader: Any = client.HTTPConnection.putheader
_REQUEST_STARTED: Any = client._CS_REQ_STARTED  # type: ignore[attr-defined]


def parse_headers(fp: Any, _class: type = HTTPMessage) -> Any:
    """Parses only RFC 5322 headers from a file pointer."""
    if _class is HTTPMessage and type(fp) is BufferedReader:
        plain = _blockon.parse_fields(fp.peek(), client._MAXLINE, client._MAXHEADERS)  # type: ignore[attr-defined]
        if plain is not None:
            size, fields = plain
            fp.read(size)
            message: Any = HTTPMessage()
            message._headers = fields
            message._payload = ""
            return message
    return _parse_headers(fp, _class)


def get(self: Any, name: Any, failobj: Any = None) -> Any:
    """Get a header value, as email.message.Message.get() does."""
    if self.policy is compat32:
        found = _blockon.find_field(self._headers, name)
        if found is not NotImplemented:
            return failobj if found is None else found
    return Message.get(self, name, failobj)


def items(self: Any) -> list[tuple[str, Any]]:
    """Get all the message's header fields and values, as email.message.Message.items() does."""
    if self.policy is compat32 and _blockon.are_fields_plain(self._headers):
        return self._headers.copy()
    return Message.items(self)


def putheader(self: Any, header: Any, *values: Any) -> None:
    """Send a request header line to the server, as http.client.HTTPConnection.putheader() does."""
    if len(values) == 1 and self._HTTPConnection__state == _REQUEST_STARTED:
        line = _blockon.write_field(header, values[0])
        if line is not None:
            self._output(line)
            return
    _putheader(self, header, *values)


def install(module: object) -> None:
    """Put them in place, but not in one that was imported anew. What is derived from HTTPMessage has them too."""
    if module is not client:
        return
    client.parse_headers = parse_headers  # type: ignore[assignment]
    client.HTTPConnection.putheader = putheader  # type: ignore[method-assign]
    HTTPMessage.get = get  # type: ignore[method-assign]
    HTTPMessage.items = items  # type: ignore[method-assign]
