"""The bytecode of an older Pyodide's Python modules, beside them in its library.

Upstream's library has sources, which an interpreter compiles at each start. That takes it two thirds of the time.
"""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

from tools.files import beside, digest_of, lock
from tools.paths import NODE, ROOT, cache_folder
from tools.process import run_logged
from tools.stand_ins import write_file

SCRIPT = ROOT / "tools" / "compile_library.mjs"


def _compile(pyodide: Path, library: Path, sources: Path, target: Path) -> None:
    run_logged([NODE, SCRIPT, pyodide, library, sources, target], f"bytecode-{pyodide.name}")


def _append(library: Path, *archives: Path) -> None:
    with zipfile.ZipFile(library, "a") as into:
        for path in archives:
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    write_file(into, name, archive.read(name))


def _of_upstream(pyodide: Path, library: Path) -> Path:
    """That of the modules which upstream has. It takes some seconds, and is kept in the user's cache."""
    key = hashlib.sha256("\0".join([digest_of(SCRIPT), digest_of(library)]).encode()).hexdigest()[:16]
    kept = cache_folder("bytecode-of-libraries", f"{pyodide.name}-{key}.zip")
    if not kept.exists():
        with lock(beside(kept, ".lock"), f"the bytecode of {pyodide.name} in hand"):
            if not kept.exists():
                partial = beside(kept, ".partial")
                _compile(pyodide, library, library, partial)
                partial.replace(kept)
    return kept


def write(pyodide: Path, library: Path, modules: dict[str, Path], target: Path) -> None:
    """Write `target`: a library, and these modules, with the bytecode of all.

    `pyodide` is the folder of the npm package.
    """
    own, bytecode = beside(target, ".own"), beside(target, ".bytecode")
    with zipfile.ZipFile(own, "w") as archive:
        for name, path in sorted(modules.items()):
            write_file(archive, name, path.read_bytes())
    target.write_bytes(library.read_bytes())
    _append(target, _of_upstream(pyodide, library))
    _compile(pyodide, target, own, bytecode)
    _append(target, own, bytecode)
    own.unlink()
    bytecode.unlink()
