"""``urllib.parse.urlparse`` with the cache that ``urlsplit`` has: requests parses the URL of a request ten times.

The host and port of what it returns are found once, too.
"""

from __future__ import annotations

import functools
import urllib.parse as parse
from types import SimpleNamespace
from typing import Any

__all__ = ["install", "is_parsed"]

_urlparse: Any = parse.urlparse
_clear_cache: Any = parse.clear_cache  # type: ignore[attr-defined]
_NetlocResult: Any = parse._NetlocResultMixinStr
_usual_host_info: Any = _NetlocResult._hostinfo.fget
# As many as the cache of urlsplit has.
_of_text = functools.lru_cache(typed=True)(_urlparse)


def urlparse(url: Any, scheme: Any = "", allow_fragments: Any = True) -> Any:
    """Parse a URL into 6 components, as urllib.parse.urlparse() does."""
    if type(url) is str and type(scheme) is str:
        return _of_text(url, scheme, bool(allow_fragments))
    return _urlparse(url, scheme, allow_fragments)


def clear_cache() -> None:
    """Clear internal performance caches. Undocumented; some tests want it."""
    _clear_cache()
    _of_text.cache_clear()
    _host_info.cache_clear()


@functools.lru_cache
def _host_info(netloc: str) -> Any:
    return _usual_host_info(SimpleNamespace(netloc=netloc))


def is_parsed(url: Any) -> bool:
    """Return whether it is text that parsing raises nothing for: no brackets of an address, and no odd letters."""
    return type(url) is str and url.isascii() and "[" not in url and "]" not in url


def install(module: object) -> None:
    """Put them in place, but not in one that was imported anew."""
    if module is not parse:
        return
    functools.update_wrapper(urlparse, _urlparse)
    parse.urlparse = urlparse
    _NetlocResult._hostinfo = property(lambda self: _host_info(self.netloc))
    parse.clear_cache = clear_cache  # type: ignore[attr-defined]
