"""httpx, httpx2 and what they stand on: what they do for each request, done once or by the guest."""

from __future__ import annotations

import functools
from typing import Any

__all__ = ["change_http11", "change_urls"]


def change_http11(module: Any) -> None:
    """Give the connections of httpcore's module http11 an h11.Connection of ours."""
    import h11

    from . import _h11

    if not _h11.install(h11):
        return
    for name in ("HTTP11Connection", "AsyncHTTP11Connection"):
        class_: Any = vars(module).get(name)
        if class_ is not None:
            class_.__init__ = _with_own_h11(class_.__init__, h11.Connection, _h11.Connection)


def _with_own_h11(original: Any, usual: type, ours: type) -> Any:
    @functools.wraps(original)
    def __init__(self: Any, *args: Any, **keywords: Any) -> None:  # noqa: N807 - it is one
        original(self, *args, **keywords)
        state = getattr(self, "_h11_state", None)
        if type(state) is usual:
            self._h11_state = ours(state.our_role, state._max_incomplete_event_size)  # type: ignore[attr-defined]

    return __init__


def change_urls(module: Any) -> None:
    """Have the module _urls of httpx parse a URL once: the parts are a tuple, so whoever has them may share them."""
    original = vars(module).get("urlparse")
    if original is None:
        return
    of_text = functools.lru_cache(original)

    @functools.wraps(original)
    def urlparse(url: str = "", **parts: Any) -> Any:
        return of_text(url) if not parts and type(url) is str else original(url, **parts)

    module.urlparse = urlparse
