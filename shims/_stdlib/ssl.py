"""TLS over sockets and in memory, with CPython's names. The host's OpenSSL does the work: see _blockon_tls."""

# ruff: noqa: F401 - what it imports is what it offers

from __future__ import annotations

import _ssl
import calendar
import os
import re
import socket
import time
from base64 import b64decode, b64encode
from typing import Any, NamedTuple

from _blockon_tls._connection import Connection as _SSLSocket
from _blockon_tls._context import SSLContext
from _blockon_tls._default_contexts import _create_unverified_context, create_default_context
from _blockon_tls._enums import (
    NUMBERS,
    AlertDescription,
    Options,
    SSLErrorNumber,
    TLSVersion,
    VerifyFlags,
    VerifyMode,
    _SSLMethod,
)
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
from _blockon_tls._object_id import Purpose, _ASN1Object
from _blockon_tls._object_id import nid2obj as _nid2obj
from _blockon_tls._object_id import txt2obj as _txt2obj
from _blockon_tls._session import SSLSession
from _blockon_tls._ssl_object import SSLObject
from _blockon_tls._ssl_socket import SSLSocket

# The names that _ssl has too: they are numbers, flags and functions of OpenSSL's.
_SHARED = re.compile("HAS_|OPENSSL_|RAND_|_OPENSSL_API_VERSION|_DEFAULT_CIPHERS|_SSLContext")
globals().update({name: value for name, value in vars(_ssl).items() if _SHARED.match(name)})
for _enumeration in (_SSLMethod, Options, AlertDescription, SSLErrorNumber, VerifyFlags, VerifyMode):
    globals().update(_enumeration.__members__)
globals().update(
    PROTOCOL_SSLv23=_SSLMethod.PROTOCOL_TLS,
    HOSTFLAG_NEVER_CHECK_SUBJECT=NUMBERS["HOSTFLAG_NEVER_CHECK_SUBJECT"],
)
_PROTOCOL_NAMES = {value: name for name, value in _SSLMethod.__members__.items()}

CertificateError = SSLCertVerificationError
socket_error = OSError
SOCK_STREAM = socket.SOCK_STREAM
CHANNEL_BINDING_TYPES = ["tls-unique"]
HAS_NEVER_CHECK_COMMON_NAME = True

_create_default_https_context = create_default_context
_create_stdlib_context = _create_unverified_context

PEM_HEADER = "-----BEGIN CERTIFICATE-----"
PEM_FOOTER = "-----END CERTIFICATE-----"
_LINE = 64
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TIME = re.compile(r"([A-Za-z]{3}) (?: ?(\d{1,2})) (\d\d):(\d\d):(\d\d) (\d{4}) GMT", re.ASCII)


class DefaultVerifyPaths(NamedTuple):
    """Where certificates are looked for."""

    cafile: str | None
    capath: str | None
    openssl_cafile_env: str
    openssl_cafile: str
    openssl_capath_env: str
    openssl_capath: str


def get_default_verify_paths() -> DefaultVerifyPaths:
    """Return the paths of trusted certificates; cafile and capath are None where there is nothing."""
    file_variable, file, folder_variable, folder = _ssl.get_default_verify_paths()
    cafile = os.environ.get(file_variable, file)
    capath = os.environ.get(folder_variable, folder)
    return DefaultVerifyPaths(
        cafile if os.path.isfile(cafile) else None,  # noqa: PTH113
        capath if os.path.isdir(capath) else None,  # noqa: PTH112
        file_variable,
        file,
        folder_variable,
        folder,
    )


def cert_time_to_seconds(cert_time: str) -> int:
    """Return the seconds since the epoch of a time as certificates have it: "Jan  5 09:34:43 2018 GMT"."""
    found = _TIME.fullmatch(cert_time)
    month = found[1].title() if found else ""
    if found is None or month not in _MONTHS:
        raise ValueError(f'time data {cert_time!r} does not match format "%b %d %H:%M:%S %Y GMT"')
    text = f"{found[6]} {_MONTHS.index(month) + 1} {found[2]} {found[3]} {found[4]}"
    day = time.strptime(text, "%Y %m %d %H %M")
    return calendar.timegm((*day[:5], int(found[5])))


def DER_cert_to_PEM_cert(der_cert_bytes: bytes) -> str:  # noqa: N802 - the standard library's name
    """Return the certificate in PEM."""
    text = b64encode(der_cert_bytes).decode("ascii")
    lines = [text[i : i + _LINE] for i in range(0, len(text), _LINE)]
    return "\n".join((PEM_HEADER, *lines, PEM_FOOTER, ""))


def PEM_cert_to_DER_cert(pem_cert_string: str) -> bytes:  # noqa: N802
    """Return the certificate in DER."""
    text = pem_cert_string.strip()
    if not text.startswith(PEM_HEADER):
        raise ValueError(f"Invalid PEM encoding; must start with {PEM_HEADER}")
    if not text.endswith(PEM_FOOTER):
        raise ValueError(f"Invalid PEM encoding; must end with {PEM_FOOTER}")
    return b64decode(text[len(PEM_HEADER) : -len(PEM_FOOTER)])


def get_server_certificate(
    addr: tuple[str, int],
    ssl_version: int = _SSLMethod.PROTOCOL_TLS_CLIENT,
    ca_certs: Any = None,
    timeout: Any = socket._GLOBAL_DEFAULT_TIMEOUT,  # type: ignore[attr-defined]
) -> str:
    """Return the certificate of a server in PEM; it is verified only if `ca_certs` names a file of authorities."""
    required = VerifyMode.CERT_NONE if ca_certs is None else VerifyMode.CERT_REQUIRED
    context = _create_stdlib_context(ssl_version, cert_reqs=required, cafile=ca_certs)
    with (
        socket.create_connection(addr, timeout=timeout) as plain,
        context.wrap_socket(plain, server_hostname=addr[0]) as connection,
    ):
        return DER_cert_to_PEM_cert(connection.getpeercert(binary_form=True))


def get_protocol_name(protocol_code: int) -> str:
    return _PROTOCOL_NAMES.get(protocol_code, "<unknown>")
