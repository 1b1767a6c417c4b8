"""os.environ holds, takes and refuses what CPython's does."""

import os

import pytest


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize("value", ["", "plain", "caf\xe9 \U0001f40d", "\udce9", Text("of a class")], ids=ascii)
def test_a_value_comes_back(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A", value)
    assert os.environ["A"] == os.getenv("A") == dict(os.environ)["A"] == value
    assert type(os.environ["A"]) is str
    assert os.environb[b"A"] == os.fsencode(value)


@pytest.mark.parametrize("value", [5, b"bytes", None], ids=repr)
def test_what_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match=f"^str expected, not {type(value).__name__}$"):
        os.environ["A"] = value  # type: ignore[assignment]
    with pytest.raises(TypeError, match=f"^str expected, not {type(value).__name__}$"):
        os.environ[value]  # type: ignore[index]


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(UnicodeEncodeError):
        os.environ["A"] = "\ud800"


def test_what_is_not_there_is_a_key_error_with_its_name() -> None:
    with pytest.raises(KeyError, match=r"^'NOTHING'$"):
        os.environ["NOTHING"]
    assert "NOTHING" not in os.environ


def test_it_is_asked_for_what_may_not_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLOCKON_HERE", "caf\xe9")
    assert os.environ.get("BLOCKON_HERE") == "caf\xe9"
    assert os.environ.get("BLOCKON_NOT_HERE") is None
    assert os.environ.get("BLOCKON_NOT_HERE", 7) == 7
    assert "BLOCKON_HERE" in os.environ
    assert "BLOCKON_NOT_HERE" not in os.environ
    for ask in (os.environ.get, os.environ.__contains__):
        with pytest.raises(TypeError, match="str expected, not int"):
            ask(7)  # type: ignore[arg-type]
