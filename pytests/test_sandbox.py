"""No host in the guest: each of these reaches the host on stock Pyodide in Node."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import js
import pyodide_js
import pytest
from pyodide.code import run_js
from pyodide.ffi import JsException


def test_no_shell(capfd: pytest.CaptureFixture[str]) -> None:
    assert os.system("id") != 0
    assert "uid=" not in capfd.readouterr().out


def test_no_process() -> None:
    with pytest.raises(AttributeError):
        js.process  # noqa: B018


@pytest.mark.parametrize(
    "name", ["require", "module", "Buffer", "global", "__blockon", "__blockonBridge", "__blockonEngine"]
)
def test_no_globals_of_the_host(name: str) -> None:
    assert not hasattr(js, name)


@pytest.mark.parametrize(
    "function",
    [
        lambda: js.fetch,
        lambda: js.setTimeout,
        lambda: js.console.log,
        lambda: js.Response,
        lambda: js.crypto.getRandomValues,
        lambda: js.performance.now,
        lambda: js.WebAssembly.Module,
        lambda: js.Object,
        lambda: js.ReadableStream,
        lambda: js.WebSocket,
        lambda: js.structuredClone,
        lambda: js.crypto.subtle.digest,
        lambda: js.CompressionStream,
    ],
)
def test_no_code_from_strings(function: Callable[[], Any]) -> None:
    with pytest.raises(JsException, match="Code generation from strings disallowed"):
        function().constructor("return 1")()


def test_no_eval() -> None:
    with pytest.raises(JsException):
        js.eval("1")
    with pytest.raises(JsException):
        run_js("1")


def test_no_emscripten_script() -> None:
    ctypes = pytest.importorskip("ctypes")
    script = ctypes.pythonapi.emscripten_run_script_string
    script.restype = ctypes.c_char_p
    assert not script(b"1 + 1")


def test_no_host_file_system() -> None:
    assert not Path("/etc/passwd").exists()
    assert not Path("/proc/self").exists() or not Path("/proc/self/environ").exists()
    with pytest.raises((JsException, AttributeError)):
        pyodide_js.mountNodeFS("/host", "/")
    assert not Path("/host/etc").exists()


def test_no_subprocess() -> None:
    with pytest.raises(OSError):
        subprocess.run(["id"], check=True)


def test_no_environment_of_the_host() -> None:
    assert "PATH" not in os.environ or "/usr" not in os.environ["PATH"]
    assert set(os.environ) & {"XDG_CACHE_HOME", "SSH_AUTH_SOCK", "NODE_OPTIONS"} == set()


def test_timers_are_numbers() -> None:
    handle = js.setTimeout(js.Object, 0)
    assert isinstance(handle, int)
    js.clearTimeout(handle)


def test_errors_of_the_host_are_of_this_realm() -> None:
    with pytest.raises(JsException) as caught:
        js.URL.new("no url")
    assert caught.value.constructor.constructor == js.Function
    assert caught.value.constructor == js.TypeError
