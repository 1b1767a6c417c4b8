"""What a request can leave behind, and what tells that something was left: for fresh_workers.test.ts."""

import asyncio
import atexit
import builtins
import codecs
import contextlib
import ctypes
import decimal
import functools
import gc
import hashlib
import json
import logging
import os
import re
import signal
import socket
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Any

import js
from pyodide.ffi import JsException, create_once_callable, create_proxy, run_sync, to_js

counter = 0
kept: list[Any] = []


@functools.cache
def cached(key: Any) -> Any:
    return key


class Base:
    pass


def _files() -> Any:
    roots = (Path("/tmp"), Path("/session"), Path("/home"), Path.cwd())
    found = {path for root in roots for path in root.rglob("*") if "__pycache__" not in path.parts}
    return sorted(f"{path} {hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ''}" for path in found)


def _realm() -> Any:
    """What globalThis and the prototypes have, by name and kind."""
    found = []

    def look(path: Any, value: Any, depth: Any) -> Any:
        for key in js.Reflect.ownKeys(value):
            described = js.Object.getOwnPropertyDescriptor(value, key)
            held = getattr(described, "value", None)
            kind = js.String(js.Object.prototype.toString.call(held))
            found.append(f"{path}.{js.String(key)} {kind} {described.enumerable} {described.configurable}")
            if kind == "[object Function]" and depth < 2:
                try:
                    prototype = held.prototype
                except (AttributeError, JsException):  # there is none, or one that Python takes for a buffer
                    continue
                look(f"{path}.{js.String(key)}", prototype, depth + 1)

    look("", js.globalThis, 0)
    return hashlib.sha256("\n".join(sorted(found)).encode()).hexdigest(), len(found)


def _sizes(*things: Any) -> list[int]:
    return [len(thing) for thing in things]


def facts(env: Any) -> Any:
    """Equal in two interpreters of the same Worker to which nothing was done."""
    return {
        "counter": counter,
        "cached": cached.cache_info().currsize,
        "modules": sorted(sys.modules),
        "paths": [list(sys.path), len(sys.meta_path), len(sys.path_hooks), str(Path.cwd())],
        "environ": dict(os.environ),
        "builtins": sorted(vars(builtins)),
        "patched": [json.dumps.__qualname__, json.dumps.__module__, str(getattr(json.JSONEncoder, "left", None))],
        "files": _files(),
        "settings": [
            len(warnings.filters), logging.root.level, len(logging.root.handlers), decimal.getcontext().prec,
            gc.get_threshold(), sys.getrecursionlimit(), sys.getswitchinterval(), socket.getdefaulttimeout(),
            sys.excepthook.__qualname__, signal.getsignal(signal.SIGINT).__class__.__name__, time.timezone,
        ],
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "tasks": len(asyncio.all_tasks()),
        "classes": len(Base.__subclasses__()),
        "atexit": atexit._ncallbacks(),
        "codec": _codec(),
        "descriptor": _descriptor(),
        "realm": _realm(),
        "env": json.loads(js.JSON.stringify(env)),
        "tables": _sizes(logging.root.manager.loggerDict, re._cache),
    }  # fmt: skip


def _descriptor() -> Any:
    """The next that is free."""
    number = os.dup(0)
    os.close(number)
    return number


def _codec() -> Any:
    try:
        codecs.lookup("left-behind")
    except LookupError:
        return False
    return True


def _lookup(name: Any) -> Any:
    return codecs.lookup("utf-8") if name == "left_behind" else None


async def _late(seconds: Any) -> Any:
    global counter
    while True:
        await asyncio.sleep(seconds)
        counter += 1


def dirty(env: Any, secret: Any) -> Any:
    """Do all that."""
    global counter
    counter += 1
    cached("left")
    sys.modules["left_behind"] = sys
    sys.path.insert(0, "/left")
    sys.meta_path.append(object())
    os.environ["LEFT"] = "behind"
    builtins.left = secret
    json.dumps = lambda *_: secret
    json.JSONEncoder.left = secret
    for path in (Path("/tmp/left"), Path("/session/left"), Path("left.py").absolute()):
        path.write_text(secret)
    os.chdir("/tmp")
    warnings.simplefilter("ignore")
    logging.basicConfig(level=logging.DEBUG)
    logging.getLogger("left.behind")
    decimal.getcontext().prec = 5
    gc.set_threshold(17)
    sys.setrecursionlimit(500)
    sys.setswitchinterval(0.5)
    socket.setdefaulttimeout(7)
    sys.excepthook = _lookup
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=time.sleep, args=(3600,), name="left").start()
    asyncio.get_running_loop().create_task(_late(0.001))
    kept.append(type("Left", (Base,), {}))
    atexit.register(_lookup)
    codecs.register(_lookup)
    re.compile("left+behind")
    js.Array.prototype.left = secret
    # Refused where interpreters are reset.
    with contextlib.suppress(JsException):
        js.globalThis.left = secret
    with contextlib.suppress(JsException):
        js.Promise.prototype.left = secret
    with contextlib.suppress(JsException):
        js.Request.prototype.json = create_proxy(_lookup)
    with contextlib.suppress(JsException):
        js.Date.left = create_proxy(_lookup)
    env.LEFT = secret
    js.setInterval(create_proxy(lambda: _late), 1)
    js.setTimeout(create_once_callable(_lookup), 3_600_000)
    with contextlib.suppress(JsException):
        js.fetch = create_proxy(_lookup)
    run_sync(asyncio.sleep(0.01))
    kept.append(os.open("/tmp/left", os.O_RDONLY))
    keep(secret)


def keep(secret: Any) -> Any:
    """Have the memory full of it."""
    kept.extend(bytearray(secret.encode() * 1024) for _ in range(16))


def count(first: Any, second: Any) -> Any:
    """How often the one is followed by the other in the interpreter's whole memory."""
    size = ctypes.CDLL(None).sbrk(0) & 0xFFFFFFFF
    step = 1 << 20
    found = 0
    for start in range(8, size - 64, step):
        piece = ctypes.string_at(start, min(step + 64, size - start))
        at = piece.find(first)
        while at >= 0:
            found += piece[at + len(first) :].startswith(second)
            at = piece.find(first, at + 1)
        del piece
    return size, found


def answer(request: Any, env: Any) -> Any:
    """The script's name is the path's, and its arguments are the body's, JSON."""
    arguments = json.loads(run_sync(request.text()) or "{}")
    what = str(request.url).rpartition("/")[2]
    if what == "facts":
        result = facts(env)
    elif what == "dirty":
        encode = json.dumps
        before = facts(env)
        dirty(env, arguments["secret"])
        result = [before, facts(env)]
        json.dumps = encode
    elif what == "keep":
        result = keep(arguments["secret"])
    else:
        first, second = (each.encode() for each in arguments["halves"])
        result = count(first, second)
    return js.Response.new(to_js(json.JSONEncoder().encode(result)))
