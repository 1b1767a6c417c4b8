"""The codec idna remembers names of hosts, and gives what it gave."""

from __future__ import annotations

import codecs
from encodings import idna
from typing import Any

import pytest

encode: Any = idna.Codec.encode


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a",
        "a.b",
        "127.0.0.1",
        "a.",
        ".",
        "a..b",
        ".a",
        "A.b",
        "b\xfccher.de",
        "xn--bcher-kva.de",
        "a" * 64,
        "\xe4" * 70,
        "a b",
        "a\u3002b",
        "\ud800",
        Text("a.b"),
        b"a",
        bytearray(b"a"),
        7,
        None,
    ],
    ids=repr,
)
def test_names_are_as_they_were(name: Any) -> None:
    def outcome(function: Any, *args: Any) -> Any:
        try:
            return function(idna.Codec(), name, *args)
        except Exception as error:
            return type(error), str(error), getattr(error, "object", None)

    for args in ((), ("strict",), ("ignore",), (None,)):
        for _ in range(2):
            assert outcome(encode, *args) == outcome(encode.__wrapped__, *args)


def test_the_codec_is_this_one() -> None:
    assert "/blockon/" in encode.__code__.co_filename
    assert codecs.lookup("idna").encode.__func__ is encode  # type: ignore[attr-defined]
    assert "b\xfccher.de".encode("idna") == b"xn--bcher-kva.de"
