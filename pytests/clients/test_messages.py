"""What each client sends, and what it makes of a response that is good."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from adapters import Answer, Client

SYNCHRONOUS = ("urllib3", "requests")  # over http.client
# The methods with which they say that there is no body.
TELL_OF_NO_BODY = {
    "urllib3": {"POST", "PUT", "PATCH", "PROPFIND"},
    "requests": {"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"},
    "httpx": {"POST", "PUT", "PATCH"},
    "httpx-async": {"POST", "PUT", "PATCH"},
    "aiohttp": {"POST", "PUT", "PATCH", "DELETE", "PROPFIND"},
}


def echoed(answer: Answer) -> dict[str, Any]:
    """The request as the server had it: method, query, headers as pairs, body."""
    found = json.loads(answer.body)
    found["headers"] = list(zip(found["headers"][::2], found["headers"][1::2], strict=True))
    return found


def values(headers: list[tuple[str, str]], name: str) -> list[str]:
    return [value for key, value in headers if key.lower() == name.lower()]


def framing(headers: list[tuple[str, str]]) -> str:
    """How the body's end is told."""
    return " ".join(values(headers, "content-length") + values(headers, "transfer-encoding"))


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
def test_methods(client: Client, server: str, method: str) -> None:
    answer = client(method, f"{server}/echo")
    assert (answer.status, answer.reason) == (200, "OK")
    assert answer.all("content-type") == ["application/json"]
    if method == "HEAD":
        assert answer.body == b""
        return
    request = echoed(answer)
    assert (request["method"], request["body"]) == (method, "")
    assert framing(request["headers"]) == ("0" if method in TELL_OF_NO_BODY[client.name] else "")


@pytest.mark.parametrize(("code", "reason"), [(204, "No Content"), (304, "Not Modified")])
def test_statuses_without_a_body(client: Client, server: str, code: int, reason: str) -> None:
    answer = client("GET", f"{server}/status?code={code}")
    assert (answer.status, answer.reason, answer.body) == (code, reason, b"")
    assert answer.all("content-length") == []


@pytest.mark.parametrize("code", [200, 201, 400, 404, 500, 599])
def test_statuses(client: Client, server: str, code: int) -> None:
    answer = client("GET", f"{server}/status?code={code}")
    assert (answer.status, answer.body) == (code, b"status body")


def parts() -> Iterator[bytes]:
    yield b"pay"
    yield b"load"


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize(("body", "told"), [(lambda: b"payload", "7"), (parts, "chunked")], ids=["bytes", "generator"])
def test_bodies(client: Client, server: str, method: str, body: Callable[[], Any], told: str) -> None:
    request = echoed(client(method, f"{server}/echo", body=body()))
    assert (request["method"], request["body"], framing(request["headers"])) == (method, "payload", told)


def test_a_file_as_the_body(client: Client, server: str, tmp_path: Path) -> None:
    file = tmp_path / "body"
    file.write_bytes(bytes(range(256)) * 1024)
    with file.open("rb") as opened:
        request = echoed(client("PUT", f"{server}/echo", body=opened))
    assert request["body"].encode("latin-1") == file.read_bytes()
    assert framing(request["headers"]) == ("chunked" if client.name in ("urllib3", "httpx-async") else "262144")


def test_a_body_in_the_form_that_is_asked_for(client: Client, server: str) -> None:
    chunked = {"Transfer-Encoding": "chunked"}
    if client.name == "aiohttp":
        with pytest.raises(ValueError, match="chunked can not be set"):
            client("POST", f"{server}/echo", headers=chunked, body=parts())
    else:
        request = echoed(client("POST", f"{server}/echo", headers=chunked, body=parts()))
        assert (request["body"], framing(request["headers"])) == ("payload", "chunked")
    request = echoed(client("POST", f"{server}/echo", headers={"Content-Length": "7"}, body=b"payload"))
    assert (request["body"], framing(request["headers"])) == ("payload", "7")


def test_expect(client: Client, server: str) -> None:
    request = echoed(client("POST", f"{server}/echo", headers={"Expect": "100-continue"}, body=b"payload"))
    assert (request["body"], values(request["headers"], "expect")) == ("payload", ["100-continue"])


# The application's own, in this order; the clients put theirs in front of them, between them or behind them.
GIVEN = {"X-CamelCase": "1", "User-Agent": "mine", "x-lower": "2", "Accept-Encoding": "identity", "X-Empty": ""}
FIELDS = {
    "urllib3": "Host BODY X-CamelCase User-Agent x-lower Accept-Encoding X-Empty",
    "requests": "Host User-Agent Accept-Encoding Accept Connection X-CamelCase x-lower X-Empty BODY",
    "httpx": "Host Accept Connection X-CamelCase User-Agent x-lower Accept-Encoding X-Empty BODY",
    "httpx-async": "Host Accept Connection X-CamelCase User-Agent x-lower Accept-Encoding X-Empty BODY",
    "aiohttp": "Host X-CamelCase User-Agent x-lower Accept-Encoding X-Empty Accept BODY",
}
BODIES = {
    "no body": ("GET", lambda: None, "", ""),
    "bytes": ("POST", lambda: b"payload", "Content-Length: 7\r\n", "payload"),
    "generator": ("POST", parts, "Transfer-Encoding: chunked\r\n", "3\r\npay\r\n4\r\nload\r\n0\r\n\r\n"),
}
BINARY = "Content-Type: application/octet-stream\r\n"


