"""What a handler returns, as JavaScript's Response."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._bridge import is_proxy
from ._handler_errors import HandlerError, instead_of_response

__all__ = ["to_js_response"]


def to_js_response(result: Any, describe: Callable[[], str]) -> Any:
    """The Response in it: its own, or that of the SDK's or Pyodide's; JavaScript's objects are the realm's to see.

    Raises HandlerError for anything else.
    """
    if hasattr(type(result), "js_object"):
        # Of the SDK's: asking first whether it is JavaScript's takes longer.
        result = result.js_object
    if not is_proxy(result):
        for attribute in ("js_object", "js_response"):
            if hasattr(type(result), attribute) or attribute in getattr(result, "__dict__", ()):
                result = getattr(result, attribute)
                break
        if not is_proxy(result):
            raise HandlerError(f"the handler {describe()} {instead_of_response(result)}")
    return result
