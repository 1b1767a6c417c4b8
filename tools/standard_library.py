"""python_stdlib.zip of the distribution: upstream's, with shims/ beside and in place of some of its modules."""

from __future__ import annotations

import zipfile
from pathlib import Path

from tools.stand_ins import stand_ins, write_file

# The folder of the shims whose modules take the place of those of the standard library, and the one where those stay:
# shims/blockon/_sockets.py gives them back.
IN_PLACE = "_stdlib"
REPLACED = "_pyodide_stdlib"


def sources(shims: Path) -> list[Path]:
    return sorted(path for path in shims.rglob("*") if path.suffix in (".py", ".typed"))


def _name(path: Path) -> str:
    return str(path.relative_to(IN_PLACE) if path.parts[0] == IN_PLACE else path)


def write(upstream: Path, shims: Path, target: Path) -> None:
    ours = {_name(path.relative_to(shims)): path for path in sources(shims)}
    with zipfile.ZipFile(upstream) as old, zipfile.ZipFile(target, "w") as new:
        for member in old.infolist():
            data = old.read(member)
            # What is compiled of a module goes with it.
            if member.filename.removesuffix("c") in ours:
                member.filename = f"{REPLACED}/{member.filename}"
            new.writestr(member, data, member.compress_type)
        for name, path in sorted(ours.items()):
            write_file(new, name, path.read_bytes())
        for package in stand_ins(shims):
            for name, content in package.files().items():
                write_file(new, name, content)
