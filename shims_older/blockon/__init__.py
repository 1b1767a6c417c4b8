"""blockon on a Python older than its guest: the API is there; what stands on fibers is not, and says so."""

from __future__ import annotations

from ._older import unavailable

__all__: list[str] = []

_NEWER = frozenset(
    {
        "Fiber",
        "abort_on_cancel",
        "cancel",
        "current_fiber",
        "fibers",
        "raise_deadlocks_at_exit",
        "set_fetch",
        "timeout",
    }
)


def __getattr__(name: str) -> object:
    from ._api import versions

    if name in versions.NAMES:
        found = globals()[name] = versions.load(name)
        return found
    if name in _NEWER:
        raise ImportError(unavailable(f"blockon.{name}"))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
