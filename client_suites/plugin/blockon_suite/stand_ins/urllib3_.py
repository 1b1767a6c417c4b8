"""urllib3's suite: its package dummyserver, without what listens."""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from blockon_suite import outside
from blockon_suite.stand_ins import certificates, module

FILES = ("certfile", "keyfile", "ca_certs")


class ProxyApp:
    """The application that is a proxy; where it runs it is upstream's."""

    def __init__(self, upstream_ca_certs: str | None = None) -> None:
        self.upstream_ca_certs = upstream_ca_certs


@contextlib.contextmanager
def run_hypercorn_in_thread(host: str, certs: dict[str, Any] | None, app: object) -> Iterator[int]:
    texts = certs and {key: Path(value).read_text() if key in FILES else value for key, value in certs.items()}
    authority = getattr(app, "upstream_ca_certs", None)
    with outside.server(
        "dummyserver",
        host=host,
        certs=texts or None,
        proxy=isinstance(app, ProxyApp),
        upstream_ca=authority and Path(authority).read_text(),
    ) as known:
        yield known["port"]


def install() -> None:
    certificates.install()
    sys.path.insert(0, str(Path.cwd()))
    import dummyserver

    del dummyserver
    module("dummyserver.app", hypercorn_app=object(), pyodide_testing_app=object())
    module("dummyserver.asgi_proxy", ProxyApp=ProxyApp)
    module("dummyserver.hypercornserver", run_hypercorn_in_thread=run_hypercorn_in_thread)
    from dummyserver import socketserver

    # Found out by binding; the servers are on the same host for both.
    with (
        contextlib.suppress(OSError),
        outside.server("dummyserver", host="::1", certs=None, proxy=False, upstream_ca=None),
    ):
        socketserver.HAS_IPV6 = True
        socketserver.HAS_IPV6_AND_DNS = socket.has_ipv6 and _localhost_is_ipv6()


def _localhost_is_ipv6() -> bool:
    try:
        return any(found[0] == socket.AF_INET6 for found in socket.getaddrinfo("localhost", None))
    except OSError:
        return False


def fixtures() -> object:
    return object()


def mend_conftest(conftest: Any) -> None:
    pass
