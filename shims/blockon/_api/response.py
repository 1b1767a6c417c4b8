"""Responses: what handlers return."""

from __future__ import annotations

import datetime
import json as json_module
from collections.abc import AsyncIterable, Iterable
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import quote

from .contents import TEXT, as_bytes, to_json
from .cookies import SameSite, set_cookie_value
from .forms import content_type
from .headers import MutableHeaders, Raw
from .urls import URL

__all__ = ["HTMLResponse", "JSONResponse", "RedirectResponse", "Response", "StreamingResponse"]

_WITHOUT_BODY = (204, 205, 304)
_LONG_AGO = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


class _Head:
    """Status and header, which all responses have."""

    media_type: ClassVar[str | None] = None

    def __init__(self, status_code: int, headers: Raw | None, media_type: str | None) -> None:
        if not isinstance(status_code, int) or not 200 <= status_code <= 599:
            raise ValueError(f"the status of a response is a number from 200 to 599, not {status_code!r}")
        self.status_code = int(status_code)
        self.headers = MutableHeaders(headers)
        given = media_type or self.media_type
        if given is not None and "content-type" not in self.headers:
            self.headers.append("content-type", given)

    def set_cookie(
        self,
        name: str,
        value: str = "",
        *,
        max_age: int | None = None,
        expires: datetime.datetime | int | None = None,
        path: str | None = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = False,
        samesite: SameSite | None = "lax",
    ) -> None:
        """Have the client keep a cookie.

        ``max_age`` is in seconds, ``expires`` a time with a time zone, or seconds from now. Without both it ends with
        the browser. Raises ValueError for what no cookie can hold.
        """
        made = set_cookie_value(name, value, max_age, expires, path, domain, secure, httponly, samesite)
        self.headers.append("set-cookie", made)

    def delete_cookie(self, name: str, *, path: str | None = "/", domain: str | None = None) -> None:
        """Have the client forget a cookie, which was set with this path and domain."""
        self.set_cookie(name, max_age=0, expires=_LONG_AGO, path=path, domain=domain)

    def __repr__(self) -> str:
        reason = next((status.phrase for status in HTTPStatus if status == self.status_code), "")
        return f"<{type(self).__name__} {self.status_code} {reason}>".replace(" >", ">")


class Response(_Head):
    """A response with a whole body; also what ``env.SERVICE.fetch`` gives."""

    def __init__(
        self,
        content: bytes | bytearray | memoryview | str | None = None,
        status_code: int = 200,
        headers: Raw | None = None,
        media_type: str | None = None,
    ) -> None:
        """``content`` is bytes, or text, which is sent in UTF-8 as ``text/plain`` unless it has another type.

        ``media_type`` is its Content-Type, unless ``headers`` have one. Raises TypeError for other content, ValueError
        for a status, a header or a body that cannot be.
        """
        if isinstance(content, str):
            body = content.encode()
            media_type = media_type or self.media_type or TEXT
        elif content is None:
            body = b""
        else:
            body = as_bytes(content, "the content of a Response")
        super().__init__(status_code, headers, media_type)
        if body and status_code in _WITHOUT_BODY:
            raise ValueError(f"a response with the status {status_code} has no body")
        self.body: bytes = body

    def text(self) -> str:
        """The body as text, by the charset of its Content-Type, UTF-8 without. Raises ValueError for what is none."""
        charset = content_type(self.headers.get("content-type", ""))[1].get("charset", "utf-8")
        try:
            return self.body.decode(charset)
        except LookupError as error:
            raise ValueError(f"the response's body is in an unknown charset: {charset!r}") from error

    def json(self) -> Any:
        """The body as JSON. Raises ValueError (json.JSONDecodeError) for what is none."""
        return json_module.loads(self.body)

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status_code < 300


class HTMLResponse(Response):
    """A page: ``text/html`` in UTF-8."""

    media_type = "text/html; charset=utf-8"


class JSONResponse(Response):
    """A value as JSON."""

    media_type = "application/json"

    def __init__(self, content: Any, status_code: int = 200, headers: Raw | None = None) -> None:
        """Encode the value. Raises TypeError for what has no JSON, ValueError for NaN and infinities."""
        super().__init__(to_json(content), status_code, headers)


class RedirectResponse(Response):
    """Sends the client to another URL."""

    def __init__(self, url: str | URL, status_code: int = 307, headers: Raw | None = None) -> None:
        """307 keeps the method, 303 makes it GET, 308 and 301 are for ever. What no URL holds is percent-encoded."""
        if not 300 <= status_code < 400:
            raise ValueError(f"the status of a RedirectResponse is a number from 300 to 399, not {status_code!r}")
        super().__init__(None, status_code, headers)
        self.headers["location"] = quote(str(url), safe=":/%#?=@[]!$&'()*+,;")


class StreamingResponse(_Head):
    """A response whose body comes to be while it is sent.

    The next piece is asked for when the client has taken those before, but for 256 KiB. When the client goes, or when
    a piece fails, the iterator is closed (its ``finally`` runs), and what failed is logged: the client notices that its
    body is not whole.
    """

    def __init__(
        self,
        content: Iterable[bytes | str] | AsyncIterable[bytes | str],
        status_code: int = 200,
        headers: Raw | None = None,
        media_type: str | None = None,
    ) -> None:
        """``content`` is an iterable or asynchronous iterable of pieces, as a generator; the former may block.

        Raises TypeError for what is neither.
        """
        if isinstance(content, (str, bytes, bytearray, memoryview)):
            raise TypeError("StreamingResponse takes an iterable of pieces: a whole body is for Response")
        if not hasattr(content, "__iter__") and not hasattr(content, "__aiter__"):
            hint = ": call it" if callable(content) else ""
            raise TypeError(f"StreamingResponse takes an iterable of pieces, not {type(content).__name__}{hint}")
        super().__init__(status_code, headers, media_type)
        if status_code in _WITHOUT_BODY:
            raise ValueError(f"a response with the status {status_code} has no body")
        self.content = content
