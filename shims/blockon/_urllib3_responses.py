"""urllib3 reads a body once more when it has come to its end: that is told without a look, where the end is known.

As in ``_urllib3``: what is not known by its code is left alone.
"""

from __future__ import annotations

import functools
import http.client as client
from typing import Any

from ._known_code import are_known, digest

__all__ = ["change_response"]

# By CPython 3.14's compiler, of urllib3 2.0 to 2.8.
_RESPONSE = {
    "_raw_read": frozenset({0xF2CF7299, 0xB8E076A1}),
    "_fp_read": frozenset({0xBF1B9BB1, 0x6F4AC634, 0xAE37FC82, 0x5364E23C}),
    "release_conn": frozenset({0xBBD9AE74}),
}
_CATCHER = frozenset({0x471BC6E7, 0xABC2A0B1, 0x5414CA8E})  # in contextlib's contextmanager


def change_response(module: Any) -> None:
    """``HTTPResponse._raw_read``, behind a body whose length was told and whose connection was given back."""
    class_: Any = module.HTTPResponse
    catcher = getattr(getattr(class_, "_error_catcher", None), "__wrapped__", None)
    if not are_known(class_, _RESPONSE) or catcher is None or digest(catcher) not in _CATCHER:
        return
    original = class_._raw_read
    known = (class_._error_catcher, class_._fp_read, class_.release_conn)
    under: Any = client.HTTPResponse
    usual = (under.read, under.read1, under.close)

    @functools.wraps(original)
    def _raw_read(self: Any, amt: Any = None, **how: Any) -> Any:
        fp: Any = self._fp
        type_ = type(self)
        if (
            type(fp) is under
            and fp.fp is None
            and amt
            and self.length_remaining == 0
            and self._connection is None
            and (type_._error_catcher, type_._fp_read, type_.release_conn) == known
            and (under.read, under.read1, under.close) == usual
        ):
            fp.close()
            return b""
        return original(self, amt, **how)

    class_._raw_read = _raw_read
