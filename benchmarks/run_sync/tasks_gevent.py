"""tasks_process.mjs with greenlets of gevent on this CPython: tasks_gevent.py TASKS WAITS."""

import json
import os
import sys
import time
from pathlib import Path

import gevent

TASKS, WAITS = map(int, sys.argv[1:])
STATM = Path("/proc/self/statm")


def rss_kib() -> int:
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


def task(waits: int) -> int:
    for _ in range(waits):
        gevent.sleep(0.1)
    return waits


def watch() -> None:
    global peak
    while True:
        peak = max(peak, rss_kib())
        gevent.sleep(0.02)


gevent.spawn(task, WAITS).join()
before = peak = rss_kib()
watcher = gevent.spawn(watch)
begin = time.perf_counter()
tasks = [gevent.spawn(task, WAITS) for _ in range(TASKS)]
gevent.joinall(tasks, raise_error=True)
ms = (time.perf_counter() - begin) * 1000
watcher.kill()
if any(each.value != WAITS for each in tasks):
    sys.exit("a task returned something else")
print(json.dumps({"ms": ms, "rssKib": (peak - before) / TASKS}))
