"""The runtime with an addon that a sanitizer looks into (the presets asan and ubsan).

What Node runs finds the addon in build/release of the tree that it is in. So there is a tree beside this one: a copy
of the sources, and links to all that is built but the addon. The sanitizer writes its reports into a folder: a server
that a test starts may have nobody who reads what it says.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tools.errors import DevError
from tools.files import fresh_folder
from tools.paths import BUILD, NODE_MODULES, ROOT
from tools.process import output_of

ADDON = "blockon.node"
# Of what is C++'s to keep apart and to take down: memory that is mapped, reset and shared, threads and realms that end,
# sockets, limits.
TESTS = (
    "addon",
    "deadlock",
    "embedder",
    "forged_imports",
    "fresh_lifecycle",
    "fresh_limits",
    "fresh_workers",
    "interrupt",
    "isolates",
    "limits",
    "memory",
    "memory_limit",
    "realm_ahead",
    "recursion",
    "resets",
    "sandbox",
    "sealed",
    "shared_pages",
    "shared_threads",
    "snapshot",
    "tcp_sockets",
    "thread_channel",
    "warm_instances",
    "warm_threads",
    "watchdog",
    "worker_limits",
    "worker_snapshot",
)
_LEFT_OUT = {"build", "node_modules", ".git", ".mypy_cache", ".ruff_cache", ".pytest_cache"}


def _folder(preset: str, name: str) -> Path:
    return BUILD / preset / name


def make_tree(preset: str) -> Path:
    """Made anew at each call."""
    tree = fresh_folder(_folder(preset, "tree"))
    ignored = shutil.ignore_patterns("__pycache__", ".blockon")
    for path in ROOT.iterdir():
        if path.name in _LEFT_OUT:
            continue
        if path.is_dir():
            shutil.copytree(path, tree / path.name, ignore=ignored)
        else:
            shutil.copy2(path, tree / path.name)
    (tree / "node_modules").symlink_to(NODE_MODULES)
    built = tree / "build" / "release"
    built.mkdir(parents=True)
    (tree / "build" / "dist").symlink_to(BUILD / "dist")
    for path in (BUILD / "release").iterdir():
        if path.name != ADDON:
            (built / path.name).symlink_to(path)
    (built / ADDON).symlink_to(BUILD / preset / ADDON)
    return tree


def _compiler(preset: str) -> str:
    cache = (BUILD / preset / "CMakeCache.txt").read_text()
    found = re.search(r"^CMAKE_CXX_COMPILER:\w+=(.+)$", cache, re.MULTILINE)
    if not found:
        raise DevError(f"build/{preset} does not say by which compiler it was made")
    return found[1]


def environment(preset: str) -> list[str]:
    """NAME=VALUE for processes with that addon; what was reported before is removed."""
    folder = fresh_folder(_folder(preset, "reports"))
    # V8 has the signal of a wrong address for itself, by which it ends wasm. What there is no memory for is refused, as
    # without the sanitizer.
    log = f"log_path={folder}/report"
    options = f"{log}:detect_leaks=0:handle_segv=0:allocator_may_return_null=1:abort_on_error=1"
    variables = [f"ASAN_OPTIONS={options}", f"UBSAN_OPTIONS={log}:print_stacktrace=1"]
    if preset == "asan":
        # Node is built without the sanitizer, whose runtime has to be the first library of the process.
        variables.append(f"LD_PRELOAD={output_of([_compiler(preset), '-print-file-name=libasan.so']).strip()}")
    return variables


def reports(preset: str) -> list[str]:
    """What the sanitizer has found since `environment`."""
    folder = _folder(preset, "reports")
    return [path.read_text(errors="replace") for path in sorted(folder.iterdir())] if folder.exists() else []
