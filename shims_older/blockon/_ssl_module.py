"""The module ssl of a Python that has no OpenSSL: what clients import of it is there, what would encrypt is not.

A Worker's TLS is that of its ``fetch``. Many packages import ``ssl`` for its names, and make a context that they never
use: contexts keep what they are told, and wrap nothing. It runs under the name ``ssl`` (``_client_imports``).
"""

from __future__ import annotations

import socket
from enum import Enum, IntEnum, IntFlag
from typing import Any, NamedTuple, Never

from blockon._older import unavailable

HAS_SNI = HAS_ALPN = HAS_TLSv1_2 = HAS_TLSv1_3 = True
HAS_SSLv2 = HAS_SSLv3 = HAS_TLSv1 = HAS_TLSv1_1 = HAS_NPN = HAS_ECDH = HAS_PSK = False
HAS_NEVER_CHECK_COMMON_NAME = True
# Packages refuse to be imported beside an older one.
OPENSSL_VERSION_INFO = (3, 0, 0, 0, 0)
OPENSSL_VERSION_NUMBER = 0x30000000
OPENSSL_VERSION = "OpenSSL 3.0.0 (its names alone)"
CHANNEL_BINDING_TYPES: list[str] = []
SOCK_STREAM = socket.SOCK_STREAM
socket_error = OSError


class _SSLMethod(IntEnum):
    PROTOCOL_TLS = 2
    PROTOCOL_TLSv1 = 3
    PROTOCOL_TLSv1_1 = 4
    PROTOCOL_TLSv1_2 = 5
    PROTOCOL_TLS_CLIENT = 16
    PROTOCOL_TLS_SERVER = 17


class VerifyMode(IntEnum):
    """Whether a peer's certificate has to be there and right."""

    CERT_NONE = 0
    CERT_OPTIONAL = 1
    CERT_REQUIRED = 2


class VerifyFlags(IntFlag):
    """How certificates are looked at."""

    VERIFY_DEFAULT = 0
    VERIFY_CRL_CHECK_LEAF = 0x4
    VERIFY_CRL_CHECK_CHAIN = 0xC
    VERIFY_X509_STRICT = 0x20
    VERIFY_ALLOW_PROXY_CERTS = 0x40
    VERIFY_X509_TRUSTED_FIRST = 0x8000
    VERIFY_X509_PARTIAL_CHAIN = 0x80000


class Options(IntFlag):
    """What a connection does and leaves."""

    OP_IGNORE_UNEXPECTED_EOF = 0x80
    OP_NO_TICKET = 0x4000
    OP_NO_COMPRESSION = 0x20000
    OP_ENABLE_KTLS = 0x8
    OP_LEGACY_SERVER_CONNECT = 0x4
    OP_SINGLE_DH_USE = OP_SINGLE_ECDH_USE = OP_NO_SSLv2 = 0
    OP_CIPHER_SERVER_PREFERENCE = 0x400000
    OP_NO_SSLv3 = 0x2000000
    OP_NO_TLSv1 = 0x4000000
    OP_NO_TLSv1_2 = 0x8000000
    OP_NO_TLSv1_1 = 0x10000000
    OP_NO_TLSv1_3 = 0x20000000
    OP_NO_RENEGOTIATION = 0x40000000
    OP_ALL = 0x80000050


class SSLErrorNumber(IntEnum):
    """Which kind of error an SSLError is."""

    SSL_ERROR_SSL = 1
    SSL_ERROR_WANT_READ = 2
    SSL_ERROR_WANT_WRITE = 3
    SSL_ERROR_WANT_X509_LOOKUP = 4
    SSL_ERROR_SYSCALL = 5
    SSL_ERROR_ZERO_RETURN = 6
    SSL_ERROR_WANT_CONNECT = 7
    SSL_ERROR_EOF = 8
    SSL_ERROR_INVALID_ERROR_CODE = 10


