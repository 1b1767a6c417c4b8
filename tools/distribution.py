"""build/dist/<version>: the Pyodide that the runtime loads, made of the npm package by blockon-opt and patches/.

There are two of its wasm: the whole one is what loadPyodide has, that of a Worker's realm has the exports that the
realm's glue uses.
"""

from __future__ import annotations

import shutil
import sys
import tomllib
from pathlib import Path

from tools import js_statements, lean_glue, stand_ins, standard_library
from tools.errors import DevError
from tools.files import Stamp, beside, digest_of, fresh_folder, put_in_place
from tools.paths import BUILD, NODE_MODULES, ROOT, pyodide_version
from tools.process import run_logged
from tools.progress import Step

UPSTREAM = NODE_MODULES / "pyodide"
WASM = "pyodide.asm.wasm"
REALM_WASM = "realm.asm.wasm"
# The slots and addresses of what that one does not export.
REALM_LINKS = "realm.links.json"
# Between data segments that are joined: 281 are left of 14,579, and the file is a sixtieth larger.
MOST_ZEROS = 128
REALM_GLUE = "realm.asm.js"
REALM_LOADER = "realm.loader.js"
LIBRARY = "python_stdlib.zip"
LOCK = "pyodide-lock.json"
SHIMS = ROOT / "shims"
TOOL = BUILD / "release" / "jspi" / "passes" / "blockon-opt"
GUEST = BUILD / "release" / "guest.wasm"
APPLY = ROOT / "patches" / "apply.py"


def _write_realm(folder: Path, patches: Path) -> None:
    """The wasm of a Worker's realm, of the whole one, and the glue that goes with it."""
    glue = folder / REALM_GLUE
    lean = lean_glue.without_library(glue.read_text(), lean_glue.listed(patches / "without_page.txt"))
    used = lean_glue.used_exports(lean, (folder / REALM_LOADER).read_text())
    kept = folder / ".exports.txt"
    kept.write_text("".join(f"{name}\n" for name in used.kept))
    passes: list[str | Path] = ["--settle-addresses", patches / "addresses.txt"]
    passes += ["--link-table", f"{kept},{folder / REALM_LINKS}"]
    passes += ["--join-data", str(MOST_ZEROS)]
    run_logged([TOOL, folder / WASM, *passes, "-o", folder / REALM_WASM], "blockon-opt-realm")
    kept.unlink()
    # Snapshots and V8's code are bound to the glue.
    glue.write_text(f"{used.glue}\n// {REALM_WASM}: {digest_of(folder / REALM_WASM)}\n")


def ensure(step: Step) -> None:
    version = pyodide_version()
    patches = ROOT / "patches" / version
    if not patches.is_dir():
        raise DevError(f"package.json pins Pyodide {version}, for which there are no patches in patches/{version}")
    outputs = list(tomllib.loads((patches / "outputs.toml").read_text())["output"])
    target = BUILD / "dist" / version
    stamp = Stamp(
        BUILD / "dist" / f".{version}.stamp",
        [
            *(TOOL, GUEST, APPLY, *patches.iterdir()),
            *(Path(str(module.__file__)) for module in (standard_library, stand_ins, lean_glue, js_statements)),
            *standard_library.sources(SHIMS),
            *(UPSTREAM / name for name in (WASM, LIBRARY, LOCK, "package.json")),
        ],
        [target / name for name in (WASM, REALM_WASM, REALM_LINKS, LIBRARY, LOCK, *outputs)],
    )
    if stamp.is_current():
        return
    stamp.begin()
    with step.task(f"making the distribution of Pyodide {version}"):
        partial = fresh_folder(beside(target, ".partial"))
        passes: list[str | Path] = ["--merge-guest", GUEST, "--routes", patches / "routes.txt"]
        passes += ["--check-frames", patches / "check_frames.txt"]
        run_logged([TOOL, UPSTREAM / WASM, *passes, "-o", partial / WASM], "blockon-opt")
        from_to: list[str | Path] = ["--from", UPSTREAM, "--to", partial, "--build-id", digest_of(partial / WASM)]
        run_logged([sys.executable, APPLY, "--version", version, *from_to], "patches")
        _write_realm(partial, patches)
        standard_library.write(UPSTREAM / LIBRARY, SHIMS, partial / LIBRARY)
        stand_ins.write_wheels(SHIMS, partial / stand_ins.WHEELS)
        shutil.copyfile(UPSTREAM / LOCK, partial / LOCK)
        put_in_place(partial, target)
    stamp.end()
