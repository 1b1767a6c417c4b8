"""``os.environ`` with its text encoded and decoded by the guest: requests looks forty times for each request."""

from __future__ import annotations

import os
from typing import Any

import _blockon

__all__ = ["install"]


def install() -> None:
    """Put them in place. What os.environ holds stays as it is."""
    environ: Any = os.environ
    environ.encodekey = environ.encodevalue = _blockon.encode_environment
    environ.decodekey = environ.decodevalue = _blockon.decode_environment