@pytest.mark.parametrize("kind", BODIES)
def test_every_byte(client: Client, raw: str, kind: str) -> None:
    method, body, told, sent = BODIES[kind]
    if client.name == "aiohttp" and sent:
        told = f"{told}{BINARY}" if kind == "bytes" else f"{BINARY}{told}"
    known = {**GIVEN, "Host": raw.removeprefix("http://"), "Accept": "*/*", "Connection": "keep-alive"}
    fields = [told if name == "BODY" else f"{name}: {known[name]}\r\n" for name in FIELDS[client.name].split()]
    got = client(method, f"{raw}/as-it-came", headers=GIVEN, body=body()).body.decode()
    assert got == f"{method} /as-it-came HTTP/1.1\r\n{''.join(fields)}\r\n{sent}"


# Where a Host of the application's own is that is given last.
OWN_HOST = {"urllib3": -1, "requests": -1, "httpx": 0, "httpx-async": 0, "aiohttp": 0}


def test_a_host_of_the_applications(client: Client, raw: str) -> None:
    headers = {**GIVEN, "Host": "other.example:81"}
    head = client("GET", f"{raw}/as-it-came", headers=headers).body.decode().splitlines()[1:-1]
    assert [line for line in head if line.lower().startswith("host:")] == ["Host: other.example:81"]
    given = [line for line in head if line.partition(":")[0] in headers]
    assert given.index("Host: other.example:81") == OWN_HOST[client.name] % len(headers)


REFUSES_FOLDS = {"requests": "InvalidHeader", "httpx": "LocalProtocolError", "aiohttp": "ValueError"}


def test_a_value_of_several_lines(client: Client, raw: str) -> None:
    """Those over http.client send it as it is, but for requests, which looks itself."""
    headers = {"X-Folded": "a\r\n b\r\n\tc"}
    refused = REFUSES_FOLDS.get(client.name.removesuffix("-async"))
    if refused is None:
        assert b"X-Folded: a\r\n b\r\n\tc\r\n" in client("GET", f"{raw}/as-it-came", headers=headers).body
    else:
        with pytest.raises(Exception) as caught:
            client("GET", f"{raw}/as-it-came", headers=headers)
        assert type(caught.value).__name__ == refused


@pytest.mark.parametrize("value", ["a\r\nInjected: b", "a\nInjected: b", "a\rInjected: b", "a\r\n\r\nb"])
def test_a_value_with_another_header_in_it(client: Client, raw: str, value: str) -> None:
    with pytest.raises(Exception) as caught:
        client("GET", f"{raw}/as-it-came", headers={"X-Mine": value})
    assert type(caught.value).__name__ == REFUSES_FOLDS.get(client.name.removesuffix("-async"), "ValueError")


def test_headers_that_come_twice(client: Client, server: str) -> None:
    assert client("GET", f"{server}/cookies").all("set-cookie") == ["a=1; Path=/", "b=2; Path=/"]


def test_response_headers_as_they_came(client: Client, raw: str) -> None:
    headers = [(name, value) for name, value in client("GET", f"{raw}/headers").headers if name.startswith(("X", "x"))]
    if client.name in SYNCHRONOUS:
        assert headers == [("X-Case", "a"), ("X-Case", "b"), ("X-Empty", ""), ("X-Latin", "é")]
    else:
        assert headers == [("X-Case", "a"), ("x-case", "b"), ("X-Empty", ""), ("X-Latin", "é")]


ODD = {
    "reason": (200, "Quite All Right", "1.1", b"body"),
    "no-reason": (200, "", "1.1", b"body"),
    "version-1.0": (200, "OK", "1.0", b"until the end"),
    "continue": (200, "OK", "1.1", b"body"),
    "trailers": (200, "OK", "1.1", b"hello world"),
    "many-chunks": (200, "OK", "1.1", b"x" * 100),
}


@pytest.mark.parametrize("path", ODD)
def test_responses_that_are_odd(client: Client, raw: str, path: str) -> None:
    answer = client("GET", f"{raw}/{path}")
    assert (answer.status, answer.reason, answer.version, answer.body) == ODD[path]


def test_early_hints(client: Client, raw: str) -> None:
    """http.client takes them for the response."""
    answer = client("GET", f"{raw}/early-hints")
    hints = (103, "Early Hints", b"")
    assert (answer.status, answer.reason, answer.body) == (
        hints if client.name in SYNCHRONOUS else (200, "OK", b"body")
    )


def test_gzip(client: Client, server: str) -> None:
    answer = client("GET", f"{server}/gzip", headers={"Accept-Encoding": "gzip"})
    assert (answer.all("content-encoding"), answer.body) == (["gzip"], b"packed " * 100)


def test_redirects(client: Client, server: str) -> None:
    request = echoed(client("GET", f"{server}/redirect"))
    assert request["query"] == "?redirected"
    answer = client("GET", f"{server}/redirect", redirects=False)
    assert (answer.status, answer.all("location"), answer.body) == (302, ["/echo?redirected"], b"")


def test_what_a_redirect_makes_of_the_method(client: Client, server: str) -> None:
    request = echoed(client("POST", f"{server}/see-other", body=b"payload"))
    assert (request["method"], request["body"]) == ("GET", "")
    request = echoed(client("POST", f"{server}/temporary", body=b"payload"))
    assert (request["method"], request["body"]) == ("POST", "payload")


def test_over_tls(client: Client, other: Callable[..., str]) -> None:
    authority = str(Path(__file__).parent.parent / "tls" / "authority.pem")
    url = other("secure", certificate="server")
    request = echoed(client("POST", f"{url}/echo?a=1", body=bytes(100_000), verify=authority))
    assert (request["query"], len(request["body"])) == ("?a=1", 100_000)
