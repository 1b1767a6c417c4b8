"""httpbin over http or https, as pytest-httpbin serves it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from httpbin import app
from pytest_httpbin import certs
from pytest_httpbin import serve as pytest_httpbin


@contextlib.contextmanager
def serve(folder: Path, secure: bool) -> Iterator[dict[str, Any]]:
    kind = pytest_httpbin.SecureServer if secure else pytest_httpbin.Server
    with kind(application=app) as server:
        yield {
            "url": server.url,
            "host": server.host,
            "port": server.port,
            "authority": Path(certs.where()).read_text(),
        }
