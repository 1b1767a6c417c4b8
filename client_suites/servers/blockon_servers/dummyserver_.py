"""urllib3's own server, of its suite's package dummyserver, and a proxy in the place of its."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from blockon_servers import proxy as proxies
from blockon_servers import upstream

FILES = ("certfile", "keyfile", "ca_certs")


@contextlib.contextmanager
def serve(
    folder: Path, host: str, certs: dict[str, Any] | None, proxy: bool, upstream_ca: str | None
) -> Iterator[dict[str, Any]]:
    """`certs` as upstream's function takes it, with the files' texts in place of their names."""
    upstream.use("urllib3")
    from dummyserver.app import hypercorn_app
    from dummyserver.hypercornserver import run_hypercorn_in_thread

    def written(name: str, text: str) -> str:
        path = folder / name
        path.write_text(text)
        return str(path)

    names = certs and {key: written(key, value) if key in FILES else value for key, value in certs.items()}
    serving = proxies.serve(host, names, upstream_ca) if proxy else run_hypercorn_in_thread(host, names, hypercorn_app)
    with serving as port:
        yield {"port": port}
