"""A peer of a benchmark: answers each line of stdin by a line, as peer_loop.mjs does. cpython.py URL PROGRAM."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import sys
import time
from pathlib import Path

url, file = sys.argv[1], Path(sys.argv[2])
sys.path.insert(0, str(file.parent))
program = importlib.import_module(file.stem)
for line in sys.stdin:
    asked = {**json.loads(line), "url": url}
    out = io.StringIO()
    begin = time.process_time()
    with contextlib.redirect_stdout(out):
        program.main(json.dumps(asked))
    cpu_us = (time.process_time() - begin) * 1e6
    print(json.dumps({**json.loads(out.getvalue()), "cpuUs": cpu_us}), flush=True)
