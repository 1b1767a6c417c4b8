"""``os.environ`` with its text encoded and decoded by the guest: requests looks forty times for each request."""

from __future__ import annotations

import os
from typing import Any

import _blockon

__all__ = ["install"]

_Environ: Any = type(os.environ)
_getitem, _mapping_get, _mapping_contains = _Environ.__getitem__, _Environ.get, _Environ.__contains__


def _get(self: Any, key: Any, default: Any = None) -> Any:
    if type(self).__getitem__ is not _getitem:
        return _mapping_get(self, key, default)
    value = self._data.get(self.encodekey(key))
    return default if value is None else self.decodevalue(value)


def _contains(self: Any, key: Any) -> bool:
    if type(self).__getitem__ is not _getitem:
        return _mapping_contains(self, key)
    return self.encodekey(key) in self._data


def install() -> None:
    """Put them in place. What os.environ holds stays as it is."""
    environ: Any = os.environ
    environ.encodekey = environ.encodevalue = _blockon.encode_environment
    environ.decodekey = environ.decodevalue = _blockon.decode_environment
    # Mapping's raise a KeyError, twice, for what is not there, as most of what requests looks for.
    _Environ.get = _get
    _Environ.__contains__ = _contains
