"""blockon on a Python older than its guest: the API is there; what stands on fibers is not, and says so."""

from __future__ import annotations

from ._limit_exceeded import LimitExceeded
from ._older import unavailable
from ._rpc_target import RpcTarget

__all__ = ["LimitExceeded", "RpcTarget"]


def __getattr__(name: str) -> object:
    from ._api import versions

    if name in versions.NAMES:
        found = globals()[name] = versions.load(name)
        return found
    if name in versions.OF_RUNTIME:
        raise ImportError(unavailable(f"blockon.{name}"))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
