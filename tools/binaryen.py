"""Binaryen's C++ library, built once from the sources that an npm package carries, into the user's cache.

An entry of the cache, named by version, compiler and how it is built, holds what cmake/Binaryen.cmake uses: headers and
the library. It is made in `<entry>.partial` beside it, which a later call takes up where an earlier one was killed, and
put in place when it is whole.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shlex
import shutil
import tarfile
import tempfile
from functools import cache
from pathlib import Path

from tools.errors import DevError
from tools.files import beside, fresh_folder, lock
from tools.npm_packages import FLAGS
from tools.paths import ROOT, cache_folder
from tools.process import output_of, run_logged
from tools.progress import Step, Task

VERSION = "132.0.0"
PACKAGE = f"@grain/libbinaryen@{VERSION}"
SHA512 = "IqjPFtuSfxskYrQ97K8iMGgcpXqQd+M5syWdvQUNYVzLEj3Yntf/OSIWpc1+yuY7/Tn+ISOpCh5pAfwCNyleyQ=="
INSIDE = "libbinaryen/binaryen/"
OPTIONS = [
    "-DBUILD_TESTS=OFF",
    "-DBUILD_TOOLS=OFF",
    "-DBUILD_SHARED_LIBS=OFF",
    "-DENABLE_WERROR=OFF",
    "-DCMAKE_BUILD_TYPE=Release",
]
UNITY = ROOT / "cmake/BinaryenUnity.cmake"
KEPT = ("source/src", "source/third_party/FP16/include", "source/LICENSE", "build/config.h", "build/lib/libbinaryen.a")


@cache
def folder() -> Path:
    compiler = shlex.split(os.environ.get("CXX", "")) or ["c++"]  # What CMake takes.
    identity = [
        output_of([*compiler, "--version"]),
        output_of([*compiler, "-dumpmachine"]),
        *OPTIONS,
        UNITY.read_text(),
    ]
    key = hashlib.sha256("\0".join(identity).encode()).hexdigest()[:16]
    return cache_folder("binaryen", f"{VERSION}-{key}")


def _unpack(archive: Path, target: Path) -> None:
    with tarfile.open(archive) as tar:
        members = [member for member in tar if member.name.startswith(INSIDE) and (member.isfile() or member.isdir())]
        for member in members:
            member.name = member.name.removeprefix(INSIDE)
            if member.name.startswith("/") or ".." in Path(member.name).parts:
                raise DevError(f"{PACKAGE} holds a file outside of its folder: {member.name}")
            tar.extract(member, target, set_attrs=False)


def _get_sources(partial: Path) -> None:
    """The package's sources as partial/source."""
    with tempfile.TemporaryDirectory(dir=partial, prefix="download-") as download:
        run_logged(["npm", "pack", PACKAGE, "--pack-destination", download, *FLAGS], "binaryen-download")
        archives = list(Path(download).glob("*.tgz"))
        if len(archives) != 1:
            raise DevError(f"npm pack {PACKAGE} made {len(archives)} archives instead of one")
        digest = base64.b64encode(hashlib.sha512(archives[0].read_bytes()).digest()).decode()
        if digest != SHA512:
            raise DevError(f"{PACKAGE} is not what tools/binaryen.py pins: sha512 {digest}, expected {SHA512}")
        sources = Path(download) / "source"
        _unpack(archives[0], sources)
        if not (sources / "CMakeLists.txt").exists():
            raise DevError(f"{PACKAGE} holds no {INSIDE}CMakeLists.txt")
        os.rename(sources, partial / "source")


def _compile(partial: Path, task: Task) -> None:
    """partial/build/lib/libbinaryen.a; continues a build that was killed."""
    build = partial / "build"
    continued = build.exists()
    try:
        unity = f"-DCMAKE_PROJECT_binaryen_INCLUDE={UNITY}"
        run_logged(
            ["cmake", "-G", "Ninja", "-S", partial / "source", "-B", build, *OPTIONS, unity], "binaryen-configure"
        )
        run_logged(["ninja", "-C", build, "binaryen"], "binaryen-build", task=task)
    except DevError:
        if continued:  # What was left may be why: the next call starts with nothing.
            shutil.rmtree(build)
        raise


def _keep(partial: Path, target: Path) -> None:
    """Put in place what is used, by links, so that a kill loses nothing of what was built."""
    entry = fresh_folder(partial / "entry")
    for name in KEPT:
        source, link = partial / name, entry / name
        link.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, link, copy_function=os.link)
        else:
            os.link(source, link)
    os.rename(entry, target)


def ensure(step: Step) -> None:
    target = folder()
    if target.exists():
        return
    with lock(beside(target, ".lock"), "Binaryen in hand"):
        if target.exists():
            return
        partial = beside(target, ".partial")
        partial.mkdir(parents=True, exist_ok=True)
        for leftover in partial.glob("download-*"):
            shutil.rmtree(leftover)
        if not (partial / "source").exists():
            with step.task(f"getting the sources of Binaryen {VERSION}"):
                _get_sources(partial)
        with step.task(f"building Binaryen {VERSION}, once for this compiler") as task:
            _compile(partial, task)
            _keep(partial, target)
        shutil.rmtree(partial)
