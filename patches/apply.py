"""Apply the declared patches of one Pyodide version.

A patch is a TOML file `NNNN-name.toml` in the version's folder: one idea, with the reason for it, where
upstream does the thing, and the condition under which it can go. Its edits name exact text ("find") that
must occur exactly `count` times (once, if not stated) in each output that the edit is for; anything else
is an error that names the patch, the edit and the output, and nothing is written. With "until", what is replaced
goes on from "find" to the next place where that text is, which stays.

`outputs.toml` in the same folder lists the outputs, each with the file of the npm package that it starts
from, and the SHA-256 that this file must have.

In a replacement, @BUILD_ID@ stands for what --build-id gives: 64 hexadecimal digits.

Usage: apply.py --version V --from DIR --to DIR --build-id ID
       apply.py --version V --from DIR --check
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
REQUIRED = ("title", "reason", "upstream", "remove_when", "edit")


class PatchError(Exception):
    """A patch, an output or an upstream file is not as declared."""


@dataclass(frozen=True)
class Edit:
    """One exact replacement in some of the outputs."""

    patch: str
    number: int
    outputs: tuple[str, ...]
    find: str
    replace: str
    count: int
    until: str | None

    def apply(self, output: str, text: str) -> str:
        found = text.count(self.find)
        if found != self.count:
            raise PatchError(
                f"{self.patch}, edit {self.number}: {output} holds the text to be replaced "
                f"{found} times instead of {self.count}: {self.find[:120]!r}"
            )
        if self.until is None:
            return text.replace(self.find, self.replace)
        first, *others = text.split(self.find)
        for each in others:
            end = each.find(self.until)
            if end < 0:
                raise PatchError(f"{self.patch}, edit {self.number}: {output} has no {self.until[:120]!r} behind that")
            first += self.replace + each[end:]
        return first


@dataclass(frozen=True)
class Output:
    """A file of the distribution and the upstream file that it starts from."""

    name: str
    source: str
    sha256: str


def load_outputs(folder: Path) -> list[Output]:
    data = _read_toml(folder / "outputs.toml")
    return [Output(name, spec["from"], spec["sha256"]) for name, spec in data["output"].items()]


def load_edits(folder: Path, known: set[str]) -> list[Edit]:
    edits: list[Edit] = []
    for path in sorted(folder.glob("[0-9]*.toml")):
        data = _read_toml(path)
        missing = [key for key in REQUIRED if key not in data]
        if missing:
            raise PatchError(f"{path.name}: lacks {', '.join(missing)}")
        for number, entry in enumerate(data["edit"], 1):
            outputs = tuple(entry["in"])
            unknown = set(outputs) - known
            if unknown:
                raise PatchError(f"{path.name}, edit {number}: no such output: {sorted(unknown)}")
            edits.append(
                Edit(
                    path.name,
                    number,
                    outputs,
                    entry["find"],
                    entry["replace"],
                    entry.get("count", 1),
                    entry.get("until"),
                )
            )
    return edits


def patch_all(folder: Path, source: Path) -> dict[str, str]:
    """Return the text of every output. Raises PatchError."""
    outputs = load_outputs(folder)
    edits = load_edits(folder, {output.name for output in outputs})
    texts: dict[str, str] = {}
    for output in outputs:
        path = source / output.source
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise PatchError(f"cannot read the upstream file {output.source}: {error}") from error
        digest = hashlib.sha256(raw).hexdigest()
        if digest != output.sha256:
            raise PatchError(
                f"{output.source} is not the file that the patches of {folder.name} are for: "
                f"sha256 {digest}, expected {output.sha256}"
            )
        text = raw.decode()
        for edit in edits:
            if output.name in edit.outputs:
                text = edit.apply(output.name, text)
        texts[output.name] = text
    return texts


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise PatchError(f"{path.name}: {error}") from error


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Apply the declared patches of one Pyodide version.")
    parser.add_argument("--version", required=True, help="the Pyodide version, e.g. 314.0.7")
    parser.add_argument("--from", dest="source", required=True, type=Path, help="the npm package's folder")
    parser.add_argument("--to", dest="target", type=Path, help="the distribution's folder")
    parser.add_argument("--build-id", help="what memory snapshots are bound to: the SHA-256 of the wasm")
    parser.add_argument("--check", action="store_true", help="only check that every patch applies")
    options = parser.parse_args(arguments)
    if not options.check and (options.target is None or options.build_id is None):
        parser.error("--to and --build-id are needed, or --check")
    if options.build_id is not None and not re.fullmatch("[0-9a-f]{64}", options.build_id):
        parser.error(f"--build-id: {options.build_id!r} is no SHA-256")
    folder = HERE / options.version
    if not folder.is_dir():
        versions = ", ".join(sorted(p.name for p in HERE.iterdir() if p.is_dir() and p.name[0].isdigit()))
        print(f"patches: no patches for Pyodide {options.version}; there are: {versions}", file=sys.stderr)
        return 2
    try:
        texts = patch_all(folder, options.source)
    except PatchError as error:
        print(f"patches: {error}", file=sys.stderr)
        return 1
    if not options.check:
        options.target.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            temporary = options.target / f".{name}.tmp"
            temporary.write_text(text.replace("@BUILD_ID@", options.build_id))
            os.replace(temporary, options.target / name)
    print(f"patches: {options.version}: {len(texts)} files, every patch applies")
    return 0


if __name__ == "__main__":
    sys.exit(main())
