"""What clients let one say of TLS: authorities, certificates of their own, names and fingerprints."""

from __future__ import annotations

import hashlib
import shutil
import ssl
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
import requests
import urllib3
from adapters import TIMEOUT

FILES = Path(__file__).parent.parent / "tls"
AUTHORITY = str(FILES / "authority.pem")
CLIENT = str(FILES / "client.pem")


def certificate(name: str) -> bytes:
    text = (FILES / f"{name}.pem").read_text()
    return ssl.PEM_cert_to_DER_cert(text[text.index("-----BEGIN CERTIFICATE") :])


@pytest.fixture
def secure(other: Callable[..., str]) -> str:
    return other("secure", certificate="server")


@pytest.fixture
def elsewhere(other: Callable[..., str]) -> str:
    """Its certificate is that of other.example."""
    return other("secure", certificate="other")


def ask(url: str, **options: Any) -> str:
    """By urllib3: whether the server knows the client."""
    with urllib3.PoolManager(retries=False, timeout=TIMEOUT, **options) as pool:
        return pool.request("GET", f"{url}/client").data.decode()


def test_authorities_of_urllib3(secure: str, tmp_path: Path) -> None:
    assert ask(secure, ca_certs=AUTHORITY) == "false"
    assert ask(secure, ca_cert_data=Path(AUTHORITY).read_text()) == "false"
    assert ask(secure, ssl_context=ssl.create_default_context(cafile=AUTHORITY)) == "false"
    with pytest.raises(urllib3.exceptions.SSLError, match="certificate verify failed"):
        ask(secure)
    with pytest.raises(urllib3.exceptions.SSLError, match="No such file"):
        ask(secure, ca_certs=str(tmp_path / "nothing.pem"))


def test_certificates_of_the_client(secure: str, tmp_path: Path) -> None:
    assert ask(secure, ca_certs=AUTHORITY, cert_file=CLIENT) == "true"
    encrypted = {"cert_file": str(FILES / "encrypted.pem"), "key_password": "secret"}
    assert ask(secure, ca_certs=AUTHORITY, **encrypted) == "true"
    key = tmp_path / "key.pem"
    shutil.copy(CLIENT, key)
    got = requests.get(f"{secure}/client", verify=AUTHORITY, cert=(CLIENT, str(key)), timeout=TIMEOUT)
    assert got.text == "true"
    with pytest.raises(OSError, match="Could not find the TLS certificate file"):
        requests.get(secure, verify=AUTHORITY, cert=str(tmp_path / "nothing.pem"), timeout=TIMEOUT)
    context = ssl.create_default_context(cafile=AUTHORITY)
    context.load_cert_chain(CLIENT)
    assert httpx.get(f"{secure}/client", verify=context, timeout=TIMEOUT).text == "true"


def test_names(secure: str, elsewhere: str) -> None:
    assert ask(elsewhere, ca_certs=AUTHORITY, assert_hostname="other.example") == "false"
    assert ask(elsewhere, ca_certs=AUTHORITY, server_hostname="other.example") == "false"
    assert ask(elsewhere, ca_certs=AUTHORITY, assert_hostname=False) == "false"
    with pytest.raises(urllib3.exceptions.SSLError, match=r"hostname 'other\.example' doesn't match"):
        ask(secure, ca_certs=AUTHORITY, assert_hostname="other.example")
    with pytest.raises(urllib3.exceptions.SSLError, match="Hostname mismatch"):
        ask(elsewhere, ca_certs=AUTHORITY)
    context = ssl.create_default_context(cafile=AUTHORITY)
    with httpx.Client(verify=context, timeout=TIMEOUT) as client:
        got = client.get(f"{elsewhere}/client", extensions={"sni_hostname": "other.example"})
        assert got.text == "false"


@pytest.mark.parametrize("argument", ["cafile", "capath", "certfile", "keyfile"])
def test_paths_of_a_wrong_type(argument: str) -> None:
    context = ssl.create_default_context()
    with pytest.raises(TypeError, match=f"^{argument} should be a valid filesystem path$"):
        if argument.startswith("ca"):
            context.load_verify_locations(**{argument: True if argument == "cafile" else 0.5})
        else:
            context.load_cert_chain(**{"certfile": CLIENT, argument: 0.5})


@pytest.mark.parametrize("kind", ["md5", "sha1", "sha256"])
def test_fingerprints(secure: str, kind: str) -> None:
    right = hashlib.new(kind, certificate("server")).hexdigest()
    wrong = hashlib.new(kind, certificate("other")).hexdigest()
    assert ask(secure, cert_reqs="CERT_NONE", assert_fingerprint=right) == "false"
    assert (
        ask(
            secure,
            ca_certs=AUTHORITY,
            assert_fingerprint=":".join(right[at : at + 2] for at in range(0, len(right), 2)),
        )
        == "false"
    )
    with pytest.raises(urllib3.exceptions.SSLError, match="Fingerprints did not match"):
        ask(secure, cert_reqs="CERT_NONE", assert_fingerprint=wrong)


def test_whether_a_connection_is_verified(secure: str) -> None:
    for options, verified, warned in (
        ({"ca_certs": AUTHORITY}, True, []),
        ({"cert_reqs": "CERT_NONE"}, False, ["InsecureRequestWarning"]),
    ):
        with urllib3.PoolManager(**options) as pool, warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            response = pool.request("GET", f"{secure}/large", preload_content=False)
            assert response.connection.is_verified == verified
            assert [each.category.__name__ for each in caught] == warned
            response.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_versions(secure: str, version: ssl.TLSVersion) -> None:
    options = {"ssl_minimum_version": version, "ssl_maximum_version": version, "ca_certs": AUTHORITY}
    with urllib3.PoolManager(**options) as pool:
        response = pool.request("GET", f"{secure}/large", preload_content=False)
        assert response.connection.sock.version() == version.name.replace("_", ".")
        assert response.connection.sock.getpeercert(binary_form=True) == certificate("server")
        response.close()


def test_authorities_by_the_environment(secure: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", AUTHORITY)
    assert ask(secure) == "false"
    assert httpx.get(f"{secure}/client", timeout=TIMEOUT).text == "false"
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", AUTHORITY)
    assert requests.get(f"{secure}/client", timeout=TIMEOUT).text == "false"


async def test_aiohttp(secure: str, elsewhere: str) -> None:
    async def asked(url: str, **options: Any) -> str:
        async with aiohttp.ClientSession() as session, session.get(f"{url}/client", **options) as got:
            return await got.text()

    context = ssl.create_default_context(cafile=AUTHORITY)
    assert await asked(secure, ssl=context) == "false"
    assert await asked(elsewhere, ssl=context, server_hostname="other.example") == "false"
    right = aiohttp.Fingerprint(hashlib.sha256(certificate("server")).digest())
    assert await asked(secure, ssl=right) == "false"
    with pytest.raises(aiohttp.ServerFingerprintMismatch):
        await asked(elsewhere, ssl=right)
    context.load_cert_chain(CLIENT)
    assert await asked(secure, ssl=context) == "true"
