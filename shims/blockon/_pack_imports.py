"""What a Worker's modules import, found without running any of them."""

from __future__ import annotations

import ast
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

from . import _bridge

__all__ = ["main"]

# A handler of one of these means that the import may fail.
_CAUGHT = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


def main(arguments: str) -> int:
    """Look at a Worker's main file and all of its own modules that it leads to.

    The arguments are JSON: ``main``, a file, and ``folder``, that of the Worker. The report ``imports`` has
    ``missing``, imports of what is nowhere, ``syntax``, files that are no Python, and ``packages``, the names from
    packages that are imported.
    """
    given = json.loads(arguments)
    report = _Scan(Path(given["folder"]), Path(given["main"])).of_main()
    _bridge.host("report")("imports", _bridge.to_js(json.dumps(report).encode()))
    return 0


class _Scan:
    def __init__(self, folder: Path, main: Path) -> None:
        self._folder = folder
        self._main = main
        # As in sys.path.
        self._roots = list(dict.fromkeys([main.parent, folder]))
        self._found: dict[str, bool] = {}
        self._names: set[str] = set()

    def of_main(self) -> dict[str, Any]:
        main = self._main
        missing: list[dict[str, Any]] = []
        syntax: list[dict[str, Any]] = []
        waiting, seen = [main], {main}
        while waiting:
            file = waiting.pop()
            where = str(file.relative_to(self._folder))
            try:
                tree = ast.parse(file.read_bytes(), str(file))
            except (SyntaxError, ValueError) as error:
                syntax.append({"file": where, "line": getattr(error, "lineno", None) or 1, "message": str(error)})
                continue
            visitor = _Imports(self._package(file))
            visitor.visit(tree)
            for module, names, line, guarded in visitor.imports:
                own = self._own(module, names)
                waiting += [each for each in own if each not in seen]
                seen.update(own)
                if not own and not guarded and not self._exists(module.partition(".")[0]):
                    missing.append({"name": module, "file": where, "line": line})
        order = sorted(missing, key=lambda each: (each["file"], each["line"], each["name"]))
        return {"missing": order, "syntax": syntax, "packages": sorted(self._names)}

    def _package(self, file: Path) -> list[str]:
        return list(file.relative_to(self._folder).parts[:-1])

    def _own(self, module: str, names: list[str]) -> list[Path]:
        """The Worker's own files that an import runs."""
        files = []
        for name in [module, *(f"{module}.{each}" if module else each for each in names)]:
            for root in self._roots:
                at = root
                for part in name.split("."):
                    at /= part
                    files += [each for each in (at.with_suffix(".py"), at / "__init__.py") if each.is_file()]
        return list(dict.fromkeys(files))

    def _exists(self, name: str) -> bool:
        if name not in self._found:
            self._found[name] = name in sys.stdlib_module_names or self._is_found(name)
        return self._found[name]

    def _is_found(self, name: str) -> bool:
        if name in sys.modules:
            return True
        try:
            # Of a name without dots: nothing is imported.
            spec = importlib.util.find_spec(name)
        except (ImportError, ValueError):
            return False
        if spec is not None:
            self._names.add(name)
        return spec is not None


class _Imports(ast.NodeVisitor):
    def __init__(self, package: list[str]) -> None:
        self._package = package
        self._guards = 0
        # (module, names, line, whether it may fail)
        self.imports: list[tuple[str, list[str], int, bool]] = []

    def visit_Import(self, node: ast.Import) -> None:
        for each in node.names:
            self._add(each.name, [], node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        names = [each.name for each in node.names]
        if node.level == 0:
            self._add(node.module or "", names, node)
            return
        up = node.level - 1
        package = self._package[: len(self._package) - up] if up else self._package
        # Of the Worker's own: what is missing there its top level tells.
        self._add(".".join([*package, *([node.module] if node.module else [])]), names, node, guarded=True)

    def visit_Try(self, node: ast.Try) -> None:
        guarded = any(_catches(handler.type) for handler in node.handlers)
        self._guards += guarded
        for statement in node.body:
            self.visit(statement)
        self._guards -= guarded
        for rest in [*node.handlers, *node.orelse, *node.finalbody]:
            self.visit(rest)

    def visit_If(self, node: ast.If) -> None:
        # `if TYPE_CHECKING:`, `if sys.version_info < ...:`: whether it is so nobody knows who does not run it.
        self._guards += 1
        self.generic_visit(node)
        self._guards -= 1

    def visit_With(self, node: ast.With) -> None:
        # contextlib.suppress(ImportError)
        guarded = any(
            isinstance(item.context_expr, ast.Call) and any(_catches(each) for each in item.context_expr.args)
            for item in node.items
        )
        self._guards += guarded
        self.generic_visit(node)
        self._guards -= guarded

    def _add(self, module: str, names: list[str], node: ast.stmt, *, guarded: bool = False) -> None:
        self.imports.append((module, names, node.lineno, guarded or self._guards > 0))


def _catches(node: ast.expr | None) -> bool:
    """Whether a handler of this type catches an import that fails; a bare one does."""
    if node is None:
        return True
    if isinstance(node, ast.Tuple):
        return any(_catches(each) for each in node.elts)
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return name in _CAUGHT
