"""Greenlets over blockon's fibers: the module of PyPI's package `greenlet`, without an extension to build.

The type is native (jspi/guest/greenlet.h). It is installed as the version whose behaviour it has, so that packages
which require `greenlet` find it. Extensions that are compiled with the package's C API find that, too.
"""

from ._greenlet import (
    _C_API,
    CLOCKS_PER_SEC,
    GREENLET_USE_CONTEXT_VARS,
    GREENLET_USE_GC,
    GREENLET_USE_STANDARD_THREADING,
    GREENLET_USE_TRACING,
    GreenletExit,
    enable_optional_cleanup,
    error,
    get_clocks_used_doing_optional_cleanup,
    getcurrent,
    gettrace,
    greenlet,
    settrace,
)

__version__ = "3.5.6"

__all__ = [
    "CLOCKS_PER_SEC",
    "GREENLET_USE_CONTEXT_VARS",
    "GREENLET_USE_GC",
    "GREENLET_USE_STANDARD_THREADING",
    "GREENLET_USE_TRACING",
    "_C_API",
    "GreenletExit",
    "__version__",
    "enable_optional_cleanup",
    "error",
    "get_clocks_used_doing_optional_cleanup",
    "getcurrent",
    "gettrace",
    "greenlet",
    "settrace",
]
