"""The threads that WSGI applications run on: one for each request under way.

A thread has an ident and thread-locals of its own, and no running event loop, which is what Django's database
connections and others count on. One that is done takes the next request, so that what it keeps for itself is kept;
some wait for one.
"""

from __future__ import annotations

import contextvars
import logging
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

__all__ = ["end_idle", "run"]

_MOST_IDLE = 16
_IDLE_SECONDS = 30.0

_logger = logging.getLogger("wsgi")

type _Work = tuple[contextvars.Context, Callable[[], object], Callable[[], object]]

# The queues of those that wait for work, the last one first.
_idle: list[SimpleQueue[_Work | None]] = []
_made = 0


def _serve(queue: SimpleQueue[_Work | None], work: _Work | None) -> None:
    while work is not None:
        context, function, ended = work
        try:
            context.run(function)
        finally:
            ended()
        del context, function, ended
        if len(_idle) >= _MOST_IDLE:
            return
        _idle.append(queue)
        try:
            work = queue.get(timeout=_IDLE_SECONDS)
        except BaseException as error:
            # Somebody may have taken it meanwhile, and then there is work or will be: it is done whatever this was.
            if queue in _idle:
                _idle.remove(queue)
                if isinstance(error, Empty):
                    return
                raise
            if not isinstance(error, Empty):
                _logger.error("a thread's wait for work failed when it was given some", exc_info=error)
            work = queue.get()


def run(function: Callable[[], object], ended: Callable[[], object]) -> None:
    """Call it on a thread, in a copy of the context of here, and return at once. What it raises is its own to tell.

    ``ended`` is called there when it has returned or raised.
    """
    global _made
    work = (contextvars.copy_context(), function, ended)
    if _idle:
        _idle.pop().put(work)
        return
    _made += 1
    queue: SimpleQueue[_Work | None] = SimpleQueue()
    # A daemon: it is the Worker's, not that of the request which happens to be its first.
    threading.Thread(target=_serve, args=(queue, work), name=f"WSGI-{_made}", daemon=True).start()


def end_idle() -> None:
    """End those that wait for work."""
    while _idle:
        _idle.pop().put(None)
