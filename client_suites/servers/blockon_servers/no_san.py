"""What requests' fixture nosan_server is: https with a certificate that has a common name and no other."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Iterator
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import trustme


@contextlib.contextmanager
def serve(folder: Path) -> Iterator[dict[str, Any]]:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(common_name="localhost").configure_cert(context)
    with HTTPServer(("localhost", 0), SimpleHTTPRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield {"port": server.server_address[1], "authority": authority.cert_pem.bytes().decode()}
        finally:
            server.shutdown()
            thread.join()
