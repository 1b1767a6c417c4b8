"""What is given as a body, in bytes."""

from __future__ import annotations

import json as json_module
from typing import Any

__all__ = ["TEXT", "as_bytes", "encoded_content", "to_json"]

TEXT = "text/plain; charset=utf-8"


def to_json(value: Any) -> bytes:
    """JSON in UTF-8, without blanks. Raises TypeError for what has none, ValueError for NaN and infinities."""
    return json_module.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def as_bytes(piece: Any, what: str) -> bytes:
    """Bytes, or text in UTF-8. Raises TypeError, which names ``what``."""
    if isinstance(piece, bytes):
        return piece
    if isinstance(piece, str):
        return piece.encode()
    if isinstance(piece, (bytearray, memoryview)):
        return bytes(piece)
    raise TypeError(f"{what} is bytes or text, not {type(piece).__name__}")


def encoded_content(content: Any, json: Any) -> tuple[bytes, str | None]:
    """The body of a request and its Content-Type. Raises TypeError."""
    if json is not None:
        if content is not None:
            raise TypeError("a request has one body: give content or json")
        return to_json(json), "application/json"
    if content is None:
        return b"", None
    return as_bytes(content, "the content of a request"), TEXT if isinstance(content, str) else None
