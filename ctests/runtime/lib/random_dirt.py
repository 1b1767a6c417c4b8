"""What a request does to its interpreter at random, all of which is put back: for reset_soak.test.ts."""

import asyncio
import builtins
import collections
import contextvars
import copy
import decimal
import functools
import gc
import hashlib
import importlib
import json
import logging
import math
import os
import random
import re
import sys
import threading
import time
import types
import weakref
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import dirty_request
import js
from pyodide.ffi import create_once_callable, create_proxy, run_sync, to_js

#: What a request leaves.
left: list[Any] = []
#: What the module has from the start, for requests to change.
tree: dict[str, Any] = {f"key{i}": {"number": i, "list": [i] * i, "text": "x" * i} for i in range(200)}
variables = [contextvars.ContextVar(f"variable{i}", default=None) for i in range(20)]
Action = Callable[[random.Random], None]

_MODULES = (
    "argparse", "ast", "bisect", "calendar", "cmd", "code", "colorsys", "configparser", "csv", "difflib", "dis",
    "email.mime.text", "fileinput", "fractions", "getopt", "gettext", "graphlib", "html.parser", "imaplib", "ipaddress",
    "mailbox", "mimetypes", "netrc", "optparse", "pickletools", "plistlib", "poplib", "pprint", "quopri", "sched",
    "shlex", "smtplib", "statistics", "stringprep", "symtable", "tabnanny", "timeit", "tomllib", "trace",
    "unittest.mock", "wave", "xml.dom.minidom", "xml.etree.ElementTree", "zipapp",
)  # fmt: skip


