"""The module ssl: certificates, who vouches for them, and keys."""

from __future__ import annotations

import ssl
import time

import pytest
from tls_ends import AUTHORITY, FILES, Pair, client_context, failure, pair, server_context


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


def test_a_client_shows_its_certificate() -> None:
    client, server = client_context(), server_context()
    client.load_cert_chain(FILES / "client.pem")
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_verify_locations(AUTHORITY)
    ends = Pair(client, server).handshake()
    ends.client.write(b"x")
    assert ends.server.read() == b"x"
    assert ends.server.getpeercert()["subjectAltName"] == (("email", "client@example.org"),)


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
