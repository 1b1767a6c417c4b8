"""What forged_imports.test.ts serves: a request calls the engine's imports with what they were not made for.

The number of a seed is in the URL. The interpreter's own memory is left out: what a Worker does to that ends it.
"""

import json
import random
from typing import Any

import js
import pyodide_js
from js import Response
from pyodide.ffi import create_proxy

asked = 0
engine = pyodide_js._module.blockonEngine

EDGES = [
    *(0, 1, -1, 2, 3, 4, 8, 16, 4095, 4096, 65535, 65536, 131072),
    *(2**31 - 1, 2**31, -(2**31), 2**32 - 4, 2**32 - 1, 2**32, 2**53, 2**63, -(2**64)),
    *(-0.0, 0.5, float("nan"), float("inf"), float("-inf"), 1e300),
]


def record(**items: Any) -> Any:
    result = js.Object.new()
    for name, value in items.items():
        js.Reflect.set(result, name, value)
    return result


class Forger:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.told = 0
        self.counts: dict[str, list[int]] = {}
        self.memories = [js.WebAssembly.Memory.new(record(initial=n, maximum=8)) for n in (4, 2, 1, 0)]
        self.sockets = [engine.new_sockets() for _ in range(2)]
        self.listener = create_proxy(self.listen)
        for sockets in self.sockets:
            sockets.socket_attach(self.memories[0], self.listener)
            sockets.socket_open_pair(0, 1)

    def listen(self, _token: int) -> None:
        self.told += 1

    def number(self) -> float:
        pick = self.random
        return pick.choice(
            [pick.choice(EDGES), *map(pick.randrange, (64, 4 * 65536, 2**32)), 4 * pick.randrange(65536)]
        )

    def other(self) -> Any:
        pick = self.random
        return pick.choice(
            [
                *(
                    None,
                    True,
                    False,
                    "",
                    "127.0.0.1",
                    "\0",
                    "x" * 5000,
                    js.undefined,
                    js.Object.prototype,
                    js.Symbol.iterator,
                ),
                *(
                    js.Uint8Array.new(pick.randrange(100)),
                    js.Uint8Array.new(self.memories[0].buffer),
                    js.ArrayBuffer.new(9),
                ),
                *(js.Promise.resolve(1), js.Date.new(), js.Reflect.get, engine, self.listener),
            ]
        )

    def argument(self, place: int) -> Any:
        kind = self.random.randrange(10)
        if place == 0 and kind < 6:
            return self.random.choice(self.memories) if kind < 2 else self.memories[0]
        return self.number() if kind < 8 else self.other()

    def call(self, owner: Any, name: str) -> None:
        # What waits, waits for nothing here.
        arguments = [self.argument(place) for place in range(self.random.randrange(7))]
        if name == "socket_poll":
            arguments = [*[*arguments, 0, 0][:2], 0]
        if name == "lookup_await":
            arguments = [self.number(), 0, 0]
        if name == "socket_attach":
            arguments = [self.random.choice(self.memories), self.listener]
        counts = self.counts.setdefault(name, [0, 0])
        counts[0] += 1
        try:
            getattr(owner, name)(*arguments)
            counts[1] += 1
        except Exception:
            return
        if name == "memory_release" and self.random.randrange(8) == 0:
            self.memories[0] = js.WebAssembly.Memory.new(record(initial=4, maximum=8))

    def run(self, calls: int) -> None:
        # Those that suspend are wasm's to call.
        imports = [(engine, name) for name in js.Object.keys(engine) if name not in ("suspend", "pass", "JSTag")]
        for _ in range(calls):
            owner, name = self.random.choice(imports)
            self.call(owner, name)
            sockets = self.random.choice(self.sockets)
            self.call(sockets, self.random.choice(list(js.Object.keys(sockets))))


def on_fetch(request: Any, env: Any) -> Response:
    global asked
    asked += 1
    what = js.URL.new(request.url).pathname[1:]
    if what == "asked":
        return Response.new(str(asked))
    forger = Forger(int(what))
    forger.run(1500)
    return Response.new(json.dumps(forger.counts))
