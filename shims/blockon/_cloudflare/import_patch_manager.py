"""_cloudflare.import_patch_manager: patches of modules as they are imported, for what Cloudflare's platform lacks.

The SDK's have requests and urllib3 do without `ssl`, anyio without threads, and other packages without entropy. All
three are there in this runtime, so a patch is taken and not applied: its module is imported as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

__all__ = [
    "block_calls",
    "register_after_snapshot",
    "register_before_first_request",
    "register_create_patch",
    "register_exec_patch",
]


def _taken[F: Callable[..., Any]](_name: str) -> Callable[[F], F]:
    def decorate(patch: F) -> F:
        return patch

    return decorate


register_create_patch = register_exec_patch = _taken
register_after_snapshot = register_before_first_request = _taken


def block_calls(_module: Any, *, allowlist: Iterable[str] = ()) -> None:  # noqa: ARG001: the SDK names it
    """The module's functions may be called: what they would wait for has come."""
