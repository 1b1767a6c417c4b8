"""What a context is given to trust and to show: certificates and keys, from files and as they are.

Files are the guest's own and are read here; what is in them goes to the engine, which keeps it. Each function takes the
number of a context.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

from ._calls import call
from ._errors import PLACE, SSLError
from ._paths import default_paths

__all__ = ["load_chain", "read", "trust_data", "trust_defaults", "trust_file", "trust_folder"]

_LONGEST_PASSWORD = 1024


def _path(path: Any, argument: str | None) -> Path:
    """`argument` is what an error calls it, if it has a name of its own there."""
    try:
        return Path(os.fsdecode(path))
    except TypeError as error:
        if argument is None:
            raise
        raise TypeError(f"{argument} should be a valid filesystem path") from error


def read(path: Any, argument: str | None = None) -> bytes:
    return _path(path, argument).read_bytes()


def _password(password: Any) -> bytes | None:
    """The bytes of a password, or of what a function gives for one."""
    asked = callable(password)
    if asked:
        password = password()
    if isinstance(password, str):
        password = password.encode()
    if not isinstance(password, (bytes, bytearray)):
        raise TypeError(
            "password callback must return a string" if asked else "password should be a string or callable"
        )
    if len(password) > _LONGEST_PASSWORD:
        raise ValueError(f"password cannot be longer than {_LONGEST_PASSWORD} bytes")
    return bytes(password)


def trust_file(context: int, file: Any) -> None:
    """Trust the certificates of a file in PEM."""
    call("context_load_authorities", context, read(file, "cafile"), 1)


def trust_folder(context: int, folder: Any) -> None:
    """Trust all files that are named by a hash of a subject; OpenSSL would look for each when it needs it."""
    path = _path(folder, "capath")
    if not path.is_dir():
        return
    for file in sorted(path.iterdir()):
        if len(file.stem) == 8 and file.suffix[1:].isdigit():
            call("context_load_authorities", context, file.read_bytes(), 1)


def trust_data(context: int, data: Any) -> None:
    """Trust the certificates of PEM text, or of DER bytes."""
    try:
        _trust_bytes(context, data)
    except SSLError as error:
        if error.reason not in ("NO_START_LINE", "NOT_ENOUGH_DATA"):
            raise
        what = error.reason.replace("_", " ").lower()
        raise SSLError(0, f"{what}: cadata does not contain a certificate ({PLACE})") from error


def _trust_bytes(context: int, data: Any) -> None:
    if isinstance(data, str):
        try:
            call("context_load_authorities", context, data.encode("ascii"), 1)
        except UnicodeEncodeError as error:
            raise TypeError("cadata should be an ASCII string or a bytes-like object") from error
        return
    try:
        der = bytes(memoryview(data))
    except TypeError as error:
        raise TypeError("cadata should be an ASCII string or a bytes-like object") from error
    call("context_load_authorities", context, der, 0)


def trust_defaults(context: int) -> None:
    """Trust what the environment names, or else the host's certificates."""
    file, folder = default_paths()
    if file is None and folder is None:
        call("context_load_default_authorities", context)
        return
    if file is not None and Path(file).is_file():
        call("context_load_authorities", context, read(file), 1)
    if folder is not None:
        trust_folder(context, folder)


def load_chain(context: int, certfile: Any, keyfile: Any, password: Any) -> None:
    """Load a certificate, with those that lead to its root, and its key, from files in PEM."""
    certificates = read(certfile, "certfile")
    key = certificates if keyfile is None else read(keyfile, "keyfile")
    given = None
    if password is not None and not callable(password):
        given = _password(password)
    if call("context_load_chain", context, certificates, key, given):
        return
    if password is None:
        # OpenSSL would ask at the terminal.
        raise SSLError(errno.EINVAL, "the private key is encrypted and needs a password")
    call("context_load_chain", context, certificates, key, _password(password))
