"""What goes wrong, by row, and what each client raises then: class, causes and text are those of CPython."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import failures
import pytest
import urllib3
from adapters import Answer, Client

AUTHORITY = str(Path(__file__).parent.parent / "tls" / "authority.pem")
# Nobody listens there: the port is reserved.
REFUSED = "127.0.0.1:1"
SHORT = (20, 0.5)  # to connect, and to read


def check(row: str, client: Client, ask: Callable[[], Answer]) -> None:
    try:
        answer = ask()
        text = f"{answer.status} {answer.reason}: {answer.body.decode()}"
    except Exception as error:
        text = failures.described(error)
    if failures.RECORDS:
        failures.record(row, client.name, text)
    assert text == failures.expected(row, client.name)


HEADS = ["no-http", "bad-status", "bad-header", "bad-length", "long-header", "many-headers", "empty", "reset"]
BODIES = ["short", "short-chunked", "bad-chunk", "bad-gzip", "reset-in-body"]


@pytest.mark.parametrize("row", [*HEADS, *BODIES])
def test_malformed_responses(client: Client, raw: str, row: str) -> None:
    check(row, client, lambda: client("GET", f"{raw}/{row}"))


@pytest.mark.parametrize("row", ["silent", "stall"])
def test_read_timeouts(client: Client, raw: str, row: str) -> None:
    check(row, client, lambda: client("GET", f"{raw}/{row}", timeout=SHORT))


def test_a_handshake_without_an_answer(client: Client, raw: str) -> None:
    url = raw.replace("http:", "https:")
    check("handshake-timeout", client, lambda: client("GET", f"{url}/silent", timeout=0.5))


def test_connecting_without_an_answer(client: Client, server: str) -> None:
    full = urllib3.request("GET", f"{server}/full", timeout=60, retries=False).json()
    url = f"http://127.0.0.1:{full['port']}/"
    check("connect-timeout", client, lambda: client("GET", url, timeout=(0.3, 20)))


def test_no_connection(client: Client) -> None:
    check("refused", client, lambda: client("GET", f"http://{REFUSED}/"))
    check("refused-tls", client, lambda: client("GET", f"https://{REFUSED}/"))
    check("unknown-host", client, lambda: client("GET", "http://no-such-host.invalid/"))


def test_redirects_without_an_end(client: Client, server: str) -> None:
    check("too-many-redirects", client, lambda: client("GET", f"{server}/loop"))


def test_urls(client: Client, server: str) -> None:
    check("scheme", client, lambda: client("GET", "ftp://127.0.0.1/"))
    check("no-host", client, lambda: client("GET", "http://"))
    check("no-tls", client, lambda: client("GET", server.replace("http://127.0.0.1", "https://localhost")))


@pytest.mark.parametrize("certificate", ["self_signed", "expired", "other"])
def test_certificates(client: Client, other: Callable[..., str], certificate: str) -> None:
    url = other("secure", certificate=certificate)
    check(f"certificate-{certificate}", client, lambda: client("GET", url, verify=AUTHORITY))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert client("GET", f"{url}/client", verify=False).body == b"false"
    named = [each.category.__name__ for each in caught]
    assert named == (["InsecureRequestWarning"] if client.name in ("urllib3", "requests") else [])


def test_an_unknown_authority(client: Client, other: Callable[..., str]) -> None:
    url = other("secure", certificate="server")
    check("certificate-unknown", client, lambda: client("GET", url))
    assert client("GET", f"{url}/client", verify=AUTHORITY).body == b"false"


@pytest.mark.parametrize("kind", ["plain", "auth", "tls"])
@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_proxies_that_refuse(client: Client, other: Callable[..., str], kind: str) -> None:
    proxy = other("proxy", name=kind)
    answer = client("GET", f"http://{REFUSED}/", proxy=proxy, verify=AUTHORITY)
    assert (answer.status, answer.body) == ((407, b"who are you?") if kind == "auth" else (502, b"bad gateway"))
    url = f"https://{REFUSED}/"
    check(f"tunnel-{kind}", client, lambda: client("GET", url, proxy=proxy, verify=AUTHORITY))


def test_no_proxy_there(client: Client, server: str) -> None:
    for row, url in (("proxy-refused", server), ("proxy-refused-tls", "https://localhost/")):
        check(row, client, lambda url=url: client("GET", url, proxy=f"http://{REFUSED}", verify=AUTHORITY))


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_a_proxy_whose_certificate_is_unknown(client: Client, server: str, other: Callable[..., str]) -> None:
    check("proxy-certificate", client, lambda: client("GET", server, proxy=other("proxy", name="tls")))
