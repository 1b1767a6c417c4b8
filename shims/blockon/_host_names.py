"""The codec ``idna``: the name of a host is encoded twice for each connection, and the same ones again and again."""

from __future__ import annotations

import functools
from typing import Any

__all__ = ["change_idna"]


def change_idna(module: Any) -> None:
    """``Codec.encode`` remembers what it has made of the last names."""
    class_: Any = module.Codec
    original = class_.encode

    @functools.lru_cache(maxsize=128)
    def of_text(text: str) -> Any:
        return original(None, text)

    @functools.wraps(original)
    def encode(self: Any, input: Any, errors: str = "strict") -> Any:  # noqa: A002 - as it is called
        return of_text(input) if type(input) is str and errors == "strict" else original(self, input, errors)

    class_.encode = encode
