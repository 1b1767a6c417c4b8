"""One package of PyPI in a Worker: whether it resolves, imports, and does one small thing."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
import threading
import tomllib
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.paths import LAUNCHER, NODE

# For one package, with its installation.
LIMIT_SECONDS = 240

WORKER = """name = "trial"
main = "entry.py"
compatibility_date = "2026-11-01"
compatibility_flags = ["python_workers"]
"""

ENTRY = """import importlib, json
from js import Response

stage = "import"

def on_fetch(request):
    global stage
    try:
        for name in MODULES:
            importlib.import_module(name)
        stage = "use"
        import use
    except BaseException as error:
        return Response.new(json.dumps({"stage": stage, "error": f"{type(error).__name__}: {error}"}))
    return Response.new(json.dumps({"stage": "works"}))
"""

LISTENS = re.compile(r" on (http://127\.0\.0\.1:\d+)")


@dataclass(frozen=True)
class Package:
    name: str
    modules: tuple[str, ...]
    # Python that raises when it does not work.
    use: str
    # Packages that it needs and does not name.
    beside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    name: str
    # resolve, import and use say where it ended.
    stage: str
    version: str
    # Empty when it works.
    reason: str

    @property
    def works(self) -> bool:
        return self.stage == "works"


def _write(folder: Path, package: Package) -> None:
    (folder / "wrangler.toml").write_text(WORKER)
    (folder / "requirements.txt").write_text("".join(f"{name}\n" for name in (package.name, *package.beside)))
    (folder / "entry.py").write_text(ENTRY.replace("MODULES", repr(package.modules)))
    (folder / "use.py").write_text(package.use)


def _version(folder: Path, name: str) -> str:
    lock = folder / "pylock.blockon.toml"
    if not lock.exists():
        return ""
    packages: list[dict[str, Any]] = tomllib.loads(lock.read_text()).get("packages", [])
    normal = re.sub(r"[-_.]+", "-", name.partition("[")[0]).lower()
    return next((str(entry["version"]) for entry in packages if entry["name"] == normal), "of the runtime's")


@contextmanager
def _served(folder: Path) -> Iterator[tuple[str | None, list[str]]]:
    """The URL, or None where the server ended before it had one, and the lines of its log until then."""
    command: list[str | Path] = [NODE, LAUNCHER, "serve", folder, "--port", "0", "--log-format", "json"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        timer = threading.Timer(LIMIT_SECONDS, process.terminate)
        timer.start()
        url, lines = None, []
        try:
            for line in process.stderr:
                lines.append(line.rstrip())
                if found := LISTENS.search(line):
                    url = found[1]
                    break
            # What it writes from now on is nobody's, and must not fill the pipe.
            threading.Thread(target=process.stderr.read, daemon=True).start()
            yield url, lines
        finally:
            timer.cancel()
            process.terminate()


def _ask(url: str) -> tuple[str, str]:
    try:
        with urllib.request.urlopen(url, timeout=LIMIT_SECONDS) as response:
            answer = json.load(response)
    except OSError as error:
        return "import", f"the Worker did not answer: {error}"
    return answer["stage"], answer.get("error", "")


def _refused(lines: list[str]) -> str:
    """The line with which the server ended."""
    said = [line for line in lines if line.startswith("blockon: ")]
    return re.sub(r"^blockon: \S+: ", "", said[0]) if said else "no answer within the time"


def run(package: Package) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="blockon-package-") as name:
        folder = Path(name)
        _write(folder, package)
        with _served(folder) as (url, lines):
            stage, reason = ("resolve", _refused(lines)) if url is None else _ask(url)
        return Outcome(package.name, stage, _version(folder, package.name), " ".join(reason.split()))
