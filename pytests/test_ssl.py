"""The module ssl: contexts, and both ends of connections in memory."""

from __future__ import annotations

import gc
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from _blockon_tls._calls import call
from _blockon_tls._connection import SocketConnection

FILES = Path(__file__).parent / "tls"
AUTHORITY = FILES / "authority.pem"


def server_context(name: str = "server") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(FILES / f"{name}.pem")
    return context


def client_context() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=AUTHORITY)


class Pair:
    """A client and a server, between which `carry` moves the bytes."""

    def __init__(self, client: ssl.SSLContext, server: ssl.SSLContext, host: str = "localhost", **options: Any) -> None:
        to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = client.wrap_bio(to_client, to_server, server_hostname=host, **options)
        self.server = server.wrap_bio(to_server, to_client, server_side=True)

    def both(self, client: Callable[[], Any], server: Callable[[], Any]) -> tuple[Any, Any]:
        """Call each until it does not want to read any more."""
        results: list[Any] = [None, None]
        left = {0: client, 1: server}
        for _ in range(20):
            for end, action in list(left.items()):
                try:
                    results[end] = action()
                except ssl.SSLWantReadError:
                    continue
                del left[end]
            if not left:
                return results[0], results[1]
        raise AssertionError("no end")

    def handshake(self) -> Pair:
        self.both(self.client.do_handshake, self.server.do_handshake)
        return self


def pair(**options: Any) -> Pair:
    return Pair(client_context(), server_context(), **options).handshake()


def failure(host: str = "localhost", certificate: str = "server", client: ssl.SSLContext | None = None) -> ssl.SSLError:
    with pytest.raises(ssl.SSLError) as caught:
        Pair(client or client_context(), server_context(certificate), host).handshake()
    return caught.value


def test_data_goes_both_ways() -> None:
    ends = pair()
    assert ends.client.write(b"question") == 8
    assert ends.server.read() == b"question"
    data = bytes(range(256)) * 400
    assert ends.server.write(data) == len(data)
    buffer = bytearray(len(data))
    assert ends.client.read(10) == data[:10]
    assert ends.client.pending() == 16384 - 10
    assert ends.client.read(len(data), buffer) == len(data) - 10
    assert buffer[:-10] == data[10:]
    with pytest.raises(ssl.SSLWantReadError):
        ends.client.read()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_what_a_connection_tells(version: ssl.TLSVersion) -> None:
    client, server = client_context(), server_context()
    client.minimum_version = client.maximum_version = version
    client.set_alpn_protocols(["h2", "http/1.1"])
    server.set_alpn_protocols(["http/1.1"])
    ends = Pair(client, server)
    assert ends.client.version() is None
    with pytest.raises(ValueError, match="handshake not done yet"):
        ends.client.getpeercert()
    ends.handshake()
    assert ends.client.version() == version.name.replace("_", ".")
    assert ends.client.cipher() == ends.server.cipher()
    assert ends.client.selected_alpn_protocol() == ends.server.selected_alpn_protocol() == "http/1.1"
    assert ends.client.get_channel_binding() == ends.server.get_channel_binding()
    assert ends.server.getpeercert() is None
    chain = [ssl.PEM_cert_to_DER_cert(text) for text in pem_certificates("server") + pem_certificates("authority")]
    assert ends.client.getpeercert(binary_form=True) == chain[0]
    assert ends.client.get_verified_chain() == chain
    assert ends.client.get_unverified_chain() == chain[:1]


def pem_certificates(name: str) -> list[str]:
    parts = (FILES / f"{name}.pem").read_text().split(ssl.PEM_HEADER)[1:]
    return [ssl.PEM_HEADER + part.partition(ssl.PEM_FOOTER)[0] + ssl.PEM_FOOTER for part in parts]


