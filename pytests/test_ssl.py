"""The module ssl: contexts, and both ends of connections in memory."""

from __future__ import annotations

import errno
import gc
import ssl
from pathlib import Path

import pytest
from _blockon_tls._calls import call
from tls_ends import AUTHORITY, Pair, client_context, pair, pem_certificates, server_context


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


def test_an_interpreter_has_so_many_contexts_at_most() -> None:
    made = []
    with pytest.raises(OSError, match="an interpreter has 4096 TLS contexts at most") as caught:
        while True:
            made.append(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    assert caught.value.errno == errno.EMFILE
    made.clear()
    client_context()


def test_contexts_that_nobody_can_reach_make_room() -> None:
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        for _ in range(5000):
            cycle: list[object] = [ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)]
            cycle.append(cycle)
    finally:
        if was_enabled:
            gc.enable()
        gc.collect()


def test_one_bio_for_both_directions() -> None:
    bio = ssl.MemoryBIO()
    confused = client_context().wrap_bio(bio, bio, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        confused.do_handshake()
    assert bio.pending > 0
    with pytest.raises(ssl.SSLError):  # a client that says hello to itself
        confused.do_handshake()


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
