"""The command line of ./dev: which commands there are, and how they end.

A command is a module of tools/ with `add_arguments(parser)` and `run(options) -> int`, and a row in COMMANDS. Only the
module of the command that is called is loaded.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import signal
import sys
from types import FrameType

from tools.errors import FAILED, INTERRUPTED, USAGE, DevError
from tools.paths import cache_folder

# name: (module, what it does)
COMMANDS = {
    "setup": ("tools.setup", "install what is missing: system packages, npm packages, Python tools, Binaryen"),
    "build": ("tools.build", "build the C++ parts"),
    "dist": ("tools.dist", "make the processed Pyodide and the SDK in build/dist, and a folder to load it from"),
    "serve": ("tools.serve", "serve a Worker's folder over HTTP"),
    "ps": ("tools.ps", "list the live fibers of the servers that run"),
    "test": ("tools.test", "run all tests"),
    "check": ("tools.check", "check formats, types and style; --fix mends what can be mended"),
    "bench": ("tools.bench", "run a benchmark"),
    "fuzz": ("tools.fuzz", "run the fuzz targets, for as long as asked"),
    "stress": ("tools.stress", "run tasks, threads and greenlets that do random things, for as long as asked"),
    "upstream": ("tools.upstream", "run Pyodide's own tests, which are given, against the distribution"),
    "packages": ("tools.packages", "try the packages of PyPI that are used most in Workers"),
    "package": ("tools.package", "make the npm package"),
}


def _parser(name: str | None) -> argparse.ArgumentParser:
    """For the command `name`, if it is one; the others appear in the help only."""
    parser = argparse.ArgumentParser(
        prog="./dev", description="Set up, build, run, test and check this repository.", allow_abbrev=False
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command, (module, text) in COMMANDS.items():
        sub = commands.add_parser(command, help=text, description=f"{text[0].upper()}{text[1:]}.", allow_abbrev=False)
        if command == name:
            importlib.import_module(module).add_arguments(sub)
    return parser


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main(arguments: list[str]) -> int:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    name = arguments[0] if arguments else None
    if name is None:
        _parser(None).print_help()
        return USAGE
    try:
        options = _parser(name).parse_args(arguments)
        code: int = importlib.import_module(COMMANDS[options.command][0]).run(options)
        sys.stdout.flush()
        return code
    except DevError as error:
        if error.output:
            print(f"{error.output}\n", file=sys.stderr)
        print(f"dev {name}: {error}", file=sys.stderr)
        return error.code
    except KeyboardInterrupt:
        print(f"dev {name}: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader left, and would be missed again by the flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS):
            raise
        where = error.filename or f"in this tree or in {cache_folder()}"
        print(f"dev {name}: {error.strerror}: {where}. Mend that and run it again.", file=sys.stderr)
        return FAILED
