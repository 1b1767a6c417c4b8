"""Where certificates are looked for that are trusted by default."""

from __future__ import annotations

import os

__all__ = ["FILE", "FILE_VARIABLE", "FOLDER", "FOLDER_VARIABLE", "default_paths"]

FILE_VARIABLE = "SSL_CERT_FILE"
FOLDER_VARIABLE = "SSL_CERT_DIR"
FILE = "/etc/ssl/cert.pem"
FOLDER = "/etc/ssl/certs"


def default_paths() -> tuple[str | None, str | None]:
    """The file and the folder that the environment names, or where those of a system are, if there are any."""
    if FILE_VARIABLE in os.environ or FOLDER_VARIABLE in os.environ:
        return os.environ.get(FILE_VARIABLE), os.environ.get(FOLDER_VARIABLE)
    return FILE if os.path.isfile(FILE) else None, FOLDER if os.path.isdir(FOLDER) else None  # noqa: PTH112, PTH113
