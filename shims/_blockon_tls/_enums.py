"""The enumerations of ssl, and the numbers behind them that are Python's own."""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Any

from ._calls import CONSTANTS

__all__ = [
    "NUMBERS",
    "AlertDescription",
    "Options",
    "SSLErrorNumber",
    "TLSVersion",
    "VerifyFlags",
    "VerifyMode",
    "_SSLMethod",
]

# What _ssl has by these names: the engine's and Python's own.
NUMBERS: dict[str, int] = {
    **CONSTANTS,
    "PROTOCOL_SSLv23": 2,
    "PROTOCOL_TLS": 2,
    "PROTOCOL_TLS_CLIENT": 16,
    "PROTOCOL_TLS_SERVER": 17,
    "PROTOCOL_TLSv1": 3,
    "PROTOCOL_TLSv1_1": 4,
    "PROTOCOL_TLSv1_2": 5,
    "PROTO_MINIMUM_SUPPORTED": -2,
    "PROTO_MAXIMUM_SUPPORTED": -1,
    "PROTO_SSLv3": 0x300,
    "PROTO_TLSv1": 0x301,
    "PROTO_TLSv1_1": 0x302,
    "PROTO_TLSv1_2": 0x303,
    "PROTO_TLSv1_3": 0x304,
    "CERT_NONE": 0,
    "CERT_OPTIONAL": 1,
    "CERT_REQUIRED": 2,
    "SSL_ERROR_SSL": 1,
    "SSL_ERROR_WANT_READ": 2,
    "SSL_ERROR_WANT_WRITE": 3,
    "SSL_ERROR_WANT_X509_LOOKUP": 4,
    "SSL_ERROR_SYSCALL": 5,
    "SSL_ERROR_ZERO_RETURN": 6,
    "SSL_ERROR_WANT_CONNECT": 7,
    "SSL_ERROR_EOF": 8,
    "SSL_ERROR_INVALID_ERROR_CODE": 10,
    "ENCODING_PEM": 1,
    "ENCODING_DER": 2,
}


def _members(prefix: str) -> dict[str, int]:
    return {name: value for name, value in NUMBERS.items() if name.startswith(prefix)}


def _enumeration(base: Any, name: str, members: dict[str, int]) -> Any:
    return base(name, members, module="ssl")


_SSLMethod: Any = _enumeration(
    IntEnum, "_SSLMethod", {n: v for n, v in _members("PROTOCOL_").items() if n != "PROTOCOL_SSLv23"}
)
Options: Any = _enumeration(IntFlag, "Options", _members("OP_"))
AlertDescription: Any = _enumeration(IntEnum, "AlertDescription", _members("ALERT_DESCRIPTION_"))
SSLErrorNumber: Any = _enumeration(IntEnum, "SSLErrorNumber", _members("SSL_ERROR_"))
VerifyFlags: Any = _enumeration(IntFlag, "VerifyFlags", _members("VERIFY_"))
VerifyMode: Any = _enumeration(IntEnum, "VerifyMode", _members("CERT_"))
TLSVersion: Any = _enumeration(
    IntEnum, "TLSVersion", {name.removeprefix("PROTO_"): value for name, value in _members("PROTO_").items()}
)
