"""python_stdlib.zip of the distribution: upstream's, with the package blockon (shims/) beside the others."""

from __future__ import annotations

import zipfile
from pathlib import Path

# Of every member, so that the same input gives the same bytes. The earliest that the format knows.
TIME = (1980, 1, 1, 0, 0, 0)


def sources(shims: Path) -> list[Path]:
    return sorted(path for path in shims.rglob("*") if path.suffix in (".py", ".typed"))


def write(upstream: Path, shims: Path, target: Path) -> None:
    with zipfile.ZipFile(upstream) as old, zipfile.ZipFile(target, "w") as new:
        for member in old.infolist():
            new.writestr(member, old.read(member), member.compress_type)
        for path in sources(shims):
            entry = zipfile.ZipInfo(str(path.relative_to(shims)), TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, path.read_bytes())
