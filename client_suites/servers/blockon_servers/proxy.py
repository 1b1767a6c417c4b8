"""The proxy of urllib3's suite, as dummyserver.asgi_proxy is: that one tunnels with a changed hypercorn alone."""

from __future__ import annotations

import contextlib
import http.client
import select
import socket
import ssl
import threading
import time
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# Reserved: the suite expects that nobody answers there, and some networks have somebody who does.
TARPIT = "240.0.0.0"
TARPIT_SECONDS = 10
KEPT_HEADERS = ("Date", "Cache-Control", "Server", "Content-Type", "Location")


def _copy(one: socket.socket, other: socket.socket) -> None:
    """Until either side has no more to say. What TLS has decrypted already is not seen by select."""
    ends = {one: other, other: one}
    while True:
        pending = [end for end in ends if isinstance(end, ssl.SSLSocket) and end.pending()]
        for end in pending or select.select(list(ends), [], [])[0]:
            data = end.recv(65536)
            if not data:
                return
            ends[end].sendall(data)


def _stick_in(host: str | None) -> None:
    if host == TARPIT:
        time.sleep(TARPIT_SECONDS)
        raise TimeoutError(host)


def _handler(upstream_context: ssl.SSLContext | None) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_CONNECT(self) -> None:
            host, _, port = self.path.rpartition(":")
            try:
                _stick_in(host)
                target = socket.create_connection((host.strip("[]"), int(port)), 10)
            except OSError:
                self.send_error(500)
                return
            with target:
                target.settimeout(None)
                self.send_response(200)
                self.end_headers()
                with contextlib.suppress(OSError):
                    _copy(self.connection, target)
            self.close_connection = True

        def do_GET(self) -> None:
            parts = urllib.parse.urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            connection = (
                http.client.HTTPSConnection(parts.netloc, context=upstream_context, timeout=10)
                if parts.scheme == "https"
                else http.client.HTTPConnection(parts.netloc, timeout=10)
            )
            target = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
            headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
            try:
                _stick_in(parts.hostname)
                with contextlib.closing(connection):
                    connection.request(self.command, target, body, headers)
                    response = connection.getresponse()
                    content = response.read()
            except OSError:
                self.send_error(500)
                return
            self.send_response_only(response.status)
            for name in KEPT_HEADERS:
                if (value := response.headers.get(name)) is not None:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815 - looked up by this name

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
            pass

    return Handler


class _Server(ThreadingHTTPServer):
    context: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In the connection's own thread: a handshake that is never made holds up nobody else."""
        if self.context is None:
            super().finish_request(request, client_address)
            return
        with contextlib.suppress(OSError), self.context.wrap_socket(request, server_side=True) as secure:
            super().finish_request(secure, client_address)


@contextlib.contextmanager
def serve(host: str, certs: dict[str, str | int] | None, upstream_ca: str | None) -> Iterator[int]:
    """`certs` with the files' names."""
    server_class = type("Server", (_Server,), {"address_family": socket.AF_INET6}) if ":" in host else _Server
    upstream_context = None if upstream_ca is None else ssl.create_default_context(cadata=upstream_ca)
    with server_class((host, 0), _handler(upstream_context)) as server:
        if certs:
            server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            server.context.load_cert_chain(certs["certfile"], certs["keyfile"])
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
