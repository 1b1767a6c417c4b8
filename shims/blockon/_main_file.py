"""A Worker's main file as a module."""

from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path

from ._handler_errors import HandlerError

__all__ = ["import_file"]


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
