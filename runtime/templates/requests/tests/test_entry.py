import requests


class Answer:
    status_code = 200
    content = b"12345"


def test_says_what_the_upstream_answered(client, monkeypatch):
    monkeypatch.setattr(requests, "get", lambda url, timeout: Answer())
    response = client.get("/", params={"url": "https://upstream.test/"})
    assert response.status_code == 200
    assert response.text == "https://upstream.test/: 200, 5 bytes\n"


def test_is_a_bad_gateway_where_there_is_no_upstream(client):
    response = client.get("/", params={"url": "http://127.0.0.1:1/"})
    assert response.status_code == 502
    assert "ConnectionError" in response.text
