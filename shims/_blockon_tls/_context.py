"""SSLContext: what connections have in common."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, ClassVar, Self

from . import _certificates
from ._calls import CONSTANTS, call, replay
from ._enums import NUMBERS, Options, TLSVersion, VerifyFlags, VerifyMode, _SSLMethod
from ._errors import SSLError
from ._object_id import Purpose

__all__ = ["SSLContext"]

CERT_NONE, CERT_OPTIONAL, CERT_REQUIRED = range(3)
_CLIENT, _SERVER, _TLS = (NUMBERS[f"PROTOCOL_{name}"] for name in ("TLS_CLIENT", "TLS_SERVER", "TLS"))
# SSL_VERIFY_* of OpenSSL.
_VERIFY_PEER, _VERIFY_REQUIRED, _VERIFY_LATER = 1, 2, 8
_LATEST = 0x304
_FALLBACK_SUBJECT = CONSTANTS["HOSTFLAG_NEVER_CHECK_SUBJECT"]
_HOST_FLAGS = CONSTANTS["HOSTFLAG_NO_PARTIAL_WILDCARDS"]
_LONGEST_PROTOCOL = 255


class SSLContext:
    """Settings, certificates and keys that connections share."""

    sslsocket_class: ClassVar[Any] = None
    sslobject_class: ClassVar[Any] = None

    _number: int
    _protocol: int
    _check_hostname: bool
    _verify_mode: int
    _server_callback: Callable[..., Any] | None
    _keylog: str | None

    def __new__(cls, protocol: int | None = None, *arguments: Any, **keywords: Any) -> Self:
        if protocol is None:
            warnings.warn("ssl.SSLContext() without protocol argument is deprecated.", DeprecationWarning, stacklevel=2)
            protocol = _TLS
        if protocol not in _SSLMethod.__members__.values():
            raise ValueError("invalid or unsupported protocol version")
        if protocol not in (_CLIENT, _SERVER):
            name = _SSLMethod(protocol).name
            warnings.warn(f"ssl.{name} is deprecated", DeprecationWarning, stacklevel=2)
        self = super().__new__(cls)
        self._number = call("context_new", int(protocol))
        self._protocol = int(protocol)
        self._check_hostname = protocol == _CLIENT
        self._verify_mode = CERT_REQUIRED if protocol == _CLIENT else CERT_NONE
        self._post_handshake_auth = False
        self._common_name = True
        self._server_callback = None
        self._keylog = None
        self._set_verification()
        return self

    def __del__(self) -> None:
        number = self.__dict__.get("_number", 0)
        if number:
            call("context_free", number)

    def _remember(self, journal: dict[int, list[tuple[Any, ...]]]) -> None:
        """The memory is to go on in another realm, which has no such context: it is made at its first use there."""
        number = self.__dict__.pop("_number", 0)
        self._calls = journal.get(number, [])

    def __getattr__(self, name: str) -> Any:
        calls = self.__dict__.pop("_calls", None) if name == "_number" else None
        if calls is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
        self._number = replay(calls)
        return self._number

    # Protocols.

    @property
    def protocol(self) -> Any:
        return _SSLMethod(self._protocol)

    @property
    def options(self) -> Any:
        return Options(call("context_options", self._number))

    @options.setter
    def options(self, value: int) -> None:
        value = int(value)
        if value < 0:
            raise ValueError("options must be a positive integer")
        call("context_set_options", self._number, value)

    @property
    def minimum_version(self) -> Any:
        return TLSVersion(call("context_versions", self._number)[0] or NUMBERS["PROTO_MINIMUM_SUPPORTED"])

    @minimum_version.setter
    def minimum_version(self, value: int) -> None:
        self._set_version("context_set_minimum_version", value, {-2: 0, -1: _LATEST})

    @property
    def maximum_version(self) -> Any:
        return TLSVersion(call("context_versions", self._number)[1] or NUMBERS["PROTO_MAXIMUM_SUPPORTED"])

    @maximum_version.setter
    def maximum_version(self, value: int) -> None:
        self._set_version("context_set_maximum_version", value, {-1: 0, -2: 0x301})

    def _set_version(self, name: str, value: int, special: dict[int, int]) -> None:
        if self._protocol not in (_CLIENT, _SERVER, _TLS):
            raise ValueError("The context's protocol doesn't support modification of highest and lowest version.")
        if value not in TLSVersion.__members__.values():
            raise ValueError(f"Unsupported TLS/SSL version 0x{value:x}")
        try:
            call(name, self._number, special.get(int(value), int(value)))
        except SSLError as error:
            raise ValueError(f"Unsupported protocol version 0x{value:x}") from error

    def set_ciphers(self, ciphers: str, /) -> None:
        """Set the ciphers of TLS up to 1.2, in OpenSSL's form."""
        call("context_set_ciphers", self._number, ciphers)

    def get_ciphers(self) -> list[dict[str, Any]]:
        """Return what is known of each cipher that can be used."""
        return call("context_ciphers", self._number)

    def set_alpn_protocols(self, alpn_protocols: Iterable[str]) -> None:
        """Set the protocols to agree on by ALPN, the best first."""
        encoded = bytearray()
        for protocol in alpn_protocols:
            name = bytes(protocol, "ascii")
            if not 0 < len(name) <= _LONGEST_PROTOCOL:
                raise SSLError("ALPN protocols must be 1 to 255 bytes long")
            encoded += bytes((len(name),)) + name
        call("context_set_alpn", self._number, bytes(encoded))

    def set_npn_protocols(self, npn_protocols: Iterable[str]) -> None:
        """Do nothing: NPN is gone."""
        warnings.warn("ssl NPN is deprecated, use ALPN instead", DeprecationWarning, stacklevel=2)

    def set_ecdh_curve(self, name: str | bytes, /) -> None:
        """Set the one curve for key exchange."""
        call("context_set_curve", self._number, name.decode() if isinstance(name, bytes) else name)

    def load_dh_params(self, path: Any, /) -> None:
        """Load parameters for Diffie-Hellman from a file in PEM."""
        call("context_load_dh", self._number, _certificates.read(path))

    @property
    def security_level(self) -> int:
        return call("context_security_level", self._number)

    @property
    def num_tickets(self) -> int:
        return call("context_tickets", self._number)

    @num_tickets.setter
    def num_tickets(self, value: int) -> None:
        if value < 0:
            raise ValueError("value must be non-negative")
        if self._protocol != _SERVER:
            raise ValueError("SSLContext is not a server context.")
        call("context_set_tickets", self._number, value)

    def session_stats(self) -> dict[str, int]:
        return call("context_session_stats", self._number)

    # Verification.

    def _set_verification(self) -> None:
        flags = (0, _VERIFY_PEER, _VERIFY_PEER | _VERIFY_REQUIRED)[self._verify_mode]
        if self._post_handshake_auth and flags and self._protocol != _CLIENT:
            flags |= _VERIFY_LATER
        call("context_set_verification", self._number, flags)
        call("context_set_host_flags", self._number, _HOST_FLAGS | (0 if self._common_name else _FALLBACK_SUBJECT))

    @property
    def check_hostname(self) -> bool:
        return self._check_hostname

    @check_hostname.setter
    def check_hostname(self, value: object) -> None:
        self._check_hostname = bool(value)
        if self._check_hostname and self._verify_mode == CERT_NONE:
            self._verify_mode = CERT_REQUIRED
            self._set_verification()

    @property
    def hostname_checks_common_name(self) -> bool:
        return self._common_name

    @hostname_checks_common_name.setter
    def hostname_checks_common_name(self, value: object) -> None:
        self._common_name = bool(value)
        self._set_verification()

    @property
    def verify_mode(self) -> Any:
        return VerifyMode(self._verify_mode)

    @verify_mode.setter
    def verify_mode(self, value: int) -> None:
        value = int(value)
        if value not in (CERT_NONE, CERT_OPTIONAL, CERT_REQUIRED):
            raise ValueError("invalid value for verify_mode")
        if value == CERT_NONE and self._check_hostname:
            raise ValueError("Cannot set verify_mode to CERT_NONE when check_hostname is enabled.")
        self._verify_mode = value
        self._set_verification()

    @property
    def verify_flags(self) -> Any:
        return VerifyFlags(call("context_verification_flags", self._number))

    @verify_flags.setter
    def verify_flags(self, value: int) -> None:
        call("context_set_verification_flags", self._number, int(value))

    @property
    def post_handshake_auth(self) -> bool:
        return self._post_handshake_auth

    @post_handshake_auth.setter
    def post_handshake_auth(self, value: object) -> None:
        self._post_handshake_auth = bool(value)
        self._set_verification()

    # Certificates.

    def load_verify_locations(self, cafile: Any = None, capath: Any = None, cadata: Any = None) -> None:
        """Trust the certificates of a file in PEM, of a folder of such, and of PEM text or DER bytes."""
        if cafile is None and capath is None and not cadata:
            raise TypeError("cafile, capath and cadata cannot be all omitted")
        if cadata is not None:
            _certificates.trust_data(self._number, cadata)
        if cafile is not None:
            _certificates.trust_file(self._number, cafile)
        if capath is not None:
            _certificates.trust_folder(self._number, capath)

    def set_default_verify_paths(self) -> None:
        """Trust what SSL_CERT_FILE and SSL_CERT_DIR name, or else the host's certificates."""
        _certificates.trust_defaults(self._number)

    def load_default_certs(self, purpose: Any = Purpose.SERVER_AUTH) -> None:
        """Trust the default certificates."""
        if not isinstance(purpose, Purpose):
            raise TypeError(purpose)
        self.set_default_verify_paths()

    def load_cert_chain(self, certfile: Any, keyfile: Any = None, password: Any = None) -> None:
        """Load the own certificate, with those that lead to its root, and its key, from files in PEM."""
        _certificates.load_chain(self._number, certfile, keyfile, password)

    def get_ca_certs(self, binary_form: bool = False) -> list[Any]:
        """Return the certificate authorities that are trusted, as dicts or in DER."""
        return call("context_authorities", self._number, int(bool(binary_form)))

    def cert_store_stats(self) -> dict[str, int]:
        return call("context_store_stats", self._number)

    # Callbacks.

    @property
    def sni_callback(self) -> Callable[..., Any] | None:
        """What a server asks with the name that a client wants to reach: (connection, name or None, context)."""
        return self._server_callback

    @sni_callback.setter
    def sni_callback(self, callback: Callable[..., Any] | None) -> None:
        if self._protocol == _CLIENT:
            raise ValueError("sni_callback cannot be set on TLS_CLIENT context")
        if callback is not None and not callable(callback):
            raise TypeError("not a callable object")
        call("context_ask_for_client_hello", self._number, int(callback is not None))
        self._server_callback = callback

    def set_servername_callback(self, server_name_callback: Callable[..., Any] | None) -> None:
        """Set the sni_callback; its name is as it was sent."""
        self.sni_callback = server_name_callback

    @property
    def keylog_filename(self) -> str | None:
        """A file to which the secrets of connections are appended."""
        return self._keylog

    @keylog_filename.setter
    def keylog_filename(self, path: Any) -> None:
        if path is not None:
            path = os.fsdecode(path)
            with Path(path).open("ab") as file:
                if file.tell() == 0:
                    file.write(b"# TLS secrets log file, generated by OpenSSL / Python\n")
        self._keylog = path
        call("context_keep_secrets", self._number, int(path is not None))

    def set_psk_client_callback(self, callback: object) -> None:
        raise NotImplementedError("TLS-PSK is not supported by blockon")

    def set_psk_server_callback(self, callback: object, identity_hint: str | None = None) -> None:
        raise NotImplementedError("TLS-PSK is not supported by blockon")

    # Connections.

    def wrap_socket(
        self,
        sock: Any,
        server_side: bool = False,
        do_handshake_on_connect: bool = True,
        suppress_ragged_eofs: bool = True,
        server_hostname: str | bytes | None = None,
        session: Any = None,
    ) -> Any:
        """Return an SSLSocket that takes the place of the socket."""
        return self.sslsocket_class._create(
            sock=sock,
            server_side=server_side,
            do_handshake_on_connect=do_handshake_on_connect,
            suppress_ragged_eofs=suppress_ragged_eofs,
            server_hostname=server_hostname,
            context=self,
            session=session,
        )

    def wrap_bio(
        self,
        incoming: Any,
        outgoing: Any,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: Any = None,
    ) -> Any:
        """Return an SSLObject between two MemoryBIOs."""
        return self.sslobject_class._create(
            incoming,
            outgoing,
            server_side=server_side,
            server_hostname=server_hostname,
            session=session,
            context=self,
        )


SSLContext.__module__ = "ssl"
