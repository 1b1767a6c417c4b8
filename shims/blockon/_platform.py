"""The host modules that Cloudflare's workers-runtime-sdk imports, so that it runs unmodified."""

from __future__ import annotations

import importlib
import sys
import types

__all__ = ["install"]


class _CompatFlags(types.ModuleType):
    """``_cloudflare_compat_flags``: an attribute for each flag; one that is not on is False."""

    def __init__(self, features: set[str]) -> None:
        super().__init__("_cloudflare_compat_flags")
        self.__dict__.update(dict.fromkeys(features, True))

    def __getattr__(self, name: str) -> bool:
        if name.startswith("__"):
            raise AttributeError(name)
        return False


def install(features: set[str]) -> None:
    """Register the modules. ``features`` are the names of the enable-flags that are on."""
    sys.modules["_cloudflare_compat_flags"] = _CompatFlags(features)
    host = importlib.import_module("_blockon_host")
    sys.modules["_pyodide_entrypoint_helper"] = host.entrypointHelper
