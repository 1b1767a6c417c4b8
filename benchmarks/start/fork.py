"""A request to CPython that leaves nothing behind: a process is forked for each.

fork.py HANDLER COUNT prints what each takes until its answer is there and its process is gone, in us, as JSON.
"""

import http.server  # noqa: F401 - with what it imports, as a server has it
import json
import os
import sys
import time
from collections.abc import Callable

TEXT = json.dumps({"name": "blockon", "values": list(range(50)), "nested": {"a": [1.5, None, True]}})
# Until the processor runs at its speed.
FIRST = 100


def noop() -> str:
    """As workers/noop."""
    return "x"


def small_json() -> str:
    """As workers/json."""
    value = json.loads(TEXT)
    value["sum"] = sum(value["values"])
    return json.dumps(value)


HANDLERS = {"noop": noop, "json": small_json}


def request(handler: Callable[[], str]) -> None:
    """Have a process of its own answer."""
    from_child, to_parent = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(to_parent, handler().encode())
        os._exit(0)
    os.close(to_parent)
    answer = os.read(from_child, 1 << 16)
    os.close(from_child)
    os.waitpid(child, 0)
    if not answer:
        raise OSError("the process that was forked did not answer")


def main(name: str, count: int) -> None:
    """Ask the handler of that name."""
    handler = HANDLERS[name]
    us = []
    for i in range(FIRST + count):
        begin = time.perf_counter()
        request(handler)
        if i >= FIRST:
            us.append((time.perf_counter() - begin) * 1e6)
    print(json.dumps(us))


main(sys.argv[1], int(sys.argv[2]))