def allocate(rng: random.Random) -> None:
    for _ in range(rng.randrange(200)):
        size = int(2 ** rng.uniform(0, 18))
        left.append(rng.choice((bytes, bytearray))(rng.randbytes(min(size, 4096)) * (size // 4096 + 1)))
    rng.shuffle(left)
    del left[: rng.randrange(len(left) + 1)]


def grow(rng: random.Random) -> None:
    left.extend(bytearray(b"\xa5" * (1 << 20)) for _ in range(rng.randrange(24)))


def graphs(rng: random.Random) -> None:
    nodes: list[Any] = [dirty_request.Base() for _ in range(rng.randrange(1, 2000))]
    for node in nodes:
        node.next = rng.choice(nodes)
        node.by_name = {str(i): rng.choice(nodes) for i in range(rng.randrange(4))}
    left.append(rng.choice(nodes))
    left.append(weakref.ref(rng.choice(nodes)))


def collect(rng: random.Random) -> None:
    gc.set_threshold(rng.randrange(1, 1000))
    gc.collect(rng.randrange(3))
    if rng.random() < 0.2:
        gc.freeze()
    if rng.random() < 0.1:
        gc.unfreeze()
        gc.collect()


def module_state(rng: random.Random) -> None:
    for _ in range(rng.randrange(1, 20)):
        module = rng.choice([each for each in sys.modules.values() if isinstance(each, types.ModuleType)])
        module.__dict__[f"left_{rng.randrange(1000)}"] = rng.randbytes(8)
    left.extend(copy.copy(tree) for _ in range(3))
    for key in rng.sample(sorted(tree), min(len(tree), 20)):
        del tree[key]
    tree.update({f"new{rng.randrange(10**6)}": [rng.random()] for _ in range(50)})


def classes(rng: random.Random) -> None:
    left.extend(
        type(f"Left{i}", (dirty_request.Base,), {"method": lambda self: self, "number": rng.random()})
        for i in range(rng.randrange(1, 20))
    )
    for changed in (json.JSONEncoder, collections.UserDict, logging.Logger, threading.Thread):
        setattr(changed, f"left_{rng.randrange(100)}", left[-1])
    builtins.__dict__[f"left_{rng.randrange(10)}"] = left[-1]


def imports(rng: random.Random) -> None:
    for name in rng.sample(_MODULES, rng.randrange(1, 6)):
        importlib.import_module(name)
    for name in rng.sample(_MODULES, 10):
        if rng.random() < 0.3:
            sys.modules.pop(name, None)


def code(rng: random.Random) -> None:
    source = "\n".join(
        f"def f{i}(a, b={i}):\n    for each in range(a):\n        b += each * {rng.randrange(9)}\n    return b\n"
        f"x{i} = [f{i}(n) for n in range(40)]"
        for i in range(rng.randrange(1, 20))
    )
    namespace: dict[str, Any] = {}
    exec(compile(source, "<left>", "exec"), namespace)
    left.append(namespace)


def recursion(rng: random.Random) -> None:
    def deeper(depth: int) -> int:
        if depth == 0:
            raise ValueError([0] * rng.randrange(50))
        return deeper(depth - 1) + 1

    for _ in range(rng.randrange(1, 10)):
        try:
            deeper(rng.randrange(300))
        except (ValueError, RecursionError) as error:
            left.append(error)


def generators(rng: random.Random) -> None:
    def numbers() -> Iterator[int]:
        try:
            yield from range(1 << 30)
        finally:
            left.clear()

    for _ in range(rng.randrange(1, 30)):
        each = numbers()
        for _ in range(rng.randrange(20)):
            next(each)
        left.append(each)


def threads(rng: random.Random) -> None:
    local = threading.local()

    def run(number: int) -> None:
        local.number = number
        time.sleep(number / 5000)
        left.append(hashlib.sha256(str(number).encode()))

    all_of_them = [threading.Thread(target=run, args=(i,)) for i in range(rng.randrange(1, 8))]
    for each in all_of_them:
        each.start()
    for each in all_of_them:
        each.join()


def tasks(rng: random.Random) -> None:
    async def forever(seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            left.append(seconds)

    loop = asyncio.get_running_loop()
    for _ in range(rng.randrange(1, 10)):
        left.append(loop.create_task(forever(rng.choice((0.001, 0.02, 3600)))))
        loop.call_later(rng.random() / 100, left.append, "late")
    loop.call_soon(left.append, "soon")
    run_sync(asyncio.sleep(rng.random() / 200))


def contexts(rng: random.Random) -> None:
    left.extend(each.set(rng.randbytes(20)) for each in rng.sample(variables, 5))
    left.append(contextvars.copy_context())
    decimal.getcontext().prec = rng.randrange(1, 90)


def javascript(rng: random.Random) -> None:
    for _ in range(rng.randrange(1, 60)):
        left.append(
            rng.choice((
                js.Object.new, js.Map.new, js.Date.new, lambda: to_js([1, {"a": "b"}]), lambda: create_proxy(left),
                lambda: create_once_callable(graphs), lambda: js.Promise.new(create_proxy(lambda *_: None)),
                lambda: js.Uint8Array.new(rng.randrange(1000)), lambda: js.TextEncoder.new().encode("left"),
                lambda: js.Array.new(*range(20)).map(create_proxy(lambda each, *_: each + 1)),
            ))()
        )  # fmt: skip
    left.append(js.Headers.new({"left": "behind"}.items()))
    rng.shuffle(left)
    del left[: len(left) // 2]


def waits(rng: random.Random) -> None:
    promise, resolve, _ = js.Promise.withResolvers().object_values()
    js.queueMicrotask(create_once_callable(lambda: resolve(5)))
    assert run_sync(promise) == 5
    for _ in range(rng.randrange(5)):
        time.sleep(rng.random() / 500)


def computes(rng: random.Random) -> None:
    text = rng.randbytes(rng.randrange(1, 100_000))
    left.append([zlib.decompress(zlib.compress(text)), hashlib.blake2b(text).digest(), math.factorial(300)])
    left.append(json.loads(json.dumps({str(i): [i, None, "x" * (i % 50)] for i in range(rng.randrange(2000))})))
    left.append(re.compile(f"(left|{rng.randrange(10**6)})+").sub("x", "left behind" * 50))
    sys.intern(f"left {rng.random()}")


def environment(rng: random.Random) -> None:
    os.environ[f"LEFT_{rng.randrange(100)}"] = "behind" * rng.randrange(500)
    os.chdir(rng.choice(("/", "/tmp", "/session")))
    sys.path[:] = [*sys.path, f"/left{rng.randrange(100)}"]
    sys.setrecursionlimit(rng.randrange(300, 2000))
    sys.setswitchinterval(rng.choice((0.0001, 0.005, 1)))
    random.seed(rng.random())
    logging.getLogger(f"left.{rng.randrange(1000)}").setLevel(rng.randrange(50))


def caches(rng: random.Random) -> None:
    for _ in range(rng.randrange(500)):
        dirty_request.cached(rng.random())
    left.append(functools.lru_cache(rng.randrange(1, 500))(lambda x: x))


ACTIONS: tuple[Action, ...] = (
    allocate, grow, graphs, collect, module_state, classes, imports, code, recursion, generators, threads, tasks,
    contexts, javascript, waits, computes, environment, caches,
)  # fmt: skip


def dirty(seed: str) -> list[Any]:
    """Do what follows from the seed. The result has what was done, and numbers that no two requests may share."""
    numbers = [random.random(), js.Math.random(), os.urandom(8).hex()]
    rng = random.Random(seed)
    chosen = rng.choices(ACTIONS, k=rng.randrange(1, 6))
    encode = json.JSONEncoder().encode
    for action in chosen:
        action(rng)
    return [encode([action.__name__ for action in chosen]), numbers]


def fill(secret: str) -> None:
    """Have the memory full of it, here and there."""
    rng = random.Random()
    for _ in range(60):
        left.append(bytearray(secret.encode() * rng.randrange(1, 4000)))
        left.append({secret + str(rng.random()): secret + str(rng.random())})
        if rng.random() < 0.3:
            del left[rng.randrange(len(left))]
        if rng.random() < 0.05:
            time.sleep(0.001)


def answer(request: Any, env: Any) -> Any:
    encode = json.JSONEncoder().encode
    what = str(request.url).rpartition("/")[2]
    result: Any = None
    if what == "facts":
        result = dirty_request.facts(env)
    elif what.startswith("dirty-"):
        result = dirty(what)
    elif what.startswith("fill-"):
        result = fill(what.removeprefix("fill-").replace(".", ""))
    elif what == "count":
        pairs = json.loads(run_sync(request.text()))
        result = [dirty_request.count(*(half.encode() for half in pair)) for pair in pairs]
    return js.Response.new(encode(result))
