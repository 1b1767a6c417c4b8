"""Packages in a Worker's folder ``python_modules``, as ``site-packages`` are elsewhere: their ``.pth`` files count."""

from __future__ import annotations

import site
import sys

__all__ = ["process_pth_files"]

# Where the host puts packages, vendored or installed (runtime/packages/guest_files.ts).
_FOLDER = "/session/metadata/python_modules"


def process_pth_files(folder: str = _FOLDER) -> None:
    """Do what the ``.pth`` files of the folder say: paths go to the end of ``sys.path``, lines with ``import`` run.

    A line that fails is reported on stderr by ``site``, and the others go on. The folder stays where it is in
    ``sys.path``; nothing happens where it is not there.
    """
    if folder in sys.path:
        site.addsitedir(folder)
