"""What may take the place of somebody else's function, which is known by its code."""

from __future__ import annotations

from blockon import _known_code


def test_code_is_known_by_what_it_does() -> None:
    def one(a: int) -> int:
        """What is said of it."""
        return max(each for each in (a, 1))

    def same(a: int) -> int:
        """Something else."""
        return max(each for each in (a, 1))

    def other(a: int) -> int:
        """What is said of it."""
        return max(each for each in (a, 2))

    assert _known_code.digest(one) == _known_code.digest(same) != _known_code.digest(other)
    owner = type("Owner", (), {"one": one, "still": staticmethod(one), "value": 7})
    known = frozenset({_known_code.digest(one)})
    assert _known_code.are_known(owner, {"one": known, "still": known})
    assert not _known_code.are_known(owner, {"one": frozenset()})
    for missing in ("none", "value", "__init__"):
        assert not _known_code.are_known(owner, {missing: known})
    with_property = type("Owner", (), {"one": property(one)})
    assert _known_code.are_known(with_property, {"one": known})
