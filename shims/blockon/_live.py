"""The Worker of ``blockon dev``, in an interpreter that was made ready before: its module comes with its files."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterable

from . import _entry
from ._main_file import look_anew

__all__ = ["load"]

# The Worker's folder, and that of its packages.
_OWN = "/session/metadata/"
_PACKAGES = _OWN + "python_modules/"


def load(main: str, preload: Iterable[str]) -> str:
    """Import the modules of ``preload``, then the Worker's main file; either may be empty.

    Returns the names of what is imported and not the Worker's own, in JSON, for the ``preload`` of the next.
    """
    for name in preload:
        # What is wrong with one, the Worker's own import of it says.
        try:
            importlib.import_module(name)
        except Exception:  # noqa: BLE001, S112
            continue
    if main:
        look_anew()
        _entry.load_main(main)
    return json.dumps([name for name, module in list(sys.modules.items()) if _is_shared(name, module)])


def _is_shared(name: str, module: object) -> bool:
    file = getattr(module, "__file__", None)
    if not isinstance(file, str) or name == "__main__":
        return False
    return file.startswith(_PACKAGES) or not file.startswith(_OWN)
