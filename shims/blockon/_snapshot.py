"""The baseline snapshot: what is imported before it is taken, and what each interpreter that begins with it makes anew.

Such an interpreter differs from one that started by itself in its hash secret alone, which is that of the snapshot.
"""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import os
import sys
import time
from collections.abc import Collection
from typing import Any

import _blockon
from blockon._shared_pages import share_pages

__all__ = ["finish", "generators", "is_busy", "make_anew", "prepare", "resume", "settle"]

# What starts a Worker, with or without a snapshot.
_ENTRY = ("blockon._entry", "blockon._deadlock")

# What Workers and their packages import: a Worker has them for nothing. None starts a thread or opens anything; those
# that hold random state, times or variables of the environment are dealt with in resume(). Not multiprocessing, whose
# key is random.
_MODULES = """
    argparse ast asyncio base64 binascii bisect blockon._client_adapters blockon._cloudflare.allow_entropy
    blockon._cloudflare.import_patch_manager blockon._known_code blockon._live blockon._realm_api
    blockon._rehearsal blockon._sdk_messages bz2 calendar cmath codecs
    collections.abc
    concurrent.futures.thread configparser contextlib contextvars copy csv dataclasses datetime decimal difflib
    email.generator email.mime.multipart email.mime.text email.parser email.policy email.utils encodings.ascii
    encodings.idna encodings.latin_1 enum errno fnmatch fractions functools getpass gettext glob graphlib gzip
    hashlib heapq hmac html html.parser http.client http.cookiejar http.cookies http.server importlib.metadata
    importlib.resources importlib.util inspect io ipaddress itertools json keyword linecache locale
    logging.config logging.handlers lzma math mimetypes netrc numbers operator optparse os pathlib pickle
    pkgutil platform plistlib pprint pyexpat pyodide.http queue quopri random re reprlib sched secrets select
    selectors shlex shutil signal socket socketserver sqlite3 ssl stat statistics string stringprep struct
    subprocess tarfile tempfile textwrap threading timeit tokenize traceback types typing unicodedata
    urllib.error urllib.parse urllib.request uuid warnings weakref xml.etree.ElementTree zipfile zipimport zlib
    zoneinfo
"""

_SDK = ("workers",)

# Numbers of _blockon.stats() that a snapshot cannot hold.
_UNDER_WAY = ("fibers_live", "ready_handles", "pending_timers", "parked_fibers")

# What an interpreter that starts by itself has imported by the time it imports the Worker's modules.
_at_start: frozenset[str] = frozenset()
_sdk_folders: frozenset[str] = frozenset()
# Instances of random.Random that are alive when the snapshot is taken, but those that ask the system each time.
_generators: list[Any] = []


def prepare(path: str) -> None:
    """Import what a snapshot is to hold. ``path`` is JSON: the folders of Cloudflare's SDK."""
    global _at_start, _sdk_folders
    for name in _ENTRY:
        importlib.import_module(name)
    _at_start = frozenset(sys.modules)
    for name in _MODULES.split():
        importlib.import_module(name)
    _sdk_folders = frozenset(sys.modules["json"].loads(path))
    _import_sdk()
    # The loader puts it there in each interpreter.
    if sys.path[:1] == [""]:
        del sys.path[0]
    importlib.invalidate_caches()
    # The standard library's zip stays as it is: its list of files is read once for all.
    importlib.util.find_spec("blockon._no_such_module")
    _note_generators()


def _note_generators() -> None:
    random: Any = sys.modules["random"]
    _generators[:] = [
        each
        for each in gc.get_objects()
        if isinstance(each, random.Random) and not isinstance(each, random.SystemRandom)
    ]


def is_busy() -> bool:
    """Whether something goes on that ends by itself."""
    stats = _blockon.stats()
    return any(stats[name] for name in _UNDER_WAY)


def finish() -> None:
    """Leave the interpreter as a snapshot is to hold it."""
    gc.collect()
    _note_generators()
    under_way = {name: count for name, count in _blockon.stats().items() if name in _UNDER_WAY and count}
    if under_way:
        raise RuntimeError(f"a snapshot cannot hold what is under way: {under_way}")
    share_pages()


def _import_sdk() -> None:
    """It is the same for all Workers; where it is differs, if a Worker has its own."""
    before = sys.path[:]
    sys.path[:0] = _sdk_folders
    importlib.import_module("blockon._platform").stand_by()
    for name in _SDK:
        importlib.import_module(name)
    sys.path[:] = before
    for folder in [each for each in sys.path_importer_cache if each.startswith(tuple(_sdk_folders))]:
        del sys.path_importer_cache[folder]


def generators() -> list[Any]:
    """The instances of random.Random that the snapshot holds."""
    return _generators


def resume(environment: str) -> None:
    """Begin with the snapshot. ``environment`` is JSON: variables."""
    json = sys.modules["json"]
    os.environ.update(json.loads(environment))
    make_anew()


def settle(path: str) -> None:
    """Make anew, for the Worker that the interpreter is given to, what no two may share.

    ``path`` is JSON: what the Worker has in front of ``sys.path``, which is put there.
    """
    json = sys.modules["json"]
    folders = json.loads(path)
    sys.path[:0] = folders
    make_anew()
    _forget_what_is_shadowed(folders)


def make_anew(seeded: Collection[Any] = ()) -> None:
    """What is of the standard library. ``seeded`` are generators that somebody has seeded himself."""
    tempfile, logging = (sys.modules[name] for name in ("tempfile", "logging"))
    for generator in _generators:
        if not any(generator is own for own in seeded):
            generator.seed()
    tempfile._name_sequence = tempfile.tempdir = None  # type: ignore[attr-defined]
    logging._startTime = time.time_ns()  # type: ignore[attr-defined]


def _forget_what_is_shadowed(path: list[str]) -> None:
    """A module of the Worker's comes before a library's of the same name, unless that is imported at the start."""
    own = {name for folder in path if folder not in _sdk_folders for name in _modules_in(folder)}
    # What is in a package is not imported without that.
    if own.isdisjoint(sys.modules):
        return
    for name in [name for name in sys.modules if name not in _at_start and name.partition(".")[0] in own]:
        del sys.modules[name]


def _modules_in(folder: str) -> set[str]:
    # What is no folder, or cannot be listed, has none.
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        return {
            entry.name.partition(".")[0]
            for entry in entries
            if entry.name.endswith((".py", ".pyc", ".so")) or entry.is_dir()
        }
    return set()
