"""Runs one attempt, in a Worker's realm as in a control, and prints what it got hold of."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import js
from pyodide.ffi import create_proxy, run_sync, to_js

# JavaScript that knows where it runs.
HOST = "return typeof process === 'object' && process.pid ? 'host:' + process.pid : ''"


def record(**entries: Any) -> Any:
    return to_js(entries, dict_converter=js.Object.fromEntries)


def via(value: Any) -> str:
    """What HOST gives where the value's class comes from."""
    return str(value.constructor.constructor(HOST)())


def settled(promise: Any) -> Any:
    """What a promise is fulfilled with, or the error."""
    try:
        return run_sync(promise)
    except Exception as error:  # noqa: BLE001
        return error


def raised(call: Any) -> Any:
    try:
        call()
    except Exception as error:  # noqa: BLE001
        return error
    raise AssertionError("it raised nothing")


def sleep(milliseconds: int) -> None:
    run_sync(asyncio.sleep(milliseconds / 1000))


def main(given: str) -> int:
    """Run one, or a list of them, one after another."""
    told = json.loads(given)
    for facts in told if isinstance(told, list) else [told]:
        attempt(facts)
    return 0


def attempt(facts: dict[str, str]) -> None:
    # A line of the host's JavaScript that leaves a file in the folder.
    write = f"process.getBuiltinModule('node:fs').writeFileSync({json.dumps(facts['trace'])}, '')"
    names = {"js": js, "run_sync": run_sync, "create_proxy": create_proxy, "to_js": to_js, "sleep": sleep}
    names |= {"HOST": HOST, "WRITE": write, "record": record, "via": via, "settled": settled, "raised": raised}
    names |= {name: value for name, value in facts.items() if name != "code"}
    names["found"] = ""
    try:
        exec(facts["code"], names)
        outcome = str(names["found"])
    except BaseException as error:  # noqa: BLE001
        outcome = f"failed: {type(error).__name__}: {error}"
    print(f"{facts['mark']}{json.dumps(outcome[:100_000])}")