class TLSVersion(IntEnum):
    """Versions of TLS."""

    MINIMUM_SUPPORTED = -2
    MAXIMUM_SUPPORTED = -1
    SSLv3 = 0x300
    TLSv1 = 0x301
    TLSv1_1 = 0x302
    TLSv1_2 = 0x303
    TLSv1_3 = 0x304


class AlertDescription(IntEnum):
    """What one peer tells the other before it ends a connection; the ones that servers send for a name."""

    ALERT_DESCRIPTION_CLOSE_NOTIFY = 0
    ALERT_DESCRIPTION_HANDSHAKE_FAILURE = 40
    ALERT_DESCRIPTION_BAD_CERTIFICATE = 42
    ALERT_DESCRIPTION_UNKNOWN_CA = 48
    ALERT_DESCRIPTION_ACCESS_DENIED = 49
    ALERT_DESCRIPTION_PROTOCOL_VERSION = 70
    ALERT_DESCRIPTION_INTERNAL_ERROR = 80
    ALERT_DESCRIPTION_UNRECOGNIZED_NAME = 112


class Purpose(Enum):
    """Whom a certificate is for, by OpenSSL's number, names and object identifier."""

    SERVER_AUTH = (129, "serverAuth", "TLS Web Server Authentication", "1.3.6.1.5.5.7.3.1")
    CLIENT_AUTH = (130, "clientAuth", "TLS Web Client Authentication", "1.3.6.1.5.5.7.3.2")


for _enumeration in (_SSLMethod, VerifyMode, VerifyFlags, Options, SSLErrorNumber, AlertDescription):
    globals().update(_enumeration.__members__)
PROTOCOL_SSLv23 = _SSLMethod.PROTOCOL_TLS


class SSLError(OSError):
    """An error of TLS."""

    library: str | None = None
    reason: str | None = None


class SSLZeroReturnError(SSLError):
    """The peer closed the connection."""


class SSLWantReadError(SSLError):
    """Nothing to read yet on a socket that does not wait."""


class SSLWantWriteError(SSLError):
    """No room to write yet on a socket that does not wait."""


class SSLSyscallError(SSLError):
    """The transport failed."""


class SSLEOFError(SSLError):
    """The transport ended where it must not."""


class SSLCertVerificationError(SSLError, ValueError):
    """The peer's certificate is not accepted."""


CertificateError = SSLCertVerificationError


def _refuse(*_arguments: object, **_keywords: object) -> Never:
    raise SSLError(unavailable("a connection by TLS that is not the fetch's"))


class _Refused:
    """Nobody can have one."""

    __init__ = _refuse


class SSLSocket(_Refused, socket.socket):
    """A socket with TLS."""


class SSLObject(_Refused):
    """TLS without a socket."""


class SSLSession(_Refused):
    """What a connection goes on with."""


class MemoryBIO(_Refused):
    """Bytes of TLS in memory."""


