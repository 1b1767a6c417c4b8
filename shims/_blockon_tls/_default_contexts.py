"""The contexts that programs and libraries take."""

from __future__ import annotations

import os
from typing import Any

from ._calls import CONSTANTS
from ._context import CERT_NONE, CERT_REQUIRED, SSLContext
from ._enums import NUMBERS
from ._object_id import Purpose

__all__ = ["_create_unverified_context", "create_default_context"]

_CLIENT, _SERVER = NUMBERS["PROTOCOL_TLS_CLIENT"], NUMBERS["PROTOCOL_TLS_SERVER"]
_STRICT = CONSTANTS["VERIFY_X509_PARTIAL_CHAIN"] | CONSTANTS["VERIFY_X509_STRICT"]


def _keep_secrets(context: SSLContext) -> None:
    path = os.environ.get("SSLKEYLOGFILE")
    if path:
        context.keylog_filename = path


def _finish(context: SSLContext, purpose: Any, cafile: Any, capath: Any, cadata: Any) -> SSLContext:
    """Have the context trust what is given, or else what is trusted by default, if it verifies anything."""
    if cafile or capath or cadata:
        context.load_verify_locations(cafile, capath, cadata)
    elif context.verify_mode != CERT_NONE:
        context.load_default_certs(purpose)
    _keep_secrets(context)
    return context


def create_default_context(
    purpose: Any = Purpose.SERVER_AUTH, *, cafile: Any = None, capath: Any = None, cadata: Any = None
) -> SSLContext:
    """Return a context with the settings that are safe today: verified certificates for clients."""
    if not isinstance(purpose, Purpose):
        raise TypeError(purpose)
    context = SSLContext(_CLIENT if purpose is Purpose.SERVER_AUTH else _SERVER)
    context.verify_flags |= _STRICT
    return _finish(context, purpose, cafile, capath, cadata)


def _create_unverified_context(
    protocol: int | None = None,
    *,
    cert_reqs: int = CERT_NONE,
    check_hostname: bool = False,
    purpose: Any = Purpose.SERVER_AUTH,
    certfile: Any = None,
    keyfile: Any = None,
    cafile: Any = None,
    capath: Any = None,
    cadata: Any = None,
) -> SSLContext:
    """Return a context that verifies nothing unless it is told to."""
    if not isinstance(purpose, Purpose):
        raise TypeError(purpose)
    if protocol is None:
        protocol = _CLIENT if purpose is Purpose.SERVER_AUTH else _SERVER
    context = SSLContext(protocol)
    context.check_hostname = check_hostname
    if cert_reqs is not None:
        context.verify_mode = CERT_REQUIRED if check_hostname and cert_reqs == CERT_NONE else cert_reqs
    if keyfile and not certfile:
        raise ValueError("certfile must be specified")
    if certfile or keyfile:
        context.load_cert_chain(certfile, keyfile)
    return _finish(context, purpose, cafile, capath, cadata)
