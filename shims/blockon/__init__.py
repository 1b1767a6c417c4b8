"""blockon in Python: time limits for blocking code, and what is known of fibers.

Below it, in modules that begin with an underscore, is what runs under a Worker's own code.
"""

from ._fibers import Fiber, cancel, current_fiber, fibers, timeout

__all__ = ["Fiber", "cancel", "current_fiber", "fibers", "timeout"]
