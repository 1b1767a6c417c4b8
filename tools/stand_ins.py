"""Packages of PyPI that the distribution has in place of their own files, as installed ones: their metadata.

A program that asks importlib.metadata finds them in the standard library's zip. The host's pip, which installs a
Worker's requirements, finds a wheel that has nothing but the metadata, so that a requirement is met and no file is in
two places.
"""

from __future__ import annotations

import ast
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# Of every member, so that the same input gives the same bytes. The earliest that the format knows.
TIME = (1980, 1, 1, 0, 0, 0)

# The folder of wheels beside the distribution's files.
WHEELS = "wheels"


@dataclass(frozen=True)
class StandIn:
    name: str
    summary: str
    version: str

    @property
    def folder(self) -> str:
        return f"{self.name}-{self.version}.dist-info"

    def metadata(self) -> str:
        return f"Metadata-Version: 2.1\nName: {self.name}\nVersion: {self.version}\nSummary: {self.summary}\n"

    def files(self) -> dict[str, str]:
        """By name, in the zip of the standard library."""
        return {
            f"{self.folder}/INSTALLER": "blockon\n",
            f"{self.folder}/METADATA": self.metadata(),
            f"{self.folder}/top_level.txt": f"{self.name}\n",
        }

    def wheel_name(self) -> str:
        return f"{self.name}-{self.version}-py3-none-any.whl"

    def wheel_files(self) -> dict[str, str]:
        named = {
            f"{self.folder}/METADATA": self.metadata(),
            f"{self.folder}/WHEEL": "Wheel-Version: 1.0\nGenerator: blockon\nRoot-Is-Purelib: true\n"
            "Tag: py3-none-any\n",
        }
        record = f"{self.folder}/RECORD"
        return {**named, record: "".join(f"{name},,\n" for name in (*named, record))}


def _version(module: Path) -> str:
    """What it assigns to __version__."""
    for node in ast.parse(module.read_text()).body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__version__"]:
            return str(ast.literal_eval(node.value))
    raise ValueError(f"{module} has no __version__")


def stand_ins(shims: Path) -> Iterator[StandIn]:
    yield StandIn("greenlet", "Greenlets over blockon's fibers", _version(shims / "greenlet" / "__init__.py"))


def write_file(archive: zipfile.ZipFile, name: str, content: str | bytes) -> None:
    entry = zipfile.ZipInfo(name, TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)


def write_wheels(shims: Path, folder: Path) -> None:
    folder.mkdir()
    for each in stand_ins(shims):
        with zipfile.ZipFile(folder / each.wheel_name(), "w") as wheel:
            for name, content in each.wheel_files().items():
                write_file(wheel, name, content)
