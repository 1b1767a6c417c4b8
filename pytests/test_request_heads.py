"""What a request says of where it goes, which is read once for each origin."""

from __future__ import annotations

import pytest
from blockon import _exchange
from blockon._exchange import Head


def told(url: str) -> tuple[str, str, int, bytes, bytes]:
    head = Head("GET", url, [])
    return head.scheme, head.host, head.port, head.raw_path, head.query


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://example.com", ("http", "example.com", 80, b"/", b"")),
        ("https://example.com/", ("https", "example.com", 443, b"/", b"")),
        ("https://example.com:8443/a/b?q=/&r=?#f", ("https", "example.com", 8443, b"/a/b", b"q=/&r=?")),
        ("http://name:word@example.com:81/@:9/", ("http", "example.com", 81, b"/@:9/", b"")),
        ("http://name:word@example.com/", ("http", "example.com", 80, b"/", b"")),
        ("http://[::1]/a", ("http", "[::1]", 80, b"/a", b"")),
        ("http://[::1]:8000/a", ("http", "[::1]", 8000, b"/a", b"")),
        ("ws://example.com/a#?b", ("ws", "example.com", 80, b"/a", b"")),
        ("wss://example.com/", ("wss", "example.com", 443, b"/", b"")),
        ("other://example.com/", ("other", "example.com", 0, b"/", b"")),
    ],
)
def test_a_url_is_read(url: str, expected: tuple[str, str, int, bytes, bytes]) -> None:
    assert told(url) == expected
    assert told(url) == expected


def test_of_many_origins_few_are_kept() -> None:
    for number in range(100):
        assert told(f"http://host{number}.example:{number}/")[:3] == ("http", f"host{number}.example", number)
        assert len(_exchange._origins) <= _exchange._MOST_ORIGINS
