"""The host modules that Cloudflare's workers-runtime-sdk imports, so that it runs unmodified."""

from __future__ import annotations

import importlib
import sys
import types
from typing import Any

from . import _bridge, _gateway_modules

__all__ = ["entrypoint_helper", "install", "stand_by", "uninstall"]

_CLOUDFLARE = ("_cloudflare", "_cloudflare.allow_entropy", "_cloudflare.import_patch_manager")


class _CompatFlags(types.ModuleType):
    """``_cloudflare_compat_flags``: an attribute for each flag; one that is not on is False."""

    def __init__(self) -> None:
        super().__init__("_cloudflare_compat_flags")

    def enable(self, features: set[str]) -> None:
        self.__dict__.update(dict.fromkeys(features, True))

    def forget(self, features: set[str]) -> None:
        for feature in features:
            self.__dict__.pop(feature, None)

    def __getattr__(self, name: str) -> bool:
        if name.startswith("__"):
            raise AttributeError(name)
        return False


class _EntrypointHelper(types.ModuleType):
    """``_pyodide_entrypoint_helper``: the realm's, but for what is called with each request."""

    def __init__(self) -> None:
        super().__init__("_pyodide_entrypoint_helper")
        self._realm: Any = None

    def take_realm(self) -> None:
        self._realm = _bridge.host("entrypointHelper")

    def leave_realm(self) -> None:
        self._realm = None

    @staticmethod
    def patchWaitUntil(_context: Any) -> None:  # noqa: N802
        """Every context takes Python's awaitables from its birth."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._realm, name)


_flags = _CompatFlags()
entrypoint_helper = _EntrypointHelper()


def stand_by() -> None:
    """Register the modules, for an SDK that is imported before it is known whose it is, and what is on."""
    sys.modules["_cloudflare_compat_flags"] = _flags
    sys.modules["_pyodide_entrypoint_helper"] = entrypoint_helper
    for name in _CLOUDFLARE:
        sys.modules[name] = importlib.import_module(f"blockon.{name}")


def install(features: set[str]) -> None:
    """Register the modules. ``features`` are the names of the enable-flags that are on."""
    stand_by()
    _flags.enable(features)
    entrypoint_helper.take_realm()
    _gateway_modules.install()


def uninstall(features: set[str]) -> None:
    """Be as before install(): it is not known any more whose it is."""
    _flags.forget(features)
    entrypoint_helper.leave_realm()
    _gateway_modules.uninstall()
