"""What several print at once, shown one after another: of the first that has not ended as it comes."""

from __future__ import annotations

import threading
from collections.abc import Callable


class InOrder:
    """Thread-safe. Each of the `count` writers is known by its number, and is ended once."""

    def __init__(self, count: int, show: Callable[[bytes], object]) -> None:
        self._show = show
        self._kept = [bytearray() for _ in range(count)]
        self._ended = [False] * count
        self._shown = 0
        self._lock = threading.Lock()

    def write(self, number: int, chunk: bytes) -> None:
        with self._lock:
            if number == self._shown:
                self._show(chunk)
            else:
                self._kept[number] += chunk

    def end(self, number: int) -> None:
        with self._lock:
            self._ended[number] = True
            while self._shown < len(self._kept) and self._ended[self._shown]:
                self._shown += 1
                if self._shown < len(self._kept):
                    self._show(bytes(self._kept[self._shown]))
