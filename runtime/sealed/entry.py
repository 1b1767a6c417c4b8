"""What a sealed interpreter runs: its embedder's code, in one namespace, with the functions that the embedder gave."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyodide.code import eval_code_async
from pyodide.ffi import JsProxy, run_sync
from workers import WorkerEntrypoint

_namespace: dict[str, Any] = {"__name__": "__main__"}


def _passed(value: Any, what: str) -> Any:
    """A value that may cross: what the other side refuses is refused here, by the name that Python has for it."""
    if value is None or isinstance(value, bool | int | float | str | bytes | bytearray | memoryview):
        return value
    raise TypeError(
        f"{what} is of {type(value).__name__}: only None, bool, int, float, str and bytes leave the interpreter"
    )


def _received(value: Any) -> Any:
    return value.to_bytes() if isinstance(value, JsProxy) else value


def _function(binding: Any, name: str) -> Callable[..., Any]:
    def function(*values: Any) -> Any:
        for index, value in enumerate(values):
            _passed(value, f"argument {index} of {name}()")
        return _received(run_sync(getattr(binding, name)(*values)))

    function.__name__ = function.__qualname__ = name
    return function


class Default(WorkerEntrypoint):
    async def run(self, code: str) -> Any:
        return _passed(await eval_code_async(code, _namespace), "the result")

    async def get(self, name: str) -> Any:
        if name not in _namespace:
            raise NameError(f"name {name!r} is not defined")
        return _passed(_namespace[name], name)

    async def set(self, name: str, value: Any) -> None:
        _namespace[name] = _received(value)

    async def give(self, *names: str) -> None:
        for name in names:
            _namespace[name] = _function(self.env.EMBEDDER, name)
