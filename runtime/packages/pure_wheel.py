"""Makes wheels of the host's platform that hold nothing compiled ones of pure Python: pure_wheel.py FOLDER."""

import re
import sys
import zipfile
from pathlib import Path

PURE = "py3-none-any"
COMPILED = (".so", ".pyd", ".dylib")

for file in Path(sys.argv[1]).glob("*.whl"):
    distribution, version, *_ = file.stem.split("-")
    if file.stem.endswith("-none-any"):
        continue
    with zipfile.ZipFile(file) as wheel:
        members = {item: wheel.read(item) for item in wheel.infolist()}
    if compiled := [item.filename for item in members if item.filename.endswith(COMPILED)]:
        sys.exit(f"{file.name}: compiled for this machine: {', '.join(compiled)}")
    with zipfile.ZipFile(file.with_name(f"{distribution}-{version}-{PURE}.whl"), "w", zipfile.ZIP_DEFLATED) as wheel:
        for item, data in members.items():
            if item.filename.endswith(".dist-info/WHEEL"):
                text = re.sub(r"(?m)^Tag: .*\n?", "", data.decode()).strip()
                text = text.replace("Root-Is-Purelib: false", "Root-Is-Purelib: true")
                wheel.writestr(item.filename, f"{text}\nTag: {PURE}\n")
            elif item.filename.endswith(".dist-info/RECORD"):
                # Without the digest of the file that was changed.
                wheel.writestr(item.filename, re.sub(r"(?m)^(.*\.dist-info/WHEEL),.*$", r"\1,,", data.decode()))
            else:
                wheel.writestr(item, data)
    file.unlink()
