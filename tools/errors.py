"""What ends a command: an error with words for its reader. Anything else is a bug here and shows its traceback."""

from __future__ import annotations

FAILED = 1
USAGE = 2
INTERRUPTED = 130


class DevError(Exception):
    """Says what failed, where, and what to do.

    `code` is the script's exit code; `output`, what a program said of the matter, is printed in front.
    """

    def __init__(self, message: str, code: int = FAILED, output: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.output = output
