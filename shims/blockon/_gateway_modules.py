"""workers.asgi, workers.wsgi and wsgi: this runtime's own servers, by the names that Cloudflare's SDK has for its own.

The SDK's files stay as they are. Its asgi starts and ends an application's lifespan with each request, reads a
request's body before the application begins, and drops what it does not know of WebSockets; so these names are found
here first. The module `asgi` of the SDK is workers.asgi by its own import. A Worker's own module of the name wsgi
comes first.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

__all__ = ["install", "uninstall"]


class _Finder:
    """Finds modules under other names: finder and loader."""

    def __init__(self, names: dict[str, str]) -> None:
        self._names = names

    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        loader: Any = self
        return ModuleSpec(name, loader) if name in self._names else None

    def create_module(self, _spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__
        sys.modules[name] = importlib.import_module(self._names[name])


_names_after = {"wsgi": "workers.wsgi"}
if sys.version_info < (3, 13):
    # What Cloudflare's platform called it when that Python was its newest.
    _names_after |= {"cloudflare": "blockon._cloudflare", "cloudflare.workers": "workers"}
_before_all: Any = _Finder({"workers.asgi": "blockon._workers_asgi", "workers.wsgi": "blockon._workers_wsgi"})
_after_all: Any = _Finder(_names_after)


def install() -> None:
    """Have them found."""
    sys.meta_path.insert(0, _before_all)
    sys.meta_path.append(_after_all)


def uninstall() -> None:
    """Be as before install()."""
    sys.meta_path.remove(_before_all)
    sys.meta_path.remove(_after_all)
