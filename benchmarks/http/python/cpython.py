"""A peer of ./dev bench http: answers each line of stdin by a line, as lib/peer_loop.mjs does. cpython.py URL."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time

import http_clients

for line in sys.stdin:
    asked = {**json.loads(line), "url": sys.argv[1]}
    out = io.StringIO()
    begin = time.process_time()
    with contextlib.redirect_stdout(out):
        http_clients.main(json.dumps(asked))
    cpu_us = (time.process_time() - begin) * 1e6
    print(json.dumps({**json.loads(out.getvalue()), "cpuUs": cpu_us}), flush=True)