class SSLContext:
    """Settings, which are kept."""

    sslsocket_class = SSLSocket
    sslobject_class = SSLObject

    def __new__(cls, protocol: int | None = None, *_arguments: object, **_keywords: object) -> SSLContext:  # noqa: PYI034
        self = super().__new__(cls)
        self.protocol = _SSLMethod(_SSLMethod.PROTOCOL_TLS if protocol is None else protocol)
        is_client = self.protocol == _SSLMethod.PROTOCOL_TLS_CLIENT
        self._check_hostname = is_client
        self._verify_mode = VerifyMode.CERT_REQUIRED if is_client else VerifyMode.CERT_NONE
        self.options = Options.OP_ALL | Options.OP_NO_SSLv3 | Options.OP_NO_COMPRESSION
        self.verify_flags = VerifyFlags.VERIFY_X509_TRUSTED_FIRST
        self.minimum_version = TLSVersion.TLSv1_2
        self.maximum_version = TLSVersion.MAXIMUM_SUPPORTED
        self.hostname_checks_common_name = True
        self.post_handshake_auth = False
        self.keylog_filename: Any = None
        self.sni_callback: Any = None
        self.security_level = 1
        self.num_tickets = 2
        return self

    @property
    def check_hostname(self) -> bool:
        """Whether the name has to be the certificate's."""
        return self._check_hostname

    @check_hostname.setter
    def check_hostname(self, value: bool) -> None:
        self._check_hostname = bool(value)
        if value and self._verify_mode == VerifyMode.CERT_NONE:
            self._verify_mode = VerifyMode.CERT_REQUIRED

    @property
    def verify_mode(self) -> VerifyMode:
        """Whether the certificate is looked at."""
        return self._verify_mode

    @verify_mode.setter
    def verify_mode(self, value: int) -> None:
        mode = VerifyMode(value)
        if mode == VerifyMode.CERT_NONE and self._check_hostname:
            raise ValueError("Cannot set verify_mode to CERT_NONE when check_hostname is enabled.")
        self._verify_mode = mode

    def load_default_certs(self, purpose: Purpose = Purpose.SERVER_AUTH) -> None:
        """The fetch has its own."""

    def set_default_verify_paths(self) -> None:
        """The fetch has its own."""

    def load_verify_locations(self, cafile: Any = None, capath: Any = None, cadata: Any = None) -> None:
        """The fetch has its own."""
        if cafile is None and capath is None and cadata is None:
            raise TypeError("cafile, capath and cadata cannot be all omitted")

    def set_ciphers(self, _ciphers: str, /) -> None:
        """The fetch has its own."""

    def set_alpn_protocols(self, alpn_protocols: Any) -> None:
        """The fetch has its own."""

    def get_ca_certs(self, binary_form: bool = False) -> list[Any]:
        """None are known here."""
        return []

    def get_ciphers(self) -> list[Any]:
        """None are known here."""
        return []

    def cert_store_stats(self) -> dict[str, int]:
        """None are known here."""
        return {"x509": 0, "crl": 0, "x509_ca": 0}

    wrap_socket = wrap_bio = load_cert_chain = load_dh_params = set_ecdh_curve = _refuse


def create_default_context(
    purpose: Purpose = Purpose.SERVER_AUTH, *, cafile: Any = None, capath: Any = None, cadata: Any = None
) -> SSLContext:
    """Return a context as programs of that purpose have it."""
    is_client = purpose == Purpose.SERVER_AUTH
    context = SSLContext(_SSLMethod.PROTOCOL_TLS_CLIENT if is_client else _SSLMethod.PROTOCOL_TLS_SERVER)
    if cafile or capath or cadata:
        context.load_verify_locations(cafile, capath, cadata)
    return context


def _create_unverified_context(protocol: Any = None, *, cert_reqs: int = 0, **_keywords: object) -> SSLContext:
    context = SSLContext(protocol)
    context.check_hostname = False
    context.verify_mode = VerifyMode(cert_reqs)
    return context


_create_default_https_context = create_default_context
_create_stdlib_context = _create_unverified_context


class DefaultVerifyPaths(NamedTuple):
    """Where certificates are looked for."""

    cafile: str | None
    capath: str | None
    openssl_cafile_env: str
    openssl_cafile: str
    openssl_capath_env: str
    openssl_capath: str


def get_default_verify_paths() -> DefaultVerifyPaths:
    """Return places at which there is nothing."""
    return DefaultVerifyPaths(None, None, "SSL_CERT_FILE", "", "SSL_CERT_DIR", "")


def get_protocol_name(protocol_code: int) -> str:
    """Return the name of a protocol's number."""
    names = {value: name for name, value in _SSLMethod.__members__.items()}
    return names.get(_SSLMethod(protocol_code), "<unknown>") if protocol_code in set(_SSLMethod) else "<unknown>"


get_server_certificate = RAND_bytes = RAND_add = RAND_status = _refuse
