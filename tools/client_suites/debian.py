"""CPython's own tests, and a CPython of their version: packages of Debian, of whatever release, unpacked in the cache.

Nothing of them is installed. The system's C library may be older than theirs, so they come with their own.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path
from urllib.parse import quote

from tools.client_suites.suite import FOLDER
from tools.errors import DevError
from tools.files import beside, fresh_folder, lock, put_in_place
from tools.paths import cache_folder, shown
from tools.process import output_of, run_logged
from tools.progress import Step

LISTED = FOLDER / "debian.txt"
PYTHON = "python3.14"
_APT_HELPER = Path("/usr/lib/apt/apt-helper")  # apt's own way to get a file, by the settings of this machine


def _listed() -> list[tuple[str, str]]:
    """Each file's path in the pool, and its hash."""
    lines = [line.split() for line in LISTED.read_text().splitlines() if not line.startswith("#")]
    return [(path, digest) for path, digest in lines]


def root() -> Path:
    key = hashlib.sha256(LISTED.read_bytes() + _SCRIPT.encode()).hexdigest()[:16]
    return cache_folder("client-suites", f"debian-{key}")


def library() -> Path:
    """The folder that has the package `test`."""
    return root() / "usr" / "lib" / PYTHON


def program() -> Path:
    return root() / "usr" / "bin" / PYTHON


# In place of the program, which goes by its own loader and C library; so does what it starts by sys.executable.
_SCRIPT = """#!/bin/sh
root=$(dirname "$(readlink -f "$0")")/../..
libraries=$root/usr/lib/x86_64-linux-gnu
exec "$libraries/ld-linux-x86-64.so.2" --argv0 "$0" --library-path "$libraries" "$0.program" "$@"
"""


def _put_script(unpacked: Path) -> None:
    file = unpacked / "usr" / "bin" / PYTHON
    file.rename(beside(file, ".program"))
    file.write_text(_SCRIPT)
    file.chmod(0o755)


def version() -> str:
    found = next(re.search(r"-testsuite_([\d.]+)-", path) for path, _ in _listed() if "-testsuite_" in path)
    assert found is not None
    return found[1]


def _mirror() -> str:
    """Debian's archive, as this machine's apt knows it."""
    targets = output_of(["apt-get", "indextargets", "--format", "$(LABEL) $(REPO_URI)"]).splitlines()
    uris = [line.removeprefix("Debian ") for line in targets if line.startswith("Debian ")]
    if not uris:
        raise DevError("apt knows no mirror of Debian, whose packages have CPython's tests; `apt-get update` may help")
    return uris[0]


def _get(target: Path) -> None:
    mirror = _mirror()
    archives = fresh_folder(beside(target, ".archives"))
    for path, digest in _listed():
        archive = archives / Path(path).name
        try:
            run_logged([_APT_HELPER, "download-file", mirror + quote(path, safe="/+~"), archive, digest], "debian-get")
        except DevError as error:
            raise DevError(
                f"{Path(path).name} could not be had from {mirror}. When Debian has another version by now, list that "
                f"in {shown(LISTED)}, with what it needs",
                output=error.output,
            ) from error
        run_logged(["dpkg-deb", "-x", archive, target], "debian-unpack")
    shutil.rmtree(archives)


def ensure(step: Step) -> None:
    target = root()
    if target.exists():
        return
    what = "CPython's own tests"
    with lock(beside(target, ".lock"), f"{what} in hand"):
        if target.exists():
            return
        with step.task(f"getting {what}"):
            _get(partial_folder := fresh_folder(beside(target, ".partial")))
            _put_script(partial_folder)
            put_in_place(partial_folder, target)
