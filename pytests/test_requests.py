"""requests, unmodified, on urllib3 over sockets."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import requests
import urllib3
from pyodide.ffi import run_sync

TLS = Path(__file__).parent / "tls"
AUTHORITY = str(TLS / "authority.pem")


def test_get(server: str) -> None:
    response = requests.get(f"{server}/echo", params={"a": "1"}, headers={"X-Mine": "yes"}, timeout=10)
    response.raise_for_status()
    assert response.json()["query"] == "?a=1"
    assert response.headers["content-type"] == "application/json"
    assert response.encoding == "utf-8"
    assert response.url == f"{server}/echo?a=1"


def test_post_json_and_form(server: str) -> None:
    assert requests.post(f"{server}/echo", json={"a": 1}, timeout=10).json()["body"] == '{"a": 1}'
    assert requests.post(f"{server}/echo", data={"a": "1 2"}, timeout=10).json()["body"] == "a=1+2"


def test_cookies_of_a_session(server: str) -> None:
    with requests.Session() as session:
        session.get(f"{server}/cookies", timeout=10)
        assert session.cookies.get_dict() == {"a": "1", "b": "2"}
        assert session.get(f"{server}/cookies", timeout=10).text == "a=1; b=2"


def test_redirect_history(server: str) -> None:
    response = requests.get(f"{server}/redirect", timeout=10)
    assert [step.status_code for step in response.history] == [302]
    assert response.url == f"{server}/echo?redirected"


def test_errors(server: str) -> None:
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.get(f"{server}/slow-head?ms=5000", timeout=(5, 0.2))
    with pytest.raises(requests.exceptions.ConnectionError, match="Connection refused"):
        requests.get("http://127.0.0.1:40001/", timeout=10)
    with pytest.raises(requests.exceptions.ConnectionError, match="Connection aborted"):
        requests.get(f"{server}/reset", timeout=10)
    with pytest.raises(requests.exceptions.HTTPError, match="404"):
        requests.get(f"{server}/nowhere", timeout=10).raise_for_status()
    with pytest.raises(requests.exceptions.InvalidURL):
        requests.get("http://", timeout=10)


def test_many_at_once(server: str) -> None:
    """Each of them blocks its own task: together they take the time of one."""
    active = [0, 0]

    async def get(number: int) -> str:
        active[0] += 1
        active[1] = max(active)
        text = requests.get(f"{server}/slow-head?ms=500&n={number}", timeout=10).text
        active[0] -= 1
        return text

    async def many() -> list[str]:
        return await asyncio.gather(*(get(number) for number in range(20)))

    assert run_sync(many()) == ["late"] * 20
    assert active[1] == 20


def secure(server: str, certificate: str) -> str:
    return requests.get(f"{server}/secure-url?certificate={certificate}", timeout=5).text


def test_a_certificate_of_an_authority_that_is_given(server: str) -> None:
    url = secure(server, "server")
    assert requests.get(f"{url}/client", timeout=5, verify=AUTHORITY).text == "false"
    client = str(TLS / "client.pem")
    assert requests.get(f"{url}/client", timeout=5, verify=AUTHORITY, cert=client).text == "true"


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        ("self_signed", "self-signed certificate"),
        ("expired", "certificate has expired"),
        ("other", "Hostname mismatch, certificate is not valid for 'localhost'"),
    ],
)
def test_certificates_are_verified(server: str, certificate: str, reason: str) -> None:
    with pytest.raises(requests.exceptions.SSLError, match=reason):
        requests.get(secure(server, certificate), timeout=5, verify=AUTHORITY)


def test_an_unknown_authority(server: str) -> None:
    with pytest.raises(requests.exceptions.SSLError, match="certificate verify failed"):
        requests.get(secure(server, "server"), timeout=5)


def test_no_verification_warns(server: str) -> None:
    url = secure(server, "self_signed")
    with pytest.warns(urllib3.exceptions.InsecureRequestWarning):
        assert requests.get(f"{url}/client", timeout=5, verify=False).text == "false"
