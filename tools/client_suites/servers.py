"""The process with a suite's servers (client_suites/servers), which ends with the block."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tools import python_tools
from tools.client_suites import folders
from tools.client_suites.suite import FOLDER
from tools.errors import DevError
from tools.files import write_whole
from tools.paths import LOGS, shown


class Servers:
    def __init__(self, url: str, options: Path) -> None:
        self.url = url
        self._options = options

    def set_options(self, options: dict[str, Any]) -> None:
        """What the plugin asks for when it begins."""
        write_whole(self._options, json.dumps(options))


@contextmanager
def started(name: str) -> Iterator[Servers]:
    """`name` is that of the log."""
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"client-suites-servers-{name}.log"
    python: Path = python_tools.program("python", folders.SERVERS)
    with tempfile.TemporaryDirectory(prefix="blockon-suites-") as folder, log.open("wb") as errors:
        options = Path(folder) / "options.json"
        child = subprocess.Popen(
            [python, "-m", "blockon_servers", options, folders.sdists()],
            env={**os.environ, "PYTHONPATH": str(FOLDER / "servers"), "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
        with child:
            assert child.stdin is not None
            assert child.stdout is not None
            try:
                port = child.stdout.readline().strip()
                if not port:
                    raise DevError(f"the suites' servers did not start; their output is in {shown(log)}")
                yield Servers(f"http://127.0.0.1:{port}", options)
            finally:
                child.stdin.close()
                try:
                    child.wait(5)
                except subprocess.TimeoutExpired:
                    child.kill()
