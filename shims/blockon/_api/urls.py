"""URLs in their parts."""

from __future__ import annotations

from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from .multidict import QueryParams

__all__ = ["URL"]


class URL:
    """A URL: ``str(url)`` is its text, the attributes are its parts, percent-encoded as they came."""

    __slots__ = ("_parts", "_text")

    def __init__(self, url: str | URL) -> None:
        """Take the text. Raises ValueError, when a part is asked for, for what is no URL."""
        self._text = str(url)
        self._parts: SplitResult | None = None

    @property
    def _split(self) -> SplitResult:
        if self._parts is None:
            self._parts = urlsplit(self._text)
        return self._parts

    @property
    def scheme(self) -> str:
        """``http`` or ``https``."""
        return self._split.scheme

    @property
    def netloc(self) -> str:
        """The host, with its port where there is one: ``example.com:8787``."""
        return self._split.netloc

    @property
    def hostname(self) -> str | None:
        """The host alone, in lower case."""
        return self._split.hostname

    @property
    def port(self) -> int | None:
        """The port that is given, None for that of the scheme."""
        return self._split.port

    @property
    def username(self) -> str | None:
        """The user's name before ``@``, None without."""
        return self._split.username

    @property
    def password(self) -> str | None:
        """The password before ``@``, None without."""
        return self._split.password

    @property
    def path(self) -> str:
        """The path, percent-encoded: ``/caf%C3%A9``. ``Request.path`` has it decoded."""
        return self._split.path

    @property
    def query(self) -> str:
        """What stands behind ``?``, encoded. ``Request.query_params`` has it decoded."""
        return self._split.query

    @property
    def fragment(self) -> str:
        """What stands behind ``#``; clients do not send it."""
        return self._split.fragment

    @property
    def is_secure(self) -> bool:
        """Whether the scheme is ``https`` or ``wss``."""
        return self.scheme in ("https", "wss")

    def replace(self, **parts: Any) -> URL:
        """Return the URL with other parts: scheme, netloc, hostname, port, path, query, fragment.

        Raises TypeError for another name.
        """
        split = self._split
        if "hostname" in parts or "port" in parts:
            user, at, place = split.netloc.rpartition("@")
            # As it was written: the attribute is in lower case.
            before = place.partition("]")[0] + "]" if place.startswith("[") else place.partition(":")[0]
            hostname = parts.pop("hostname", None) or before
            port = parts.pop("port", split.port)
            if ":" in hostname and not hostname.startswith("["):
                hostname = f"[{hostname}]"
            parts["netloc"] = f"{user}{at}{hostname}" + ("" if port is None else f":{port}")
        wrong = parts.keys() - {"scheme", "netloc", "path", "query", "fragment"}
        if wrong:
            raise TypeError(f"URL.replace: there is no part {', '.join(sorted(wrong))}")
        return URL(split._replace(**{name: str(value) for name, value in parts.items()}).geturl())

    def include_query_params(self, **params: Any) -> URL:
        """Return the URL with these in its query, in place of those of the same names."""
        kept = [pair for pair in QueryParams(self.query).multi_items() if pair[0] not in params]
        return self.replace(query=QueryParams([*kept, *params.items()]))

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other) if isinstance(other, (str, URL)) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._text)

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        shown = self._text
        if self.password:
            shown = shown.replace(f":{self.password}@", ":********@", 1)
        return f"URL({shown!r})"


def decoded(path: str) -> str:
    """A path without percent-encoding, by UTF-8."""
    return unquote(path) if "%" in path else path
