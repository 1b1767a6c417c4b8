"""A Worker's wrangler.toml, as far as CPython can serve what is in it."""

from __future__ import annotations

import datetime
import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .._api import versions

__all__ = ["Config", "ConfigError", "read_config"]


class ConfigError(Exception):
    """The configuration is wrong, or asks for what is not here; the text names the file."""


@dataclass(frozen=True)
class Config:
    """What a Worker says of itself."""

    file: Path
    name: str
    main: Path
    variables: dict[str, Any] = field(default_factory=dict)
    # By the binding's name, the namespace's.
    kv: dict[str, str] = field(default_factory=dict)
    # By the binding's name, the Worker's and the entrypoint's, and what that is told.
    services: dict[str, tuple[str, str, dict[str, Any]]] = field(default_factory=dict)
    features: frozenset[str] = frozenset()


# What makes bindings in the runtime, and none here.
_MISSING = ("assets", "d1_databases", "r2_buckets", "queues", "durable_objects", "ai", "vectorize", "hyperdrive")


def read_config(folder: str | os.PathLike[str]) -> Config:
    """Read it. Raises ConfigError."""
    file = Path(folder) / "wrangler.toml"
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{file}: there is no such file; on CPython a Worker's configuration is in TOML") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file}: {error}") from error
    for key in _MISSING:
        if key in given:
            raise ConfigError(f"{file}: {key}: there is no such binding on CPython; serve the Worker by blockon")
    if given.get("blockon", {}).get("services"):
        raise ConfigError(f"{file}: blockon.services: there is no such binding on CPython; serve the Worker by blockon")
    main = file.parent / _text(file, given, "main")
    if not main.is_file():
        raise ConfigError(f"{file}: main: there is no file {main}")
    rows = _rows(file, given, "kv_namespaces")
    kv = {_text(file, row, "binding"): str(row.get("id") or f"{given.get('name')}/{row['binding']}") for row in rows}
    services = {
        _text(file, row, "binding"): (_text(file, row, "service"), str(row.get("entrypoint", "")), row.get("props", {}))
        for row in _rows(file, given, "services")
    }
    variables = {**given.get("vars", {}), **_secrets(file.parent)}
    return Config(file, _text(file, given, "name"), main, variables, kv, services, _features(file, given))


def _text(file: Path, table: dict[str, Any], key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{file}: {key} is {value!r}; expected text")
    return value


def _rows(file: Path, given: dict[str, Any], key: str) -> list[dict[str, Any]]:
    rows = given.get(key, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ConfigError(f"{file}: {key}: expected [[{key}]]")
    return rows


def _features(file: Path, given: dict[str, Any]) -> frozenset[str]:
    date = given.get("compatibility_date")
    text = date.isoformat() if isinstance(date, datetime.date) else date
    if not isinstance(text, str):
        raise ConfigError(f"{file}: compatibility_date is {date!r}; expected a day")
    return versions.of(text, given.get("compatibility_flags", []))


def _secrets(folder: Path) -> dict[str, str]:
    file = next((each for each in (folder / ".dev.vars", folder / ".env") if each.is_file()), None)
    if file is None:
        return {}
    try:
        from dotenv import dotenv_values
    except ImportError as error:
        raise ConfigError(f"{file}: it is read by the package python-dotenv: pip install python-dotenv") from error
    return {name: value or "" for name, value in dotenv_values(file).items()}
