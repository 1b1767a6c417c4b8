"""requests alone: sessions, cookies, hooks, and what it makes of a response."""

from __future__ import annotations

import io

import pytest
import requests
from adapters import TIMEOUT
from at_once import at_once
from requests.auth import HTTPDigestAuth


def test_get(server: str) -> None:
    response = requests.get(f"{server}/echo", params={"a": "1"}, headers={"X-Mine": "yes"}, timeout=TIMEOUT)
    response.raise_for_status()
    assert response.json()["query"] == "?a=1"
    assert response.headers["content-type"] == "application/json"
    assert (response.encoding, response.url) == ("utf-8", f"{server}/echo?a=1")
    assert 0 <= response.elapsed.total_seconds() < 60


def test_bodies(server: str) -> None:
    def body(**options: object) -> str:
        text: str = requests.post(f"{server}/echo", timeout=TIMEOUT, **options).json()["body"]  # type: ignore[arg-type]
        return text

    assert body(json={"a": 1}) == '{"a": 1}'
    assert body(data={"a": "1 2"}) == "a=1+2"
    assert 'name="f"; filename="name"' in body(files={"f": ("name", io.BytesIO(b"content"))})


def test_passwords(server: str) -> None:
    headers = requests.get(f"{server}/echo", auth=("user", "pass"), timeout=TIMEOUT).json()["headers"]
    assert headers[headers.index("Authorization") + 1] == "Basic dXNlcjpwYXNz"
    response = requests.get(f"{server}/digest", auth=HTTPDigestAuth("user", "pass"), timeout=TIMEOUT)
    assert (response.status_code, [each.status_code for each in response.history]) == (200, [401])


def test_cookies_of_a_session(server: str) -> None:
    with requests.Session() as session:
        session.get(f"{server}/cookies", timeout=TIMEOUT)
        assert session.cookies.get_dict() == {"a": "1", "b": "2"}
        assert session.get(f"{server}/cookies", timeout=TIMEOUT).text == "a=1; b=2"


def test_redirect_history(server: str) -> None:
    response = requests.get(f"{server}/redirect", timeout=TIMEOUT)
    assert [step.status_code for step in response.history] == [302]
    assert response.url == f"{server}/echo?redirected"


def test_status_errors(server: str) -> None:
    with pytest.raises(requests.exceptions.HTTPError, match="404 Client Error: Not Found for url"):
        requests.get(f"{server}/nowhere", timeout=TIMEOUT).raise_for_status()


def test_hooks(server: str) -> None:
    seen: list[int] = []
    hooks = {"response": lambda response, **_: seen.append(response.status_code)}
    requests.get(f"{server}/redirect", hooks=hooks, timeout=TIMEOUT)
    assert seen == [302, 200]


@pytest.mark.tasks
def test_many_at_once(server: str) -> None:
    """Each of them blocks its own task: none is answered before all are under way."""
    got = at_once(*[lambda: requests.get(f"{server}/gathered?count=20", timeout=60).json()["number"]] * 20)
    assert len(set(got)) == 20
