"""build/dist/<version> of older Pyodides: stock wasm, the realm's scripts, and the shims that stand without a guest.

No pass goes over their wasm, so one takes about a second.
"""

from __future__ import annotations

import json
import shutil
import sys
import tomllib
import zipfile
from pathlib import Path

from tools.distribution import APPLY, LIBRARY, LOCK, SHIMS, WASM
from tools.errors import DevError
from tools.files import Stamp, beside, digest_of, fresh_folder, put_in_place
from tools.paths import BUILD, NODE_MODULES, ROOT
from tools.process import run_logged
from tools.progress import Step
from tools.stand_ins import WHEELS, write_file

# As npm's aliases in package.json have them: pyodide-0.26.4.
ALIAS = "pyodide-"

# What takes the place of the shims' modules of the same names.
OLDER = ROOT / "shims_older"

# Those of shims/blockon that need nothing of the guest's.
SHARED = (
    *(f"_api/{path.stem}" for path in sorted((SHIMS / "blockon" / "_api").glob("*.py"))),
    "_answers",
    "_asgi_http",
    "_asgi_lifespan",
    "_asgi_scope",
    "_asgi_tasks",
    "_asgi_websocket",
    "_bridge",
    "_cloudflare/__init__",
    "_cloudflare/allow_entropy",
    "_cloudflare/import_patch_manager",
    "_entry",
    "_exchange",
    "_gateway_modules",
    "_handler_errors",
    "_handlers",
    "_known_code",
    "_limit_exceeded",
    "_live",
    "_main_file",
    "_platform",
    "_realm_api",
    "_realm_exchange",
    "_realm_kv",
    "_realm_queues",
    "_realm_sandbox",
    "_realm_services",
    "_realm_socket",
    "_realm_values",
    "_realm_websocket",
    "_rpc",
    "_sdk_messages",
    "_vendor",
    "_workers_asgi",
    "_wsgi_environ",
    "protocols",
)


# What those have, too, in which threads may wait, in place of the modules of the same names of shims_older.
THREADED = ("_workers_wsgi", "_wsgi", "_wsgi_input", "_wsgi_threads")


def _has_threads(version: str) -> bool:
    table = tomllib.loads((ROOT / "runtime" / "config" / "compatibility.toml").read_text())
    [found] = [each for each in table["pyodide"] if each["version"] == version]
    return bool(found["blocking"] != "none")


def versions() -> list[str]:
    """Those that package.json pins beside the newest."""
    pins: dict[str, str] = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    found = [name.removeprefix(ALIAS) for name in pins if name.startswith(ALIAS)]
    for version in found:
        if pins[ALIAS + version] != f"npm:pyodide@{version}":
            raise DevError(f"package.json: {ALIAS}{version} has to be npm:pyodide@{version}")
    return found


def _of_shims(names: tuple[str, ...]) -> dict[str, Path]:
    return {f"blockon/{name}.py": SHIMS / "blockon" / f"{name}.py" for name in names}


def _modules(version: str) -> dict[str, Path]:
    older = {str(path.relative_to(OLDER)): path for path in sorted(OLDER.rglob("*.py"))}
    return {**_of_shims(SHARED), **older, **(_of_shims(THREADED) if _has_threads(version) else {})}


def _write_library(version: str, upstream: Path, target: Path) -> None:
    shutil.copyfile(upstream, target)
    with zipfile.ZipFile(target, "a") as library:
        for name, path in sorted(_modules(version).items()):
            write_file(library, name, path.read_bytes())


def _ensure(step: Step, version: str) -> None:
    upstream = NODE_MODULES / f"{ALIAS}{version}"
    patches = ROOT / "patches" / version
    target = BUILD / "dist" / version
    files = (WASM, LIBRARY, LOCK)
    stamp = Stamp(
        BUILD / "dist" / f".{version}.stamp",
        [
            *(APPLY, *patches.iterdir(), Path(__file__), *_modules(version).values()),
            *(upstream / name for name in (*files, "package.json")),
        ],
        [target / name for name in (*files, "realm.asm.js", "realm.loader.js")],
    )
    if stamp.is_current():
        return
    stamp.begin()
    with step.task(f"making the distribution of Pyodide {version}"):
        partial = fresh_folder(beside(target, ".partial"))
        from_to: list[str | Path] = ["--from", upstream, "--to", partial, "--build-id", digest_of(upstream / WASM)]
        run_logged([sys.executable, APPLY, "--version", version, *from_to], f"patches-{version}")
        _write_library(version, upstream / LIBRARY, partial / LIBRARY)
        for name in (WASM, LOCK):
            shutil.copyfile(upstream / name, partial / name)
        (partial / WHEELS).mkdir()
        put_in_place(partial, target)
    stamp.end()


def ensure(step: Step) -> None:
    for version in versions():
        _ensure(step, version)