def test_a_certificate_as_a_dict() -> None:
    found = pair().client.getpeercert()
    assert found["subject"] == ((("organizationName", "blockon"),), (("commonName", "localhost"),))
    assert found["subjectAltName"] == (
        ("DNS", "localhost"),
        ("DNS", "*.test.example"),
        ("IP Address", "127.0.0.1"),
        ("IP Address", "0:0:0:0:0:0:0:1"),
    )
    assert (found["version"], found["serialNumber"]) == (3, "1001")
    assert ssl.cert_time_to_seconds(found["notAfter"]) > time.time()


@pytest.mark.parametrize("host", ["localhost", "any.test.example", "127.0.0.1", "::1"])
def test_names_that_fit(host: str) -> None:
    assert pair(host=host).client.server_hostname == host


UNVERIFIED = [
    ("localhost", "self_signed", 18, "self-signed certificate"),
    ("localhost", "expired", 10, "certificate has expired"),
    ("localhost", "other", 62, "Hostname mismatch, certificate is not valid for 'localhost'."),
    ("10.0.0.1", "server", 64, "IP address mismatch, certificate is not valid for '10.0.0.1'."),
]


@pytest.mark.parametrize(("host", "certificate", "code", "message"), UNVERIFIED)
def test_what_is_not_verified_is_refused(host: str, certificate: str, code: int, message: str) -> None:
    error = failure(host, certificate)
    assert isinstance(error, ssl.SSLCertVerificationError)
    assert isinstance(error, ValueError)
    assert (error.library, error.reason) == ("SSL", "CERTIFICATE_VERIFY_FAILED")
    assert (error.verify_code, error.verify_message) == (code, message)
    text = f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {message} (_ssl.c:1032)"
    assert str(error) == text
    assert error.args == (1, text)


def test_an_unknown_authority_is_refused() -> None:
    error = failure(client=ssl.create_default_context())
    assert getattr(error, "verify_message", "") == "unable to get local issuer certificate"


def test_the_peer_is_told() -> None:
    ends = Pair(ssl.create_default_context(), server_context())
    with pytest.raises(ssl.SSLCertVerificationError):
        ends.handshake()
    with pytest.raises(ssl.SSLError) as caught:
        ends.server.do_handshake()
    assert caught.value.reason == "TLSV1_ALERT_UNKNOWN_CA"


def test_unverified_contexts_accept_all() -> None:
    ends = Pair(ssl._create_unverified_context(), server_context("expired")).handshake()
    assert ends.client.getpeercert() == {}


def test_garbage_is_an_error_each_time() -> None:
    ends = Pair(client_context(), server_context())
    with pytest.raises(ssl.SSLWantReadError):
        ends.client.do_handshake()
    ends.client._sslobj._incoming.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    for _ in range(2):
        with pytest.raises(ssl.SSLError) as caught:
            ends.client.do_handshake()
        assert caught.value.library == "SSL"
    assert pair().client.version() == "TLSv1.3"


def test_an_end_within_a_handshake() -> None:
    ends = Pair(client_context(), server_context())
    with pytest.raises(ssl.SSLWantReadError):
        ends.client.do_handshake()
    ends.client._sslobj._incoming.write_eof()
    with pytest.raises(ssl.SSLEOFError) as caught:
        ends.client.do_handshake()
    assert str(caught.value).startswith("[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred in violation of protocol")


def test_an_end_without_a_goodbye() -> None:
    ends = pair()
    ends.client.write(b"last")
    ends.server._sslobj._incoming.write_eof()
    assert ends.server.read() == b"last"
    with pytest.raises(ssl.SSLEOFError):
        ends.server.read()


def test_closing() -> None:
    ends = pair()
    ends.client.write(b"last")
    with pytest.raises(ssl.SSLWantReadError):
        ends.client.unwrap()
    assert ends.server.read() == b"last"
    assert ends.server.read() == b""
    ends.server.unwrap()
    ends.client.unwrap()


