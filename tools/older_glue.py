"""The glue of an older Pyodide: where it puts its wasm, and which of the wasm's exports it uses.

Before Emscripten 5 the glue makes memory, table and stack, and gives each export a variable by a statement of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tools.errors import DevError
from tools.lean_glue import MAIN, Exports

# The function whose body is the glue.
MODULE = "async function(moduleArg"

_WORD = re.compile(r"[\w$]+")
# VARIABLE=Module["_NAME"]=wasmExports["NAME"], of a function.
_FUNCTION = re.compile(r'var ([\w$]+)=(?:Module\["[\w$]+"\]=)?wasmExports\["([\w$]+)"\];')
# The address of data.
_DATA = re.compile(r'var ([\w$]+)=Module\["[\w$]+"\]=\d+;')
_BY_NAME = re.compile(r'wasmExports(?:\.|\[")([\w$]+)')


@dataclass(frozen=True)
class Places:
    """Where the wasm is to be, as the pass settle-bases wants to be told."""

    memory: int
    table: int
    stack_low: int
    stack_high: int

    def __str__(self) -> str:
        return f"{self.memory},{self.table},{self.stack_low},{self.stack_high}"


def _number(glue: str, pattern: str) -> int:
    found = re.findall(pattern, glue)
    if len(found) != 1:
        raise DevError(f"pyodide.asm.js: {pattern!r} is there {len(found)} times instead of once")
    return int(found[0])


def places(glue: str) -> Places:
    """Of the glue as upstream has it."""

    def of_global(name: str, mutable: str) -> int:
        return _number(glue, rf'var {name}=new WebAssembly\.Global\({{value:"i32",mutable:{mutable}}},(\d+)\);')

    low, high = (_number(glue, rf"var ___stack_{end}=(\d+);") for end in ("low", "high"))
    begin = of_global("___stack_pointer", "true")
    heap = _number(glue, r"var ___heap_base=(\d+);")
    if not begin == heap == high:
        raise DevError(f"pyodide.asm.js: the stack begins at {begin}, ends at {high}, and the heap begins at {heap}")
    return Places(of_global("___memory_base", "false"), of_global("___table_base", "false"), low, high)


def used_exports(glue: str, loader: str) -> Exports:
    """Of realm.asm.js and realm.loader.js as they are patched."""
    rest = _DATA.sub("", _FUNCTION.sub("", glue))
    elsewhere = set(_WORD.findall(rest)) | set(_WORD.findall(loader))
    known = {name for _, name in _FUNCTION.findall(glue)}
    if not known:
        raise DevError("realm.asm.js: no variable is given one of the wasm's exports")
    kept = {name for variable, name in _FUNCTION.findall(glue) if variable in elsewhere}
    kept |= known & (set(_BY_NAME.findall(rest)) | MAIN)

    def stays(found: re.Match[str]) -> str:
        return found[0] if found[1] in elsewhere else ""

    return Exports(tuple(sorted(kept)), _DATA.sub(stays, _FUNCTION.sub(stays, glue)))
