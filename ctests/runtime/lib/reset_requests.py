"""A Worker's answers for resets.test.ts: a request does something to its interpreter, or says what that is."""

import json
import os
import random
import secrets
import tempfile
import uuid
from typing import Any

import dirty_request
import js
import reset_changes
import reset_losses
from pyodide.ffi import JsException, create_once_callable, jsnull


def numbers() -> list[Any]:
    """None of which two requests may have in common."""
    return [
        random.random(), random.Random().random(), random.randbytes(8).hex(), str(uuid.uuid1()), str(uuid.uuid4()),
        secrets.token_hex(), os.urandom(16).hex(), js.Math.random(), js.crypto.randomUUID(),
        next(tempfile._get_candidate_names()),  # type: ignore[attr-defined]
    ]  # fmt: skip


def facts(env: Any) -> Any:
    """Of an interpreter to which nothing was done."""
    # What follows has some of its own.
    last_match = js.RegExp.lastMatch
    return {
        **dirty_request.facts(env),
        "own": reset_changes.facts(),
        "last_match": last_match,
        # A request that takes a while has some more, for turns of the host's.
        "few_timers": timer_number() < 100,
    }


def timer_number() -> int:
    """Those of one request do not tell another how many there were."""
    number = js.setTimeout(create_once_callable(reset_changes.nothing), 3_600_000)
    js.clearTimeout(number)
    return number


def references() -> int:
    """How many objects of JavaScript Python refers to. That looks into what costs the interpreter."""
    import pyodide_js

    get = pyodide_js._module.__hiwire_get
    found = 0
    number = 0
    while True:
        try:
            found += get(number) is not jsnull
        except JsException:
            return found
        number += 1


def answer(request: Any, env: Any) -> Any:
    reset_losses.environment = env
    encode = json.JSONEncoder().encode
    what = str(request.url).rpartition("/")[2]
    result: Any = None
    if what == "facts":
        result = facts(env)
    elif what == "numbers":
        result = numbers()
    elif what == "references":
        result = references()
    elif what == "names":
        result = [list(reset_changes.RESET), list(reset_losses.REPLACED)]
    elif what.startswith("count-"):
        first, second = what.removeprefix("count-").encode().split(b".")
        result = dirty_request.count(first, second)
    elif what.startswith("refer-"):
        reset_changes.kept.extend(js.Object.new() for _ in range(int(what.removeprefix("refer-"))))
    elif what.startswith("keep-"):
        dirty_request.keep(what.removeprefix("keep-").replace(".", ""))
    else:
        (reset_changes.RESET | reset_losses.REPLACED)[what]()
    return js.Response.new(encode(result))
