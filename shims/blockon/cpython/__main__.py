"""python -m blockon.cpython FOLDER: serve a Worker by uvicorn."""

from __future__ import annotations

import argparse
import sys

from . import ConfigError, app_of

__all__ = ["main"]


def main() -> int:
    """Serve until it is stopped; returns an exit code."""
    parser = argparse.ArgumentParser(prog="python -m blockon.cpython", description=main.__doc__)
    parser.add_argument("folders", nargs="+", metavar="FOLDER", help="Workers; requests go to the first")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8787, help="0 takes a free one")
    parser.add_argument("--kv", default=":memory:", metavar="FILE", help="where KV is kept; in memory if not given")
    options = parser.parse_args()
    try:
        import uvicorn
    except ImportError:
        print("python -m blockon.cpython serves by uvicorn: pip install uvicorn", file=sys.stderr)
        return 1
    try:
        app = app_of(*options.folders, kv=options.kv)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 1
    uvicorn.run(app, host=options.host, port=options.port, lifespan="on")
    return 0


if __name__ == "__main__":
    sys.exit(main())
