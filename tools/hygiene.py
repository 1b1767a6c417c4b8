"""What no file of the repository may hold: a path of somebody's machine, a registry's host, a marker of a merge."""

from __future__ import annotations

import re
from pathlib import Path

from tools.paths import ROOT
from tools.process import output_of

# Pyodide's own home folders are on no machine. The pattern must not match itself.
_HOME = r"(?<![\w.~-])/(?:home|Users)/(?!pyodide\b|web_user\b)[A-Za-z][\w.-]*/|(?<![\w.])/roo[t]/"
_HERE = "|".join(re.escape(f"{path}/") for path in (ROOT, Path.home()) if path != path.parent)
_REGISTRY = r"registry\.(?:npmjs|yarnpkg)\.|files\.pythonhosted\.|//(?:[\w-]+\.)*pypi\.(?:org|python)"

FORBIDDEN = {
    "a path of a machine": re.compile(f"{_HERE}|{_HOME}"),
    "the host of a registry": re.compile(_REGISTRY),
    "a merge marker": re.compile(r"^(?:<{7}|>{7}|\|{7})(?: |$)", re.MULTILINE),
}


def repository_files(*patterns: str) -> list[Path]:
    """The files that are or could be committed, relative to the root."""
    listed = output_of(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns])
    return [path for name in sorted(set(listed.split("\0")) - {""}) if (ROOT / (path := Path(name))).is_file()]


def findings() -> list[str]:
    found = []
    for path in repository_files():
        raw = (ROOT / path).read_bytes()
        if b"\0" in raw:
            continue
        text = raw.decode(errors="replace")
        for what, pattern in FORBIDDEN.items():
            for match in pattern.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                found.append(f"{path}:{line}: {what}: {match[0]!r}")
    return found
