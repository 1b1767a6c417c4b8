"""A distribution folder: Pyodide's own layout with the addon beside it, for which Node alone is enough.

At the top are the files of the npm package pyodide, by the same names; in blockon/ is what they need of the runtime,
and the sources of what was changed in them.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tools import runtime_js
from tools.errors import USAGE, DevError
from tools.files import fresh_folder
from tools.hygiene import repository_files
from tools.npm_package import NODE_PACKAGE
from tools.paths import BUILD, NODE_MODULES, ROOT, pyodide_version

UPSTREAM = NODE_MODULES / "pyodide"
PROCESSED = (
    "pyodide.mjs",
    "pyodide.js",
    "pyodide.asm.mjs",
    "pyodide.asm.wasm",
    "python_stdlib.zip",
    "pyodide-lock.json",
    "pyodide.d.ts",
)
TYPES = ("ffi.d.ts",)
ADDON = ("blockon.node", "blockon.node.json")
# blockon/engine.js and what it imports.
MODULES = (
    "engine.js",
    "addon.js",
    "authorities.js",
    "layout.js",
    "max_fibers.js",
    "process_flags.js",
    "stack_budget.js",
    "switching.js",
    "user_error.js",
)
NOTICES = ("LICENSE", "NOTICE", "licenses")
SOURCES = ("jspi/guest", "jspi/util", "jspi/passes", "patches")
# By this file a folder is known for one of ours.
MARK = Path("blockon") / "distribution.json"
MANIFEST_KEYS = ("name", "version", "homepage", "main", "exports", "types", "dependencies")


def _manifest() -> dict[str, Any]:
    """A package that can stand in for the package pyodide, under its name and version; never to be published so."""
    upstream = json.loads((UPSTREAM / "package.json").read_text())
    ours = json.loads((ROOT / "package.json").read_text())
    node = ours["devDependencies"][NODE_PACKAGE].partition(".")[0]
    return {
        **{key: upstream[key] for key in MANIFEST_KEYS},
        "description": f"Pyodide {upstream['version']} with the run_sync of blockon {ours['version']}",
        "license": "MPL-2.0 AND Apache-2.0",
        "private": True,
        "engines": {"node": f"^{node}"},
        "os": ["linux"],
        "cpu": ["x64"],
        "libc": ["glibc"],
    }


def _contents() -> dict[str, Path | str]:
    """Each file of the folder: where it is now, or its text."""
    emitted = fresh_folder(BUILD / "embedder")
    runtime_js.emit(emitted, "embedder-tsc")
    version = json.loads((ROOT / "package.json").read_text())["version"]
    mark = {"blockon": version, "pyodide": pyodide_version()}
    return {
        **{name: BUILD / "dist" / pyodide_version() / name for name in PROCESSED},
        **{name: UPSTREAM / name for name in TYPES},
        **{name: BUILD / "release" / name for name in ADDON},
        **{f"blockon/{name}": emitted / name for name in MODULES},
        "blockon/v8_flags.mjs": ROOT / "runtime" / "v8_flags.mjs",
        "blockon/package.json": '{ "type": "module" }\n',
        **{str(path): ROOT / path for path in repository_files(*NOTICES)},
        **{f"blockon/source/{path}": ROOT / path for path in repository_files(*SOURCES)},
        "package.json": json.dumps(_manifest(), indent=2) + "\n",
        str(MARK): json.dumps(mark) + "\n",
    }


def check_target(target: Path) -> None:
    """DevError when `target` is something that is not ours to replace."""
    if not target.exists() or (target / MARK).is_file():
        return
    if not target.is_dir():
        raise DevError(f"{target} is no folder: name another one", USAGE)
    if any(target.iterdir()):
        raise DevError(f"{target} is there and was not made by ./dev dist: name another folder, or remove it", USAGE)


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A folder for what is not whole yet, on the target's file system; gone at the end."""
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _fill(folder: Path, contents: dict[str, Path | str]) -> None:
    for name, source in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(source, str):
            path.write_text(source)
        else:
            shutil.copyfile(source, path)
        path.chmod(0o644)


def _exchange(made: Path, target: Path, scratch: Path) -> None:
    """Put the folder `made` where `target` is; what was there goes to `scratch`, and back if that fails."""
    old = scratch / "old"
    if target.exists():
        os.rename(target, old)
    try:
        os.rename(made, target)
    except OSError:
        if old.exists():
            os.rename(old, target)
        raise


def write(target: Path) -> None:
    """Make the distribution folder `target`, of what is built. It is whole, or what was there before."""
    check_target(target)
    contents = _contents()
    try:
        with _beside(target) as scratch:
            made = scratch / "new"
            _fill(made, contents)
            _exchange(made, target, scratch)
    except OSError as error:
        why = error.strerror or str(error)
        raise DevError(f"{target} could not be written: {why}. What was there before is as it was.") from error
