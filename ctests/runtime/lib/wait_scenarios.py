"""Programs that wait in each way there is, for tests that let something fail in the middle of one.

JavaScript offers `later(value)`, a promise that is fulfilled soon, `failing(text)`, one that is rejected with an Error,
and `call(function)`, which enters on a fiber of its own. Each scenario takes no arguments and returns True;
anything else that it returns is a wrong value. What nobody else may see, of callbacks and the like, is in `unseen`.
"""

from __future__ import annotations

from collections.abc import Callable

import ended_scenarios
import promise_scenarios
import socket_scenarios
import sqlite_scenarios
import stack_scenarios
import thread_scenarios
from scenario_helpers import install, prepare

__all__ = ["install", "prepare", "scenarios"]

MODULES = (promise_scenarios, thread_scenarios, ended_scenarios, socket_scenarios, sqlite_scenarios, stack_scenarios)


def scenarios() -> dict[str, Callable[[], bool]]:
    return {name: function for module in MODULES for name, function in vars(module).items() if name.startswith("of_")}
