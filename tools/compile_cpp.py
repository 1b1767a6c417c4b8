"""The C++ parts: CMake when it has to be told something new, then ninja, which knows what is to be done."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tools import binaryen, python_tools
from tools.files import Stamp
from tools.paths import BUILD, ROOT
from tools.process import run_logged
from tools.progress import Step

SANITIZED = ("asan", "ubsan")
PRESETS = ("release", "dev", *SANITIZED)
ADDON_TARGET = "blockon_addon"
# Builds the fuzz targets and what they test, and nothing else.
FUZZ_PRESET = "fuzz"


def ensure(step: Step, *, preset: str, targets: Sequence[str] = ()) -> None:
    """Without targets all of it."""
    folder = BUILD / preset
    arguments = [
        f"-DBLOCKON_BINARYEN_DIR={binaryen.folder()}",
        f"-DBLOCKON_LIT={python_tools.program('lit')}",
    ]
    stamp = Stamp(folder / ".configured", [ROOT / "CMakePresets.json"], [], json.dumps(arguments))
    if not ((folder / "build.ninja").exists() and stamp.is_current()):
        stamp.begin()
        with step.task(f"configuring build/{preset}"):
            run_logged(["cmake", "--preset", preset, *arguments], f"configure-{preset}")
        stamp.end()
    with step.task(f"building build/{preset}", lazy=True) as task:
        run_logged(["ninja", "-C", folder, *targets], f"build-{preset}", task=task, failed_from="FAILED: ")
