"""build/dist/sdk: Cloudflare's Python SDK for Workers, as PyPI has it; the runtime mounts it for a Worker."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path, PurePosixPath

from tools import python_tools
from tools.errors import DevError
from tools.files import Stamp, beside, fresh_folder, put_in_place
from tools.paths import BUILD
from tools.process import run_logged
from tools.progress import Step

PACKAGE = "workers-runtime-sdk==1.9.5"
SHA256 = "f2b912660a3ab60d2a24920106422f9eaf4cd7a794e42b022237ad2444287fef"
KEPT = ("asgi.py", "_workers_sdk_*.py", "*.dist-info/licenses/*")
TARGET = BUILD / "dist" / "sdk"


def _kept(name: str) -> bool:
    path = PurePosixPath(name)
    return path.parts[0] == "workers" or any(path.match(pattern) for pattern in KEPT)


def _download(folder: Path) -> Path:
    """The wheel; pip has checked its hash."""
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{PACKAGE} --hash=sha256:{SHA256}\n")
    pip = ["-m", "pip", "--disable-pip-version-check", "--no-input", "download"]
    for_guest = ["--only-binary=:all:", "--python-version=3.14", "--no-deps"]
    wanted: list[str | Path] = ["--require-hashes", "-r", requirements, "-d", folder]
    run_logged([python_tools.program("python"), *pip, *for_guest, *wanted], "sdk-download")
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise DevError(f"pip download {PACKAGE} made {len(wheels)} wheels instead of one")
    return wheels[0]


def ensure(step: Step) -> None:
    stamp = Stamp(BUILD / "dist" / ".sdk.stamp", [], [TARGET / "workers" / "__init__.py", TARGET / "asgi.py"], SHA256)
    if stamp.is_current():
        return
    stamp.begin()
    with step.task(f"getting {PACKAGE}"), tempfile.TemporaryDirectory(prefix="sdk-") as download:
        partial = fresh_folder(beside(TARGET, ".partial"))
        with zipfile.ZipFile(_download(Path(download))) as wheel:
            wheel.extractall(partial, [name for name in wheel.namelist() if _kept(name)])
        put_in_place(partial, TARGET)
    stamp.end()
