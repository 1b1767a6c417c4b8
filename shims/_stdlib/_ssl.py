"""What programs take of CPython's module _ssl."""

from __future__ import annotations

import os
from typing import Any

from _blockon_tls._calls import VERSION, call
from _blockon_tls._context import SSLContext as _SSLContext
from _blockon_tls._enums import NUMBERS
from _blockon_tls._errors import (
    SSLCertVerificationError,
    SSLEOFError,
    SSLError,
    SSLSyscallError,
    SSLWantReadError,
    SSLWantWriteError,
    SSLZeroReturnError,
)
from _blockon_tls._memory_bio import MemoryBIO
from _blockon_tls._object_id import nid2obj, txt2obj
from _blockon_tls._paths import FILE, FILE_VARIABLE, FOLDER, FOLDER_VARIABLE
from _blockon_tls._session import SSLSession

__all__ = [
    "HAS_ALPN",
    "HAS_ECDH",
    "HAS_NPN",
    "HAS_PHA",
    "HAS_PSK",
    "HAS_SNI",
    "OPENSSL_VERSION",
    "OPENSSL_VERSION_INFO",
    "OPENSSL_VERSION_NUMBER",
    "HAS_SSLv2",
    "HAS_SSLv3",
    "HAS_TLSv1",
    "HAS_TLSv1_1",
    "HAS_TLSv1_2",
    "HAS_TLSv1_3",
    "MemoryBIO",
    "RAND_add",
    "RAND_bytes",
    "RAND_status",
    "SSLCertVerificationError",
    "SSLEOFError",
    "SSLError",
    "SSLSession",
    "SSLSyscallError",
    "SSLWantReadError",
    "SSLWantWriteError",
    "SSLZeroReturnError",
    "_SSLContext",
    "get_default_verify_paths",
    "nid2obj",
    "txt2obj",
]

globals().update(NUMBERS)

OPENSSL_VERSION_NUMBER, OPENSSL_VERSION = VERSION
# Of its bits: major, minor, none, patch, status.
OPENSSL_VERSION_INFO = (
    OPENSSL_VERSION_NUMBER >> 28 & 0xF,
    OPENSSL_VERSION_NUMBER >> 20 & 0xFF,
    OPENSSL_VERSION_NUMBER >> 12 & 0xFF,
    OPENSSL_VERSION_NUMBER >> 4 & 0xFF,
    OPENSSL_VERSION_NUMBER & 0xF,
)
_OPENSSL_API_VERSION = OPENSSL_VERSION_INFO
_DEFAULT_CIPHERS = "@SECLEVEL=2:ECDH+AESGCM:ECDH+CHACHA20:ECDH+AES:DHE+AES:!aNULL:!eNULL:!aDSS:!SHA1:!AESCCM"

HAS_SNI = HAS_ECDH = HAS_ALPN = HAS_PHA = True
HAS_TLSv1 = HAS_TLSv1_1 = HAS_TLSv1_2 = HAS_TLSv1_3 = True
HAS_NPN = HAS_SSLv2 = HAS_SSLv3 = HAS_PSK = False


def RAND_bytes(n: int, /) -> bytes:  # noqa: N802 - the standard library's name
    """Return so many random bytes."""
    if n < 0:
        raise ValueError("num must be positive")
    # The system's, as theirs: who looks for randomness that is taken (blockon._snapshot_entropy) sees it.
    return os.urandom(n)


def RAND_status() -> bool:  # noqa: N802
    """Return True: the host has randomness."""
    return True


def RAND_add(string: str | bytes, entropy: float, /) -> None:  # noqa: N802
    """Do nothing: the host needs no randomness of the guest's."""


def get_default_verify_paths() -> tuple[str, str, str, str]:
    return (FILE_VARIABLE, FILE, FOLDER_VARIABLE, FOLDER)


def _test_decode_cert(path: Any, /) -> dict[str, Any]:
    with open(path, "rb") as file:  # noqa: PTH123 - of any type that open takes
        return call("decode_certificate", file.read())