def test_a_client_shows_its_certificate() -> None:
    client, server = client_context(), server_context()
    client.load_cert_chain(FILES / "client.pem")
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_verify_locations(AUTHORITY)
    ends = Pair(client, server).handshake()
    ends.client.write(b"x")
    assert ends.server.read() == b"x"
    assert ends.server.getpeercert()["subjectAltName"] == (("email", "client@example.org"),)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_sessions_are_resumed(version: ssl.TLSVersion) -> None:
    client, server = client_context(), server_context()
    client.maximum_version = version
    first = Pair(client, server).handshake()
    first.server.write(b"x")
    assert first.client.read() == b"x"
    session = first.client.session
    assert session.has_ticket
    assert session.timeout > 0
    second = Pair(client, server, session=session).handshake()
    assert second.client.session_reused
    assert second.server.session_reused
    with pytest.raises(ValueError, match="different SSLContext"):
        Pair(client_context(), server, session=session)


def test_a_server_chooses_by_name() -> None:
    asked = []
    other = server_context("other")

    def choose(connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> int | None:
        asked.append((name, context is server))
        if name == "other.example":
            connection.context = other
            return None
        return None if name == "localhost" else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME

    server = server_context()
    server.sni_callback = choose
    assert Pair(client_context(), server, "localhost").handshake().client.version()
    assert Pair(client_context(), server, "other.example").handshake().client.version()
    with pytest.raises(ssl.SSLError):
        Pair(client_context(), server, "no.example").handshake()
    assert asked == [("localhost", True), ("other.example", True), ("no.example", True)]


def test_keys_and_passwords() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    encrypted = FILES / "encrypted.pem"
    for password in ("secret", b"secret", bytearray(b"secret"), lambda: "secret"):
        context.load_cert_chain(encrypted, password=password)
    for password in ("wrong", None):
        with pytest.raises(ssl.SSLError):
            context.load_cert_chain(encrypted, password=password)
    with pytest.raises(ZeroDivisionError):
        context.load_cert_chain(encrypted, password=lambda: 1 / 0)
    with pytest.raises(ValueError, match="longer than 1024"):
        context.load_cert_chain(encrypted, password="x" * 2000)
    with pytest.raises(FileNotFoundError):
        context.load_cert_chain("missing.pem")
    with pytest.raises(ssl.SSLError) as caught:
        context.load_cert_chain(FILES / "server.pem", FILES / "client.pem")
    assert (caught.value.library, caught.value.reason) == ("X509", "KEY_VALUES_MISMATCH")
    with pytest.raises(ssl.SSLError, match=r"\[SSL\] PEM lib"):
        context.load_cert_chain(__file__)


def test_authorities() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    assert context.cert_store_stats() == {"x509": 0, "crl": 0, "x509_ca": 0}
    text = AUTHORITY.read_text()
    context.load_verify_locations(cadata=text)
    context.load_verify_locations(cadata=ssl.PEM_cert_to_DER_cert(text))
    context.load_verify_locations(cafile=AUTHORITY)
    assert context.cert_store_stats() == {"x509": 1, "crl": 0, "x509_ca": 1}
    assert context.get_ca_certs(binary_form=True) == [ssl.PEM_cert_to_DER_cert(text)]
    for nothing in ("", "no certificate", b"\x00"):
        with pytest.raises((ssl.SSLError, TypeError)):
            context.load_verify_locations(cadata=nothing)
    assert ssl.create_default_context().cert_store_stats()["x509_ca"] > 100


def test_the_environment_names_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(AUTHORITY))
    assert ssl.create_default_context().cert_store_stats()["x509"] == 1
    assert ssl.get_default_verify_paths().cafile == str(AUTHORITY)


def test_settings() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    assert context.protocol is ssl.PROTOCOL_TLS_CLIENT
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.maximum_version is ssl.TLSVersion.MAXIMUM_SUPPORTED
    with pytest.raises(ValueError, match="check_hostname is enabled"):
        context.verify_mode = ssl.CERT_NONE
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.options |= ssl.OP_NO_TICKET
    assert context.options & ssl.OP_NO_TICKET
    context.options &= ~ssl.OP_NO_TICKET
    assert not context.options & ssl.OP_NO_TICKET
    context.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")
    assert "ECDHE-RSA-AES128-GCM-SHA256" in [cipher["name"] for cipher in context.get_ciphers()]
    with pytest.raises(ssl.SSLError, match="No cipher can be selected"):
        context.set_ciphers("none such")
    with pytest.raises(ValueError, match="unknown elliptic curve"):
        context.set_ecdh_curve("none such")
    context.set_ecdh_curve("prime256v1")
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    assert context.verify_flags & ssl.VERIFY_X509_STRICT
    assert context.session_stats()["number"] == 0
    assert context.security_level == 2
    with pytest.raises(ValueError):
        ssl.SSLContext(99)


