"""build/dist/<version>: the Pyodide that the runtime loads, made of the npm package by blockon-opt and patches/."""

from __future__ import annotations

import shutil
import sys
import tomllib
from pathlib import Path

from tools import stand_ins, standard_library
from tools.errors import DevError
from tools.files import Stamp, beside, digest_of, fresh_folder, put_in_place
from tools.paths import BUILD, NODE_MODULES, ROOT, pyodide_version
from tools.process import run_logged
from tools.progress import Step

UPSTREAM = NODE_MODULES / "pyodide"
WASM = "pyodide.asm.wasm"
LIBRARY = "python_stdlib.zip"
LOCK = "pyodide-lock.json"
SHIMS = ROOT / "shims"
TOOL = BUILD / "release" / "jspi" / "passes" / "blockon-opt"
GUEST = BUILD / "release" / "guest.wasm"
APPLY = ROOT / "patches" / "apply.py"


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
            *(Path(standard_library.__file__), Path(stand_ins.__file__), *standard_library.sources(SHIMS)),
            *(UPSTREAM / name for name in (WASM, LIBRARY, LOCK, "package.json")),
        ],
        [target / name for name in (WASM, LIBRARY, LOCK, *outputs)],
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
        standard_library.write(UPSTREAM / LIBRARY, SHIMS, partial / LIBRARY)
        stand_ins.write_wheels(SHIMS, partial / stand_ins.WHEELS)
        shutil.copyfile(UPSTREAM / LOCK, partial / LOCK)
        put_in_place(partial, target)
    stamp.end()
