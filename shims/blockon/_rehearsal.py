"""What a Worker's first request runs, run beforehand in an interpreter that is nobody's yet, with Workers of our own.

``begin`` loads one, ``end`` leaves nothing of it but what CPython found out on the way (specialized code, caches).
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

import blockon

from . import _entry, _fetch, _install, _platform, _realm_exchange, _snapshot
from ._api import host, versions

__all__ = ["begin", "end", "kinds", "leave", "sources", "start"]

# As CPython knows it; no Worker's file is there.
_PLACE = "/blockon/_rehearsal_worker.py"
_NAME = "_rehearsal_worker"

_OF_THE_SDK = """\
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response(f"{request.method} {len(request.url)}\\n", headers={"x-rehearsal": "1"})
"""

_OF_THE_API = """\
from blockon import Request, Response


def fetch(request: Request) -> Response:
    return Response(f"{request.method} {len(str(request.url))}\\n", headers={"x-rehearsal": "1"})
"""

_OF_JAVASCRIPT = """\
from js import Response


async def on_fetch(request, env):
    return Response.new(f"{request.method} {len(request.url)}\\n")
"""


def sources(features: Iterable[str]) -> list[str]:
    """Main files of each form that Workers with these features have."""
    enabled = set(features)
    found = []
    if versions.FIRST in enabled:
        found.append(_OF_THE_API)
    found.append(_OF_THE_SDK if "python_workers" in enabled else _OF_JAVASCRIPT)
    return found


def kinds() -> list[list[str]]:
    """Features that Workers of each kind have."""
    return [["python_workers", versions.FIRST], []]


def start() -> None:
    """What an interpreter runs when it begins with a snapshot, and is given to a Worker."""
    _install.install(True, False)
    _write("")
    _snapshot.settle(f'["{os.path.dirname(_PLACE)}"]')  # noqa: PTH120 - as few modules as can be


def _write(source: str) -> None:
    with open(_PLACE, "w", encoding="utf-8") as file:  # noqa: PTH123 - as above
        file.write(source)


def begin(source: str) -> Callable[[Any, Any, int], Any]:
    """Load a main file with this text, as a Worker's is. What answers its requests."""
    _write(source)
    _entry.load(_PLACE, True, 0)
    _entry.find_handlers()
    return _entry.answering(None)


def end() -> None:
    """Forget it."""
    _entry.set_handlers(None, None)
    sys.modules.pop(_NAME, None)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(_PLACE)  # noqa: PTH108 - as above
    folder = os.path.dirname(_PLACE)  # noqa: PTH120 - as above
    with contextlib.suppress(ValueError):
        sys.path.remove(folder)
    sys.path_importer_cache.pop(folder, None)
    gc.collect()


def leave(features: Iterable[str]) -> None:
    """Be as before _entry.prepare() with these: it is not known any more whose the interpreter is."""
    _platform.uninstall(set(features))
    versions.enable_all()
    for name in versions.NAMES:
        # Asked for anew, they are there or not by the Worker's date.
        vars(blockon).pop(name, None)
    host.use_module("")
    _fetch.leave_worker()
    _realm_exchange.leave_realm()
    realm = sys.modules.pop("_blockon_host", None)
    if realm is not None:
        # Its loader has it, which the collector does not see.
        del realm.__spec__
        del realm.__loader__
