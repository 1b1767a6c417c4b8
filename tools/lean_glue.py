"""The glue of a Worker's realm: which of the wasm's exports it uses, and the glue without the rest.

Emscripten's glue gives each export of the wasm a variable and a property of Module, thousands, in one function. Those
that are named nowhere else in the realm's scripts are taken out of it, and the wasm does not export them
(jspi/passes/link_table.cc). So are the functions of Emscripten's library that have no meaning without a page, and what
only those use.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from tools.errors import DevError
from tools.js_statements import block_end, has_parts, statements

_BEGIN = "function assignWasmExports(wasmExports){"
# One of the assignments: VARIABLE=Module["_NAME"]=wasmExports["NAME"], of a function or of the value of a global, or
# with two variables.
_TARGET = r'(?:[\w$]+|Module\["[\w$]+"\])='
_ASSIGNMENT = re.compile(rf'((?:{_TARGET})+)wasmExports\["([\w$]+)"\](?:\.value>>>0)?')
_BY_NAME = re.compile(r'wasmExports(?:\.|\[")([\w$]+)')
# What is started, which the linker knows by either name.
MAIN = {"main", "__main_argc_argv"}
_WORD = re.compile(r"[\w$]+")

_MODULE = "async function createPyodideModule("
_DECLARATION = re.compile(r"(?:async )?function ([\w$]+)|var ([\w$]+)(?:=|;$)|class ([\w$]+)")
# Lines of no use but to others: Module["NAME"]=NAME and NAME.sig="vi".
_PASSED_ON = re.compile(r'Module\["[\w$]+"\]=([\w$]+);|([\w$]+)\.sig="\w*";')
_IMPORTS = "var wasmImports={"
_IMPORT = re.compile(r"([\w$]+)(?::([\w$]+))?")


@dataclass(frozen=True)
class Exports:
    """What the glue does with the wasm's exports."""

    # Names of exports that are used.
    kept: tuple[str, ...]
    # The glue without the others.
    glue: str


def _split(glue: str) -> tuple[str, list[str], list[str], str]:
    """What is before the variables of exports, those, the assignments, and what is behind."""
    parts = glue.split(_BEGIN)
    if len(parts) != 2:
        raise DevError(f"realm.asm.js: {_BEGIN!r} is there {len(parts) - 1} times instead of once")
    before, rest = parts
    body, end, behind = rest.partition("}")
    begin = before.rfind("var ")
    declaration = before[begin + len("var ") :].removesuffix(";")
    variables = declaration.split(",")
    assignments = body.split(";")
    if not end or not all(_WORD.fullmatch(name) for name in variables):
        raise DevError("realm.asm.js: the variables of the wasm's exports are not declared before assignWasmExports")
    return before[:begin], variables, assignments, end + behind


def used_exports(glue: str, loader: str) -> Exports:
    """Of realm.asm.js and realm.loader.js as they are patched."""
    before, variables, assignments, behind = _split(glue)
    elsewhere = set(_WORD.findall(before)) | set(_WORD.findall(behind)) | set(_WORD.findall(loader))
    kept_assignments: list[str] = []
    dropped: set[str] = set()
    known: set[str] = set()
    kept: set[str] = set()
    for assignment in assignments:
        found = _ASSIGNMENT.fullmatch(assignment)
        if found is None:
            raise DevError(f"realm.asm.js: assignWasmExports has {assignment[:120]!r}")
        targets, name = found.groups()
        known.add(name)
        assigned = {target for target in targets.split("=") if _WORD.fullmatch(target)}
        if assigned & elsewhere:
            kept_assignments.append(assignment)
            kept.add(name)
        else:
            dropped |= assigned
    asked = set(_BY_NAME.findall(before + behind)) | MAIN
    # The guest's are in no list of Emscripten's.
    kept |= {name for name in asked if name in known or name.startswith(("blockon_", "__wasm_"))}
    variables = [name for name in variables if name not in dropped]
    text = f"{before}var {','.join(variables)};{_BEGIN}{';'.join(kept_assignments)}{behind}"
    return Exports(tuple(sorted(kept)), text)


def _reached(begin: Iterable[str], words: dict[str, set[str]]) -> set[str]:
    """Declarations that are named by one of these, or by one that is reached. Any word counts: it may be too many."""
    found: set[str] = set()
    due = [name for name in begin if name in words]
    while due:
        name = due.pop()
        if name not in found:
            found.add(name)
            due += [other for other in words[name] if other in words and other not in found]
    return found


def _without_imports(statement: str, patterns: list[str]) -> tuple[str, set[str]]:
    """The list of what the wasm and side modules may import without those, and whose functions these were."""
    entries = statement.removeprefix(_IMPORTS).removesuffix("};").split(",")
    unused = set(patterns)
    kept: list[str] = []
    dropped: set[str] = set()
    for entry in entries:
        found = _IMPORT.fullmatch(entry)
        if found is None:
            raise DevError(f"realm.asm.js: wasmImports has {entry[:120]!r}")
        name, function = found.groups()
        matching = [pattern for pattern in patterns if fnmatchcase(name, pattern)]
        unused.difference_update(matching)
        if matching:
            dropped.add(function or name)
        else:
            kept.append(entry)
    if unused:
        raise DevError(f"realm.asm.js: nothing in wasmImports is called {', '.join(sorted(unused))}")
    return f"{_IMPORTS}{','.join(kept)}}};", dropped


def listed(path: Path) -> list[str]:
    """The lines of without_page.txt."""
    return [line for line in path.read_text().splitlines() if line and not line.startswith("#")]


def without_library(glue: str, patterns: list[str], module: str = _MODULE) -> str:
    """The glue without the functions of these names that it has for wasm, and without what only those use.

    What is taken out is named by nothing that stays. `module` is how the function begins whose body the glue is.
    """
    begin = glue.index("{", block_end(glue, glue.index("(", glue.index(module))))
    end = block_end(glue, begin)
    body = list(statements(glue[begin + 1 : end - 1]))
    places = [at for at, statement in enumerate(body) if statement.startswith(_IMPORTS)]
    if len(places) != 1:
        raise DevError(f"realm.asm.js: {_IMPORTS!r} begins {len(places)} statements instead of one")
    body[places[0]], dropped = _without_imports(body[places[0]], patterns)

    words: dict[str, set[str]] = {}
    others: set[str] = set()
    for statement in body:
        declared = _DECLARATION.match(statement)
        name = next(filter(None, declared.groups()), None) if declared else None
        if name is not None and name not in words and not has_parts(statement) and not statement.startswith(_IMPORTS):
            words[name] = set(_WORD.findall(statement))
        elif _PASSED_ON.fullmatch(statement) is None:
            others.update(_WORD.findall(statement))
    theirs = _reached(dropped, words)
    stay = _reached([*others, *(name for name in words if name not in theirs)], words)
    gone = theirs - stay

    def is_kept(statement: str) -> bool:
        declared = _DECLARATION.match(statement) or _PASSED_ON.fullmatch(statement)
        return declared is None or not gone.intersection(filter(None, declared.groups()))

    return glue[: begin + 1] + "".join(filter(is_kept, body)) + glue[end - 1 :]
