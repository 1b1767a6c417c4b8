"""Of all objects that some lead to, those that are of another realm."""

from __future__ import annotations

from typing import Any

import js
from pyodide.ffi import JsException, JsProxy

__all__ = ["Crawl"]

reflect = js.Reflect


class Crawl:
    def __init__(self) -> None:
        self.seen = js.Set.new()
        self.foreign: list[str] = []
        # What Pyodide makes no proxy of: ArrayBuffer.prototype has a getter that it asks, which throws there.
        self.unseen: list[str] = []
        self._open: list[tuple[Any, str]] = []

    def add(self, value: Any, path: str) -> None:
        is_object = isinstance(value, (JsProxy, JsException)) and js.Object.is_(js.Object(value), value)
        if is_object and not self.seen.has(value):
            self.seen.add(value)
            self._open.append((value, path))

    def run(self) -> None:
        while self._open:
            value, path = self._open.pop()
            if not self._is_ours(value):
                self.foreign.append(path)
                continue
            try:
                self.add(reflect.getPrototypeOf(value), f"{path}.__proto__")
            except JsException:
                self.unseen.append(f"{path}.__proto__")
            if js.ArrayBuffer.isView(value):
                continue  # a key for each of its items
            for name in reflect.ownKeys(value):
                descriptor = reflect.getOwnPropertyDescriptor(value, name)
                for part in ("value", "get", "set"):
                    try:
                        self.add(getattr(descriptor, part, None), f"{path}.{js.String(name)}")
                    except JsException:
                        self.unseen.append(f"{path}.{js.String(name)}")

    def _is_ours(self, value: Any) -> bool:
        """Whether its chain of prototypes ends where those of this realm do, or there is none."""
        return bool(
            js.Object.prototype.isPrototypeOf(value)
            or js.Object.is_(value, js.Object.prototype)
            or not isinstance(reflect.getPrototypeOf(value), JsProxy)
        )
