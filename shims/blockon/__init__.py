"""blockon in Python: time limits for blocking code, the ends of waits, and what is known of fibers.

Below it, in modules that begin with an underscore, is what runs under a Worker's own code.
"""

from ._abort import abort_on_cancel
from ._fibers import Fiber, cancel, current_fiber, fibers, timeout

__all__ = ["Fiber", "abort_on_cancel", "cancel", "current_fiber", "fibers", "timeout"]
