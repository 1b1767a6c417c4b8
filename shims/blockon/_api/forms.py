"""Forms in a request's body: application/x-www-form-urlencoded and multipart/form-data. https://www.rfc-editor.org/rfc/rfc7578"""

from __future__ import annotations

import email.message
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from .headers import Headers
from .multidict import MultiDict

__all__ = ["FormData", "FormError", "UploadFile", "content_type", "parse_form"]

_URLENCODED = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_MOST_FIELDS = 1000
# What browsers escape in a name.
_percent = re.compile(r"%(0[AaDd]|22)")


class FormError(ValueError):
    """The body is not the form that it is said to be; the text says where."""


@dataclass(frozen=True)
class UploadFile:
    """A file of a form."""

    filename: str
    """As the client names it; no path to be trusted."""
    content: bytes = field(repr=False)
    """All of it."""
    headers: Headers = field(repr=False)
    """Those of this part of the form."""

    @property
    def content_type(self) -> str | None:
        """The type that the client gives."""
        return self.headers.get("content-type")

    @property
    def size(self) -> int:
        """The bytes of the content."""
        return len(self.content)


class FormData(MultiDict[str | UploadFile]):
    """The fields of a form; a file is an ``UploadFile``."""

    __slots__ = ()


def content_type(value: str) -> tuple[str, dict[str, str]]:
    """The type in lower case, and its parameters."""
    message = email.message.Message()
    message["content-type"] = value
    parameters = message.get_params([], "content-type")
    return parameters[0][0].lower() if parameters else "", {name.lower(): text for name, text in parameters[1:]}


def parse_form(body: bytes, header: str | None) -> FormData:
    """The form in a body with this Content-Type. Raises FormError."""
    if header is None:
        if not body:
            return FormData()
        raise FormError(f"the body is no form: it has no Content-Type, and forms have {_URLENCODED} or {_MULTIPART}")
    kind, parameters = content_type(header)
    if kind == _URLENCODED:
        return _urlencoded(body)
    if kind == _MULTIPART:
        boundary = parameters.get("boundary")
        if not boundary:
            raise FormError(f"the Content-Type of the form has no boundary: {header!r}")
        return FormData(_multipart(body, boundary.encode("latin-1", "replace")))
    raise FormError(f"the body is no form: its Content-Type is {kind}, and forms have {_URLENCODED} or {_MULTIPART}")


def _urlencoded(body: bytes) -> FormData:
    try:
        return FormData(parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS))
    except ValueError as error:
        raise FormError(f"the form cannot be read: {error}") from error


def _multipart(body: bytes, boundary: bytes) -> list[tuple[str, str | UploadFile]]:
    delimiter = b"\r\n--" + boundary
    # As if a line ended before the first delimiter, which stands at the beginning, or behind a preamble.
    rest = b"\r\n" + body
    at = rest.find(delimiter)
    if at < 0:
        raise FormError("the form has no part: its boundary is nowhere in the body")
    fields: list[tuple[str, str | UploadFile]] = []
    while True:
        start = at + len(delimiter)
        if rest.startswith(b"--", start):
            return fields
        line_end = rest.find(b"\r\n", start)
        if line_end < 0 or rest[start:line_end].strip(b" \t"):
            raise FormError(
                f"the form is broken behind its part {len(fields)}: a boundary is not followed by a line's end"
            )
        at = rest.find(delimiter, line_end)
        if at < 0:
            raise FormError(f"the form ends within its part {len(fields) + 1}: the last boundary is missing")
        if len(fields) == _MOST_FIELDS:
            raise FormError(f"the form has more than {_MOST_FIELDS} fields")
        fields.append(_part(rest[line_end + 2 : at], len(fields) + 1))


def _part(part: bytes, number: int) -> tuple[str, str | UploadFile]:
    if part.startswith(b"\r\n"):
        head, content = b"", part[2:]
    else:
        head, between, content = part.partition(b"\r\n\r\n")
        if not between:
            raise FormError(f"the part {number} of the form has no empty line behind its header")
    headers: list[tuple[bytes, bytes]] = []
    for line in head.split(b"\r\n") if head else ():
        field_name, colon, value = line.partition(b":")
        if not colon:
            raise FormError(f"the part {number} of the form has a line in its header that is no field: {line[:80]!r}")
        headers.append((field_name.strip().lower(), value.strip()))
    fields = Headers(raw=headers)
    disposition = _disposition(headers)
    if "name" not in disposition:
        raise FormError(f"the part {number} of the form has no name in its Content-Disposition")
    name, filename = disposition["name"], disposition.get("filename")
    if filename is not None:
        return name, UploadFile(filename, content, fields)
    charset = content_type(fields.get("content-type", ""))[1].get("charset", "utf-8")
    try:
        return name, content.decode(charset)
    except (LookupError, UnicodeDecodeError) as error:
        raise FormError(f"the field {name} of the form is no text of {charset}: {error}") from error


_parameter = re.compile(r';\s*([\w*]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))')


def _disposition(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """The parameters of Content-Disposition, which is in UTF-8 here, escaped as browsers do."""
    value = next((value for name, value in headers if name == b"content-disposition"), b"").decode("utf-8", "replace")
    found = {}
    for name, quoted, plain in _parameter.findall(value):
        text = re.sub(r"\\([\"\\])", r"\1", quoted) if quoted else plain
        found[name.lower()] = _percent.sub(lambda each: chr(int(each[1], 16)), text)
    return found
