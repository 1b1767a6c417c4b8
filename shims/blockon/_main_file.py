"""A Worker's main file as a module, and files that came later than others."""

from __future__ import annotations

import importlib.util
import sys
import types
import zipimport
from pathlib import Path

from ._handler_errors import HandlerError

__all__ = ["import_file", "look_anew"]


def import_file(name: str, path: Path) -> types.ModuleType:
    """Import a file under a name, as an import has it. Raises what it raises, HandlerError where it is no Python."""
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise HandlerError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def look_anew() -> None:
    """Have imports look into folders once more, for files that have come since.

    Not into archives, as importlib.invalidate_caches() does: the standard library's is what it was, and what is in it
    is a long list.
    """
    for folder, finder in list(sys.path_importer_cache.items()):
        if finder is None:
            del sys.path_importer_cache[folder]
        elif not isinstance(finder, zipimport.zipimporter) and hasattr(finder, "invalidate_caches"):
            finder.invalidate_caches()
