"""What clients raise, in words that are the same on each system, and the table of it: failures.toml."""

from __future__ import annotations

import errno
import os
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

FILE = Path(__file__).parent / "failures.toml"
HEAD = """\
# What each client raises, by what goes wrong (test_failures.py), as CPython has it: the classes from the outermost to
# what caused it, and the text. BLOCKON_RECORD=1 ./dev test --only cpython writes it anew.
"""

# In each libc's own words; where there is no network, names are to be tried again.
_UNKNOWN_NAME = re.compile(
    "Name or service not known|Name does not resolve|Temporary failure in name resolution|Try again"
)
_RULES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    # The numbers differ, their names do not.
    (re.compile(r"(?<=\[Errno )\d+|(?<=ConnectionResetError\()\d+"), lambda match: errno.errorcode[int(match[0])]),
    (re.compile(rf"(\[Errno -\d\] )?({_UNKNOWN_NAME.pattern})"), "NO SUCH NAME"),
    (re.compile(r"_ssl\.c:\d+"), "_ssl.c:LINE"),
    (re.compile(r"(?<=port=)\d+|(?<=localhost:)\d+|(?<=127\.0\.0\.1:)\d+"), "PORT"),
    (re.compile(r"(?<= at )0x[0-9a-f]+"), "ADDRESS"),
    (re.compile(r"x{20,}"), "xxx"),
)


def described(error: BaseException) -> str:
    names = []
    text = str(error)
    cause: BaseException | None = error
    while cause is not None:
        names.append(f"{type(cause).__module__.partition('.')[0]}.{type(cause).__qualname__}")
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return f"{' < '.join(names)}: {text}"


def expected(row: str, client: str) -> str:
    known: str = tomllib.loads(FILE.read_text())[row][client]
    return known


def record(row: str, client: str, text: str) -> None:
    table: dict[str, dict[str, str]] = tomllib.loads(FILE.read_text()) if FILE.exists() else {}
    table.setdefault(row, {})[client] = text

    def line(key: str, value: str) -> str:
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
        return f'{key} = "{escaped}"\n'

    rows = ("\n" + f"[{name}]\n" + "".join(line(*cell) for cell in cells.items()) for name, cells in table.items())
    FILE.write_text(HEAD + "".join(rows))


RECORDS = bool(os.environ.get("BLOCKON_RECORD"))
