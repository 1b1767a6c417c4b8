"""A gate that holds up whoever passes it, for tests of what others do meanwhile."""

from __future__ import annotations

import threading
from typing import Any


class Gate:
    """Holds up who passes it until it is opened."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()

    def __call__(self, value: Any = None) -> Any:
        self.reached.set()
        self.opened.wait()
        return value
