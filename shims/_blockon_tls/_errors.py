"""The exceptions of ssl, and which of them stands for a failure of the engine's."""

from __future__ import annotations

import errno
from typing import Any, NoReturn

__all__ = [
    "SSLCertVerificationError",
    "SSLEOFError",
    "SSLError",
    "SSLSyscallError",
    "SSLWantReadError",
    "SSLWantWriteError",
    "SSLZeroReturnError",
    "raise_failure",
    "want_read",
    "want_write",
]

# Where CPython's own module would have failed: programs look for the form of it.
PLACE = "_ssl.c:1032"

SSL_ERROR_SSL = 1
SSL_ERROR_WANT_READ = 2
SSL_ERROR_WANT_WRITE = 3
SSL_ERROR_ZERO_RETURN = 6
SSL_ERROR_EOF = 8


class SSLError(OSError):
    """An error of TLS."""

    library: str | None = None
    reason: str | None = None

    def __str__(self) -> str:
        return str(self.strerror) if isinstance(self.strerror, str) else str(self.args)


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

    verify_code: int
    verify_message: str


for _type in (
    SSLError,
    SSLZeroReturnError,
    SSLWantReadError,
    SSLWantWriteError,
    SSLSyscallError,
    SSLEOFError,
    SSLCertVerificationError,
):
    _type.__module__ = "ssl"

# TlsFailure::Kind of the engine.
_KINDS: dict[int, type[SSLError]] = {
    0: SSLError,
    1: SSLCertVerificationError,
    2: SSLEOFError,
    3: SSLZeroReturnError,
}
_VALUE, _USE, _MEMORY, LIMIT = 4, 5, 6, 7
_VERIFICATION, _EOF = 1, 2


def _message(library: str | None, reason: str | None, text: str) -> str:
    if library and reason:
        return f"[{library}: {reason}] {text} ({PLACE})"
    if library:
        return f"[{library}] {text} ({PLACE})"
    return f"{text} ({PLACE})"


def raise_failure(failure: tuple[Any, ...]) -> NoReturn:
    kind, number, library, reason, text, verify_code, verify_message = failure
    if kind == _VALUE:
        raise ValueError(text)
    if kind == _USE:
        raise RuntimeError(f"blockon: TLS: {text}")
    if kind == _MEMORY:
        raise MemoryError
    if kind == LIMIT:
        raise OSError(errno.EMFILE, text)
    if kind == _VERIFICATION:
        text = f"{text}: {verify_message}"
    if kind == _EOF:
        number = SSL_ERROR_EOF
    type_ = _KINDS[kind]
    # Without a code there is a text alone, as for a list of ciphers that has none.
    error = type_(number, _message(library, reason, text)) if number else type_(text)
    error.library = library
    error.reason = reason
    if isinstance(error, SSLCertVerificationError):
        error.verify_code = verify_code
        error.verify_message = verify_message
    raise error


def want_read() -> SSLWantReadError:
    return SSLWantReadError(SSL_ERROR_WANT_READ, f"The operation did not complete (read) ({PLACE})")


def want_write() -> SSLWantWriteError:
    return SSLWantWriteError(SSL_ERROR_WANT_WRITE, f"The operation did not complete (write) ({PLACE})")


def unexpected_eof() -> SSLEOFError:
    return SSLEOFError(SSL_ERROR_EOF, f"EOF occurred in violation of protocol ({PLACE})")