def test_secrets_are_logged(tmp_path: Path) -> None:
    client = client_context()
    client.keylog_filename = tmp_path / "keys"
    Pair(client, server_context()).handshake()
    lines = (tmp_path / "keys").read_text().splitlines()
    assert lines[0].startswith("#")
    assert any(line.startswith("CLIENT_TRAFFIC_SECRET_0 ") for line in lines)


def test_nothing_is_left_behind() -> None:
    gc.collect()  # what tests before have left in circles
    before = call("stats")
    ends = pair()
    assert ends.client.session is not None
    del ends
    assert call("stats") == before


def test_stale_numbers_are_errors() -> None:
    for number in (0, -1, 2**31 - 1):
        with pytest.raises(RuntimeError, match="gone"):
            call("connection_cipher", number)
        with pytest.raises(RuntimeError, match="gone"):
            call("context_options", number)


class FakeSocket:
    """One end of a stream in memory: what a SocketConnection needs of a socket."""

    def __init__(self) -> None:
        self.incoming = bytearray()
        self.peer = self
        self.timeout: float | None = 0
        self.room = 1 << 30

    def recv(self, size: int) -> bytes:
        if not self.incoming:
            raise BlockingIOError
        data = bytes(self.incoming[:size])
        del self.incoming[:size]
        return data

    def send(self, data: Any) -> int:
        if self.room == 0:
            raise BlockingIOError
        count = min(len(data), self.room)
        self.room -= count
        self.peer.incoming += data[:count]
        return count

    def gettimeout(self) -> float | None:
        return self.timeout


class Owner:
    pass


def test_a_socket_without_room_is_written_to_again() -> None:
    client_end, server_end = FakeSocket(), FakeSocket()
    client_end.peer, server_end.peer = server_end, client_end
    owner = Owner()
    common = {"server_hostname": None, "owner": owner, "session": None}
    unverified = ssl._create_unverified_context()
    client = SocketConnection(client_end, context=unverified, server_side=False, **common)
    server = SocketConnection(server_end, context=server_context(), server_side=True, **common)
    for _ in range(5):
        for end in (client, server):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    client_end.room = 100
    data = bytes(10000)
    with pytest.raises(ssl.SSLWantWriteError):
        client.write(data)
    with pytest.raises(ssl.SSLWantReadError):
        server.read(10)
    client_end.room = 1 << 30
    assert client.write(data) == len(data)
    assert server.read(20000) == data
    with pytest.raises(ssl.SSLWantReadError):
        server.read(1)


def test_sockets_are_wrapped_before_they_connect() -> None:
    with client_context().wrap_socket(socket.socket(), server_hostname="localhost") as wrapped:
        assert wrapped.version() is None
        assert wrapped.pending() == 0
        with pytest.raises(OSError):
            wrapped.do_handshake()


def test_conversions() -> None:
    text = AUTHORITY.read_text()
    assert ssl.DER_cert_to_PEM_cert(ssl.PEM_cert_to_DER_cert(text)) == text
    assert ssl.Purpose.SERVER_AUTH.shortname == "serverAuth"
    assert ssl.cert_time_to_seconds("Jan  5 09:34:43 2018 GMT") == 1515144883
    with pytest.raises(ValueError):
        ssl.cert_time_to_seconds("Jan  5 09:34:43 2018")
    assert len(ssl.RAND_bytes(16)) == 16
    assert ssl.OPENSSL_VERSION.startswith("OpenSSL 3.")
    assert not ssl.HAS_PSK
