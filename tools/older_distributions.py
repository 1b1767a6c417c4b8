"""build/dist/<version> of older Pyodides: their wasm, the realm's scripts, and the shims that stand without a guest.

The wasm of one that has an addresses.txt among its patches gets a place for good, a guest, and the exports that the
realm's glue uses. That of others is as it was published.
"""

from __future__ import annotations

import json
import shutil
import sys
import tomllib
from pathlib import Path

from tools import lean_glue, library_bytecode, older_glue
from tools.distribution import (
    APPLY,
    LIBRARY,
    LOCK,
    REALM_GLUE,
    REALM_LINKS,
    REALM_LOADER,
    REALM_WASM,
    SHIMS,
    TOOL,
    WASM,
)
from tools.errors import DevError
from tools.files import Stamp, beside, digest_of, fresh_folder, put_in_place
from tools.paths import BUILD, NODE_MODULES, ROOT
from tools.process import run_logged
from tools.progress import Step
from tools.stand_ins import WHEELS

# As npm's aliases in package.json have them: pyodide-0.26.4.
ALIAS = "pyodide-"

# What takes the place of the shims' modules of the same names.
OLDER = ROOT / "shims_older"

# The guest of Python 3.13.
OLDER_GUEST = BUILD / "release" / "guest_older.wasm"

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
    "_imports",
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
    "_rpc_target",
    "_sdk_entrypoints",
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


def _write_wasm(version: str, upstream: Path, folder: Path, patches: Path) -> None:
    """That of a Worker's realm, and the glue that goes with it."""
    glue = folder / REALM_GLUE
    patterns = lean_glue.listed(patches / "without_page.txt")
    lean = lean_glue.without_library(glue.read_text(), patterns, older_glue.MODULE)
    used = older_glue.used_exports(lean, (folder / REALM_LOADER).read_text())
    kept = folder / ".exports.txt"
    kept.write_text("".join(f"{name}\n" for name in used.kept))
    bases = older_glue.places((upstream / "pyodide.asm.js").read_text())
    passes: list[str | Path] = ["--settle-bases", str(bases)]
    passes += ["--merge-guest", OLDER_GUEST, "--routes", patches / "routes.txt"]
    passes += ["--settle-addresses", patches / "addresses.txt"]
    passes += ["--apply-relocations", "--fold-addresses", "--link-table", f"{kept},{folder / REALM_LINKS}"]
    run_logged([TOOL, upstream / WASM, *passes, "-o", folder / REALM_WASM], f"blockon-opt-{version}")
    kept.unlink()
    glue.write_text(used.glue)


def _ensure(step: Step, version: str) -> None:
    upstream = NODE_MODULES / f"{ALIAS}{version}"
    patches = ROOT / "patches" / version
    target = BUILD / "dist" / version
    files = (WASM, LIBRARY, LOCK)
    is_settled = (patches / "addresses.txt").exists()
    wasm = (REALM_WASM, REALM_LINKS) if is_settled else (WASM,)
    tools = (TOOL, OLDER_GUEST, *(Path(str(each.__file__)) for each in (lean_glue, older_glue))) if is_settled else ()
    stamp = Stamp(
        BUILD / "dist" / f".{version}.stamp",
        [
            *(APPLY, *patches.iterdir(), Path(__file__), *_modules(version).values(), *tools),
            *(library_bytecode.SCRIPT, Path(str(library_bytecode.__file__))),
            *(upstream / name for name in (*files, "package.json")),
        ],
        [target / name for name in (*wasm, LIBRARY, LOCK, REALM_GLUE, REALM_LOADER)],
    )
    if stamp.is_current():
        return
    stamp.begin()
    with step.task(f"making the distribution of Pyodide {version}"):
        partial = fresh_folder(beside(target, ".partial"))
        from_to: list[str | Path] = ["--from", upstream, "--to", partial, "--build-id", digest_of(upstream / WASM)]
        run_logged([sys.executable, APPLY, "--version", version, *from_to], f"patches-{version}")
        library_bytecode.write(upstream, upstream / LIBRARY, _modules(version), partial / LIBRARY)
        if is_settled:
            _write_wasm(version, upstream, partial, patches)
        else:
            shutil.copyfile(upstream / WASM, partial / WASM)
        shutil.copyfile(upstream / LOCK, partial / LOCK)
        (partial / WHEELS).mkdir()
        put_in_place(partial, target)
    stamp.end()


def ensure(step: Step) -> None:
    for version in versions():
        _ensure(step, version)
