"""What the suites are made of: sdists and packages from PyPI, in the user's cache, and a folder for each suite.

The packages are pure Python, so that CPython on the host and the runtime import the same files.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import sys
import tarfile
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path

from tools import python_tools
from tools.client_suites import debian
from tools.client_suites.suite import FOLDER, Suite
from tools.files import beside, fresh_folder, lock, put_in_place
from tools.paths import BUILD, cache_folder
from tools.process import run_logged
from tools.progress import Step

SDISTS = FOLDER / "sdists.txt"
PACKAGES = FOLDER / "packages.txt"
EXTENSIONS = FOLDER / "extensions.txt"
SERVERS = FOLDER / "servers.txt"
# Where the runtime mounts a Worker's packages; files there keep their names, those with a dot in front too.
GUEST_ROOT = "/session/metadata/python_modules/suite"

_PURE = ["--platform=any", "--implementation=py", "--abi=none", "--python-version=3.14", "--only-binary=:all:"]


@cache
def matcher() -> Callable[[Sequence[str]], Callable[[str], int | None]]:
    """The one that the plugin has, which is no module of this program's."""
    spec = importlib.util.spec_from_file_location("patterns", FOLDER / "plugin" / "blockon_suite" / "patterns.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Callable[[Sequence[str]], Callable[[str], int | None]] = module.matcher
    return found


def _pip(arguments: list[str | Path], log: str) -> None:
    pip = ["-m", "pip", "--disable-pip-version-check", "--no-input"]
    run_logged([python_tools.program("python"), *pip, *arguments], log)


def _get_sdists(target: Path) -> None:
    archives = fresh_folder(beside(target, ".archives"))
    download: list[str | Path] = ["download", "--no-deps", "--no-binary=:all:", "--require-hashes", "--dest", archives]
    # pip makes the metadata of an sdist to know its name, with a build backend that it gets for that.
    _pip([*download, "--requirement", SDISTS], "client-suites-sdists")
    for archive in archives.glob("*.tar.gz"):
        with tarfile.open(archive) as tar:
            tar.extractall(target, filter="data")
        (target / archive.name.removesuffix(".tar.gz")).rename(target / archive.name.rpartition("-")[0])
    shutil.rmtree(archives)


def _get_packages(target: Path) -> None:
    install: list[str | Path] = ["install", "--no-compile", "--no-deps", "--require-hashes", *_PURE, "--target", target]
    _pip([*install, "--requirement", PACKAGES], "client-suites-packages")


def _get_extensions(target: Path) -> None:
    """For the Python that runs this: none of it is in the runtime."""
    install: list[str | Path] = ["install", "--no-compile", "--no-deps", "--require-hashes", "--only-binary=:all:"]
    _pip([*install, "--target", target, "--requirement", EXTENSIONS], "client-suites-extensions")


def _cached(listed: Path) -> Path:
    key = hashlib.sha256(listed.read_bytes() + sys.version.encode()).hexdigest()[:16]
    return cache_folder("client-suites", f"{listed.stem}-{key}")


def _ensure(step: Step, *, listed: Path, what: str, get: Callable[[Path], None]) -> None:
    target = _cached(listed)
    if target.exists():
        return
    with lock(beside(target, ".lock"), f"{what} in hand"):
        if target.exists():
            return
        with step.task(f"installing {what}"):
            get(partial_folder := fresh_folder(beside(target, ".partial")))
            put_in_place(partial_folder, target)


ensure_sdists = partial(_ensure, listed=SDISTS, what="the clients' test suites", get=_get_sdists)
ensure_packages = partial(_ensure, listed=PACKAGES, what="the clients", get=_get_packages)
ensure_extensions = partial(_ensure, listed=EXTENSIONS, what="what the runtime has its own of", get=_get_extensions)
ensure_servers = partial(python_tools.ensure, requirements=SERVERS, what="the test suites' servers")


def sdists() -> Path:
    return _cached(SDISTS)


def source(suite: Suite) -> Path:
    """The folder that its files are relative to, as it was got."""
    return debian.library() if suite.source == "debian" else sdists() / suite.name


def extensions() -> Path:
    return _cached(EXTENSIONS)


def version(suite: Suite) -> str:
    """As the lists pin it."""
    if suite.source == "debian":
        return debian.version()
    pinned = dict(line.split()[0].split("==") for line in SDISTS.read_text().splitlines() if "==" in line)
    return pinned[suite.name]


def all_files(suite: Suite) -> list[str]:
    """Its files with tests, relative to its root; a pattern that fits none is an error of the suite's list."""
    root = source(suite)
    found = [sorted(str(path.relative_to(root)) for path in root.glob(pattern)) for pattern in suite.files]
    if empty := [pattern for pattern, each in zip(suite.files, found, strict=True) if not each]:
        raise FileNotFoundError(f"{suite.name} has no {', '.join(empty)}")
    return [file for each in found for file in each]


def files(suite: Suite) -> list[str]:
    """Without those that are left out by their own name, which are not even read."""
    left_out = matcher()(suite.left_out_patterns())
    return [file for file in all_files(suite) if left_out(file) is None]


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
    return target


def root_of(suite: Suite) -> Path:
    """Its root in the folder that make() makes."""
    return BUILD / "client_suites" / suite.name / "python_modules" / "suite"


_SKIPPED = shutil.ignore_patterns("__pycache__", "bin", "docs", "*.c", "*.so", "vendor", "examples")


def _copy(suite: Suite, target: Path) -> None:
    origin = source(suite)
    if not suite.needs:
        shutil.copytree(origin, target, copy_function=_link, ignore=_SKIPPED)
    for need in suite.needs:
        if (origin / need).is_dir():
            shutil.copytree(origin / need, target / need, copy_function=_link, ignore=_SKIPPED)
        else:
            (target / need).parent.mkdir(parents=True, exist_ok=True)
            _link(str(origin / need), str(target / need))
    if not (target / "pyproject.toml").exists() and not (target / "pytest.ini").exists():
        (target / "pytest.ini").write_text("[pytest]\n")


def make(suite: Suite) -> Path:
    """A Worker's folder with the suite, its packages and the plugin; CPython runs in the same one."""
    folder = fresh_folder(BUILD / "client_suites" / suite.name)
    shutil.copytree(_cached(PACKAGES), folder / "python_modules", copy_function=_link, ignore=_SKIPPED)
    _copy(suite, root_of(suite))
    shutil.copytree(FOLDER / "plugin", folder, dirs_exist_ok=True)
    return folder
