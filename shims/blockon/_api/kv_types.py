"""What KV gives and takes, the same on every host."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

from .contents import as_bytes
from .host import Operation

__all__ = ["KVEntry", "KVError", "KVKey", "KVPage", "KVStore", "ValueType", "seconds_of", "value_of"]

ValueType: TypeAlias = Literal["text", "bytes", "json"]


class KVError(RuntimeError):
    """KV refused: a limit, as ``KV PUT failed: 413 ...``, or the disk. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class KVEntry:
    """A value with its metadata."""

    value: Any
    """None if the key is not there."""
    metadata: Any
    """What was put with it, as JSON has it; None without."""


@dataclass(frozen=True, slots=True)
class KVKey:
    """A key in a list."""

    name: str
    """The key."""
    expiration: datetime.datetime | None
    """When it ends, in UTC; None for never."""
    metadata: Any
    """What was put with it, as JSON has it; None without."""


@dataclass(frozen=True, slots=True)
class KVPage:
    """A part of the keys of a namespace, in the order of their bytes."""

    keys: list[KVKey]
    """Up to as many as were asked for."""
    cursor: str | None
    """For the next page; None where this is the last."""

    @property
    def complete(self) -> bool:
        """Whether this page is the last."""
        return self.cursor is None


class KVStore(Protocol):
    """A namespace as a host has it. Raises KVError where it refuses."""

    def get_text(self, key: str) -> Operation[str | None]:
        """The value as text. Raises UnicodeDecodeError for what is none."""

    def get_bytes(self, key: str) -> Operation[bytes | None]:
        """The value."""

    def get_with_metadata(self, key: str) -> Operation[tuple[bytes | None, Any]]:
        """The value and its metadata."""

    def get_many(self, keys: list[str]) -> Operation[dict[str, str | None]]:
        """The values, in the order of the keys."""

    def put(
        self, key: str, value: str | bytes, expiration: int | None, expiration_ttl: int | None, metadata: str | None
    ) -> Operation[None]:
        """Keep a value; times are in seconds, the metadata is JSON."""

    def delete(self, key: str) -> Operation[None]:
        """Forget a key."""

    def page(self, prefix: str, limit: int | None, cursor: str | None) -> Operation[KVPage]:
        """A page of the keys."""


def key_of(key: Any) -> str:
    """Raises TypeError for what is no key."""
    if isinstance(key, str):
        return key
    raise TypeError(f"KV: a key is str, not {type(key).__name__}")


def type_of(given: Any, *, among: tuple[str, ...] = ("text", "bytes", "json")) -> str:
    """Raises ValueError for what is no type of values."""
    if given in among:
        return str(given)
    wanted = ", ".join(f'"{each}"' for each in among[:-1]) + f' or "{among[-1]}"'
    raise ValueError(f"KV: the type of a value is {wanted}, not {given!r}")


def decoded(key: str, value: bytes) -> str:
    """The text of a value."""
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        error.reason = f'{error.reason}: the value of the key {key[:80]!r} is no text, get it with type="bytes"'
        raise


def value_of(key: str, value: Any, kind: str) -> Any:
    """The value in the type that was asked for. Raises ValueError for what is no JSON, or no text."""
    if value is None or kind == "bytes":
        return value
    text = decoded(key, value) if isinstance(value, bytes) else value
    if kind == "text":
        return text
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"KV: the value of the key {key[:80]!r} is no JSON: {error}") from error


def to_put(value: Any) -> str | bytes:
    """Raises TypeError for what is no value."""
    return value if isinstance(value, str) else as_bytes(value, "KV: a value")


def metadata_of(value: Any) -> str | None:
    """The JSON. Raises TypeError for what has none."""
    if value is None:
        return None
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise TypeError(f"KV: the metadata has no JSON: {error}") from error


def seconds_of(name: str, value: Any) -> int | None:
    """Seconds of a number, a time or a duration. Raises TypeError."""
    if value is None:
        return None
    if isinstance(value, datetime.timedelta):
        return int(value.total_seconds())
    if isinstance(value, datetime.datetime):
        if value.tzinfo is None:
            raise TypeError(f"KV: {name} has no time zone: give it one, as datetime.UTC")
        return int(value.timestamp())
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return int(value)
    raise TypeError(f"KV: {name} is a number of seconds, not {type(value).__name__}")


def time_of(seconds: float | None) -> datetime.datetime | None:
    """A time in UTC."""
    return None if seconds is None else datetime.datetime.fromtimestamp(seconds, datetime.UTC)
