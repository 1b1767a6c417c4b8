"""What requests do that costs their interpreter, since it cannot be put back: each by its name."""

import ctypes
import os
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import js
from pyodide.ffi import create_once_callable, create_proxy, run_sync, to_js
from reset_changes import kept

#: The Worker's bindings.
environment: Any = None


def prototype() -> None:
    js.Array.prototype.left = "behind"


def removed_method() -> None:
    js.Reflect.deleteProperty(js.Array.prototype, "at")


def unwritable_message() -> None:
    js.Object.defineProperty(js.RangeError.prototype, "message", js.JSON.parse('{"writable": false}'))


def error_name() -> None:
    js.TypeError.prototype.name = "Left"


def replaced_bind() -> None:
    js.Function.prototype.bind = js.Function.prototype.call


def error_limit() -> None:
    js.Error.stackTraceLimit = 1


def binding() -> None:
    environment.left = "behind"


def written_file() -> None:
    Path("/tmp/left").write_text("behind")


def temporary_file() -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"left")


def removed_file() -> None:
    Path("kept.txt").unlink()


def changed_mode() -> None:
    Path("kept.txt").chmod(0o600)


def open_file() -> None:
    kept.append(os.open("kept.txt", os.O_RDONLY))


def closed_descriptor() -> None:
    os.close(0)


def pipe() -> None:
    kept.extend(os.pipe())


def foreign_function() -> None:
    kept.append(ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda number: number))


def timer() -> None:
    js.setTimeout(create_once_callable(lambda: None), 3_600_000)


def interval() -> None:
    js.setInterval(create_proxy(lambda: None), 3_600_000)


def lasting_thread() -> None:
    threading.Thread(target=time.sleep, args=(3600,)).start()


def internals() -> None:
    import pyodide_js

    pyodide_js._module.left = "behind"


def keys() -> None:
    run_sync(
        js.crypto.subtle.generateKey(
            to_js({"name": "HMAC", "hash": "SHA-256"}, dict_converter=js.Object.fromEntries), True, to_js(["sign"])
        )
    )


#: What cannot be, and costs the interpreter.
REPLACED = {
    each.__name__: each
    for each in (
        prototype, removed_method, unwritable_message, error_name, replaced_bind, error_limit, binding,
        written_file, temporary_file, removed_file, changed_mode, open_file, closed_descriptor, pipe, foreign_function,
        timer, interval, lasting_thread, internals, keys,
    )
}  # fmt: skip
