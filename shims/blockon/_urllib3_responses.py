"""A body whose length was told is read in one go, by urllib3 as it is in http.client.

urllib3 reads once more when it has come to its end, which is told without a look. As in ``_urllib3``: what is not known
by its code is left alone.
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
# Of 2.7 and 2.8.
_READ = {"read": frozenset({0x860ED7D3})}
_DECODER = {"_init_decoder": frozenset({0x2754617D, 0x31D86E41}), "_decode": frozenset({0x6D014844})}
_MOST = 2**31 - 1  # that urllib3 reads at once
_CATCHER = frozenset({0x471BC6E7, 0xABC2A0B1, 0x5414CA8E})  # in contextlib's contextmanager


def change_response(module: Any) -> None:
    """``HTTPResponse._raw_read`` and ``read``."""
    class_: Any = module.HTTPResponse
    catcher = getattr(getattr(class_, "_error_catcher", None), "__wrapped__", None)
    if not are_known(class_, _RESPONSE) or catcher is None or digest(catcher) not in _CATCHER:
        return
    _change_raw_read(class_)
    if are_known(class_, _READ) and are_known(module.BaseHTTPResponse, _DECODER):
        _change_read(class_)


def _change_raw_read(class_: Any) -> None:
    original = class_._raw_read
    known = (class_._error_catcher, class_._fp_read, class_.release_conn)
    under: Any = client.HTTPResponse
    usual = (under.read, under.read1, under.close, under.isclosed)

    def is_plain(response: Any, fp: Any) -> bool:
        type_ = type(response)
        return (
            type(fp) is under
            and (type_._error_catcher, type_._fp_read, type_.release_conn) == known
            and (under.read, under.read1, under.close, under.isclosed) == usual
        )

    @functools.wraps(original)
    def _raw_read(self: Any, amt: Any = None, **how: Any) -> Any:
        fp: Any = self._fp
        if not amt or not is_plain(self, fp):
            return original(self, amt, **how)
        if fp.fp is None:
            # Behind a body whose length was told and whose connection was given back.
            if self.length_remaining == 0 and self._connection is None:
                fp.close()
                return b""
        elif not how and self.length_remaining and fp.length == self.length_remaining and 0 < amt <= _MOST:
            data = _read_plain(self, fp, amt)
            if data:
                return data
        return original(self, amt, **how)

    class_._raw_read = _raw_read


def _read_plain(response: Any, fp: Any, amt: int) -> Any:
    """Without a context for what is not raised; nothing at an end that comes too soon, which is for urllib3 to tell."""
    try:
        data = fp.read(amt)
    except BaseException:
        with response._error_catcher():
            raise
    if data:
        if response._original_response is not None and response._original_response.isclosed():
            response.release_conn()
        response._fp_bytes_read += len(data)
        response.length_remaining -= len(data)
    return data


def _change_read(class_: Any) -> None:
    original, raw_read, init_decoder = class_.read, class_._raw_read, class_._init_decoder

    @functools.wraps(original)
    def read(self: Any, amt: Any = None, decode_content: Any = None, cache_content: Any = False) -> Any:
        length, type_ = self.length_remaining, type(self)
        if (
            decode_content is not True
            or type(amt) is not int
            or not length
            or length >= amt
            or type_._raw_read is not raw_read
            or type_._init_decoder is not init_decoder
        ):
            return original(self, amt, decode_content, cache_content)
        self._init_decoder()
        if self._decoder is not None or len(self._decoded_buffer):
            return original(self, amt, decode_content, cache_content)
        data = self._raw_read(amt)
        self._uncached_read_occurred = True
        if len(data) == length:
            self._raw_read(amt)
            return data
        # It has ended too soon. What has come is kept for whoever asks again, when urllib3 has told so.
        if data:
            self._decoded_buffer.put(data)
            self._raw_read(amt)
            data = self._decoded_buffer.get(amt)
        return data

    class_.read = read
