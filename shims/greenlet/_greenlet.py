"""What the extension of PyPI's package has beside the public names: its C API, constants, what its tests ask."""

from __future__ import annotations

from _blockon_greenlet import (
    _C_API,
    GreenletExit,
    error,
    get_total_main_greenlets,
    getcurrent,
    gettrace,
    greenlet,
    set_thread_local,
    settrace,
)

__all__ = [
    "CLOCKS_PER_SEC",
    "GREENLET_USE_CONTEXT_VARS",
    "GREENLET_USE_GC",
    "GREENLET_USE_STANDARD_THREADING",
    "GREENLET_USE_TRACING",
    "_C_API",
    "GreenletExit",
    "enable_optional_cleanup",
    "error",
    "get_clocks_used_doing_optional_cleanup",
    "get_pending_cleanup_count",
    "get_total_main_greenlets",
    "getcurrent",
    "gettrace",
    "greenlet",
    "set_thread_local",
    "settrace",
]

GREENLET_USE_GC = True
GREENLET_USE_TRACING = True
GREENLET_USE_CONTEXT_VARS = True
GREENLET_USE_STANDARD_THREADING = True

CLOCKS_PER_SEC = 1_000_000

_cleanup_enabled = True


def enable_optional_cleanup(enable: object) -> None:
    """Nothing is left to clean up: a thread ends its greenlets when it ends itself."""
    global _cleanup_enabled
    _cleanup_enabled = bool(enable)


def get_clocks_used_doing_optional_cleanup() -> int | None:
    """The time that this took, which is none; None while it is not enabled."""
    return 0 if _cleanup_enabled else None


def get_pending_cleanup_count() -> int:
    """How many threads have ended whose greenlets are still to be cleaned up."""
    return 0
