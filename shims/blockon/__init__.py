"""blockon in Python: time limits for blocking code, the ends of waits, what is known of fibers and deadlocks, a fetch.

Below it, in modules that begin with an underscore, is what runs under a Worker's own code.
"""

from ._abort import abort_on_cancel
from ._deadlock import raise_at_exit as raise_deadlocks_at_exit
from ._fetch import set_fetch
from ._fibers import Fiber, cancel, current_fiber, fibers, timeout

__all__ = [
    "Fiber",
    "abort_on_cancel",
    "cancel",
    "current_fiber",
    "fibers",
    "raise_deadlocks_at_exit",
    "set_fetch",
    "timeout",
]
