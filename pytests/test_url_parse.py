"""urlparse gives what it did, whether it has been asked before or not."""

from urllib import parse

import pytest
from blockon import _url_parse

ARGUMENTS = [
    ("http://user:secret@host:80/path;p?q=1#f",),
    ("http://host/path#f", "", False),
    ("//host/path", "ftp"),
    ("", ""),
    ("http://[::1]:80/",),
    (b"http://host/path;p?q#f",),
    (b"//host/", b"http", 0),
    (bytearray(b"http://host/"),),
    ("http://host/#f", "", []),
]


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=repr)
def test_the_same_parts_as_without_a_cache(arguments: tuple) -> None:
    for _ in range(2):
        found = parse.urlparse(*arguments)
        expected = _url_parse._urlparse(*arguments)
        assert found == expected
        assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [(("http://[::1/",), ValueError), ((b"http://host/", "http"), TypeError), ((5,), AttributeError)],
    ids=repr,
)
def test_the_same_errors_each_time(arguments: tuple, error: type[Exception]) -> None:
    for _ in range(2):
        with pytest.raises(error):
            parse.urlparse(*arguments)


def test_a_text_of_a_class_of_its_own() -> None:
    class Text(str):
        __slots__ = ()

    assert type(parse.urlparse(Text("path")).path) is type(_url_parse._urlparse(Text("path")).path)


def test_the_cache_is_cleared_with_the_others() -> None:
    parse.urlparse("http://cached/")
    assert _url_parse._of_text.cache_info().currsize
    parse.clear_cache()
    assert not _url_parse._of_text.cache_info().currsize
    assert parse.urlparse.__name__ == "urlparse"


@pytest.mark.parametrize("netloc", ["host", "host:80", "u:p@host:", "[::1%25zone]:8", "HOST:x", ""], ids=repr)
def test_host_and_port_are_found_as_before(netloc: str) -> None:
    for _ in range(2):
        found = parse.urlsplit(f"//{netloc}/")
        assert found._hostinfo == _url_parse._usual_host_info(found)
    assert parse.urlsplit("//HOST%1:80/").hostname == "host%1"
