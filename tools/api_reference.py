"""docs/api_reference.md: the public names of the Pythonic API, made of its docstrings and signatures.

`python -m tools.api_reference` says whether the page is as the code has it, `--write` makes it so.
"""

from __future__ import annotations

import ast
import itertools
import sys
import textwrap
from collections.abc import Iterator, Mapping

from tools.paths import ROOT, shown

PACKAGE = ROOT / "shims" / "blockon"
PAGE = ROOT / "docs" / "api_reference.md"
HEAD = """# Reference of the Python API

Made of the docstrings by `./dev check --fix`; [api.md](api.md) has the story. All names are imported from `blockon`,
and there from the compatibility date 2026-11-01 on.
"""
# What operators and statements call, by how a reader knows it.
SPECIAL = {"__getitem__", "__setitem__", "__delitem__"}

# These are the runtime's to make.
NOT_MADE = {
    "AsyncBody",
    "AsyncKVNamespace",
    "AsyncQueue",
    "AsyncService",
    "AsyncWebSocket",
    "Context",
    "Env",
    "Export",
    "Exports",
    "KVNamespace",
    "Message",
    "MessageBatch",
    "Queue",
    "ScheduledEvent",
    "Service",
    "WebSocket",
    "WebSocketClosedError",
    "WebSocketError",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef
Named = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def _added() -> dict[str, tuple[str, ...]]:
    """The names of versions.py, by module: read, not imported, since what runs here need not be what it is for."""
    tree = ast.parse((PACKAGE / "_api" / "versions.py").read_text())
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "_ADDED":
            assert isinstance(node.value, ast.Dict)
            found: dict[str, tuple[str, ...]] = {}
            for modules in node.value.values:
                found.update(ast.literal_eval(modules))
            return found
    raise LookupError("versions.py has no _ADDED")


def _doc(node: ast.AST) -> str:
    text = ast.get_docstring(node) if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) else None
    if text is None:
        raise LookupError(f"line {getattr(node, 'lineno', 0)}: there is no docstring")
    # Two backquotes are one in Markdown, and what is indented there is code.
    paragraphs = [" ".join(part.split()) for part in text.replace("``", "`").split("\n\n")]
    return "\n\n".join(paragraphs)


def _is(function: Function, decorator: str) -> bool:
    return any(ast.unparse(each).split(".")[-1] == decorator for each in function.decorator_list)


def _signature(name: str, function: Function, *, bound: bool) -> str:
    arguments = ast.parse(ast.unparse(function.args).join(("def f(", "): ..."))).body[0]
    assert isinstance(arguments, ast.FunctionDef)
    if bound:
        (arguments.args.posonlyargs or arguments.args.args).pop(0)
    prefix = "await " if isinstance(function, ast.AsyncFunctionDef) and not _yields(function) else ""
    returns = "" if function.returns is None else f" -> {ast.unparse(function.returns)}"
    return f"{prefix}{name}({ast.unparse(arguments.args)}){returns}"


def _yields(function: Function) -> bool:
    return any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in ast.walk(function))


def _functions(body: list[ast.stmt]) -> Iterator[Function]:
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not _is(node, "overload"):
            yield node


def _fields(body: list[ast.stmt]) -> Iterator[tuple[str, str, str]]:
    """Annotated names that a string stands below."""
    for node, below in itertools.pairwise(body):
        if not (isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)):
            continue
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str):
            yield node.target.id, ast.unparse(node.annotation), " ".join(below.value.value.replace("``", "`").split())


def _row(what: str, function: Function) -> str:
    return f"- `{what}`: {_doc(function)}".replace("\n\n", " ")


def _rows(node: ast.ClassDef, hidden: Mapping[str, ast.ClassDef]) -> list[str]:
    """Its attributes and methods, and those of bases that are nobody's by name."""
    rows = [f"- `{name}: {annotation}`: {text}" for name, annotation, text in _fields(node.body)]
    for function in _functions(node.body):
        name = function.name
        if name == "__init__":
            if not node.name.startswith("_") and node.name not in NOT_MADE:
                rows.insert(0, _row(_signature(node.name, function, bound=True), function))
        elif name in SPECIAL and ast.get_docstring(function):
            rows.append(_row(name, function))
        elif name.startswith("_"):
            continue
        elif _is(function, "property"):
            returns = "Any" if function.returns is None else ast.unparse(function.returns)
            rows.append(_row(f"{name}: {returns}", function))
        else:
            rows.append(_row(_signature(name, function, bound=not _is(function, "staticmethod")), function))
    for base in node.bases:
        if ast.unparse(base) in hidden:
            rows += _rows(hidden[ast.unparse(base)], hidden)
    return rows


def _class(node: ast.ClassDef, hidden: Mapping[str, ast.ClassDef]) -> Iterator[str]:
    bases = [ast.unparse(base) for base in node.bases if not ast.unparse(base).startswith(("_", "Generic"))]
    yield f"## {node.name}" + (f"({', '.join(bases)})" if bases else "")
    yield _doc(node)
    rows = _rows(node, hidden)
    if rows:
        yield "\n".join(rows)


def page() -> str:
    """The whole text. Raises LookupError for what has no docstring."""
    parts = [HEAD.strip()]
    for module_name, names in sorted(_added().items()):
        module = ast.parse((PACKAGE / "_api" / f"{module_name}.py").read_text())
        nodes = {node.name: node for node in module.body if isinstance(node, Named)}
        for name in names:
            node = nodes.get(name)
            if isinstance(node, ast.ClassDef):
                hidden = {key: each for key, each in nodes.items() if key[0] == "_" and isinstance(each, ast.ClassDef)}
                parts += _class(node, hidden)
            elif node is not None:
                parts += [f"## {name}", f"`{_signature(name, node, bound=False)}`", _doc(node)]
            elif name != "env":
                raise LookupError(f"{module_name}.py has no {name}")
    parts += ["## env", "The `Env` of the Worker that runs: what handlers are given, for all other code of the Worker."]
    return textwrap.dedent("\n\n".join(parts)) + "\n"


def main() -> int:
    """Returns an exit code: 1 where the page is not as it should be."""
    made = page()
    if "--write" in sys.argv:
        if not PAGE.exists() or PAGE.read_text() != made:
            PAGE.write_text(made)
        return 0
    if PAGE.exists() and PAGE.read_text() == made:
        return 0
    print(f"{shown(PAGE)} is not as the docstrings are: `./dev check --fix` writes it anew")
    return 1


if __name__ == "__main__":
    sys.exit(main())
