"""What SSLObject and SSLSocket tell of their connection."""

from __future__ import annotations

import warnings
from typing import Any

__all__ = ["ConnectionFacts", "server_name"]


def server_name(name: str | bytes | None) -> str | None:
    """A host name as TLS has it: in IDNA's form. A ValueError for what cannot be one."""
    if name is None:
        return None
    if isinstance(name, (bytes, bytearray)):
        name = name.decode("ascii")
    if not isinstance(name, str):
        raise TypeError(f"server_hostname must be str or None, not {type(name).__name__}")
    if name == "" or name.startswith("."):
        raise ValueError("server_hostname cannot be an empty string or start with a leading dot.")
    if "\0" in name:
        raise TypeError("argument must be encoded string without null bytes, not str")
    return name if name.isascii() else name.encode("idna").decode("ascii")


class ConnectionFacts:
    """`_sslobj` is the connection, or None where there is none."""

    _sslobj: Any
    _context: Any

    @property
    def context(self) -> Any:
        """The SSLContext."""
        return self._context

    @context.setter
    def context(self, context: Any) -> None:
        self._context = context
        if self._sslobj is not None:
            self._sslobj.set_context(context)

    @property
    def session(self) -> Any:
        """The SSLSession of the connection; a client's can be set before the handshake."""
        return None if self._sslobj is None else self._sslobj.session()

    @session.setter
    def session(self, session: Any) -> None:
        self._session = session
        if self._sslobj is not None:
            self._sslobj.set_session(session)

    @property
    def session_reused(self) -> bool | None:
        return None if self._sslobj is None else bool(self._sslobj.ask("session_reused"))

    def _needed(self) -> Any:
        if self._sslobj is None:
            raise ValueError(f"No SSL wrapper around {self}")
        return self._sslobj

    def getpeercert(self, binary_form: bool = False) -> Any:
        """Return the peer's certificate as a dict, empty if it was not verified, or in DER; None for none."""
        return self._needed().getpeercert(binary_form)

    def get_verified_chain(self) -> list[bytes]:
        """Return the chain by which the peer was verified, in DER."""
        return self._needed().ask("verified_chain")

    def get_unverified_chain(self) -> list[bytes]:
        """Return what the peer sent, in DER."""
        return self._needed().ask("sent_chain")

    def selected_npn_protocol(self) -> None:
        """Return None: NPN is gone."""
        warnings.warn("ssl NPN is deprecated, use ALPN instead", DeprecationWarning, stacklevel=2)

    def selected_alpn_protocol(self) -> str | None:
        return None if self._sslobj is None else self._sslobj.selected_alpn_protocol()

    def cipher(self) -> tuple[str, str, int] | None:
        return None if self._sslobj is None else self._sslobj.cipher()

    def shared_ciphers(self) -> list[tuple[str, str, int]] | None:
        return None if self._sslobj is None else self._sslobj.shared_ciphers()

    def compression(self) -> None:
        """Return None: TLS does not compress any more."""

    def version(self) -> str | None:
        return None if self._sslobj is None else self._sslobj.version()

    def get_channel_binding(self, cb_type: str = "tls-unique") -> bytes | None:
        if cb_type != "tls-unique":
            raise ValueError(f"{cb_type} channel binding type not implemented")
        return None if self._sslobj is None else self._sslobj.ask("tls_unique")

    def verify_client_post_handshake(self) -> None:
        self._needed().ask("ask_for_certificate")
        self._sslobj.flush()
