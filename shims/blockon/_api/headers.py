"""Header fields: names without regard to case, each perhaps several times."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

__all__ = ["Headers", "MutableHeaders", "Raw", "RawHeaders"]

RawHeaders: TypeAlias = list[tuple[bytes, bytes]]
Raw: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str]]

_name = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_no_value = re.compile(rb"[\0-\x08\n-\x1f\x7f]")


def encoded(name: str, value: str) -> tuple[bytes, bytes]:
    """A field as it is sent. Raises TypeError for what is no text, ValueError for what no field can hold."""
    if not isinstance(name, str) or not isinstance(value, str):
        raise TypeError(f"a header's name and value are str, not {type(name).__name__} and {type(value).__name__}")
    try:
        made = name.lower().encode("latin-1"), value.encode("latin-1")
    except UnicodeEncodeError as error:
        raise ValueError(f"a header has characters of latin-1 alone: {name!r}: {value!r}") from error
    if _name.fullmatch(made[0]) is None:
        raise ValueError(f"no header can be called {name!r}")
    if _no_value.search(made[1]) is not None:
        raise ValueError(f"the header {name} has a line break or a control character in it: {value!r}")
    return made


class Headers(Mapping[str, str]):
    """Header fields, which do not change.

    ``headers[name]`` is the first value of a name, whatever its case. ``keys()`` and ``items()`` have each field, in
    the order of arrival, names in lower case.
    """

    __slots__ = ("_raw",)

    def __init__(self, given: Raw | None = None, *, raw: RawHeaders | None = None) -> None:
        """Take a mapping or pairs of text; ``raw``: pairs of bytes, names in lower case, taken as they are."""
        if raw is not None:
            self._raw = raw
            return
        pairs = given.items() if isinstance(given, Mapping) else given or ()
        self._raw = [encoded(name, value) for name, value in pairs]

    @property
    def raw(self) -> RawHeaders:
        """The fields in bytes, as they are sent."""
        return self._raw

    def getlist(self, name: str) -> list[str]:
        """All values of a name, none if it is not there."""
        wanted = name.lower().encode("latin-1", "replace")
        return [value.decode("latin-1") for each, value in self._raw if each == wanted]

    def __getitem__(self, name: str) -> str:
        wanted = name.lower().encode("latin-1", "replace")
        for each, value in self._raw:
            if each == wanted:
                return value.decode("latin-1")
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower().encode("latin-1", "replace") in (each for each, _ in self._raw)

    def __iter__(self) -> Iterator[str]:
        return iter([name.decode("latin-1") for name, _ in self._raw])

    def __len__(self) -> int:
        return len(self._raw)

    def keys(self) -> list[str]:  # type: ignore[override]
        """The names, each as often as it comes."""
        return list(self)

    def values(self) -> list[str]:  # type: ignore[override]
        """The values, in the order of ``keys()``."""
        return [value.decode("latin-1") for _, value in self._raw]

    def items(self) -> list[tuple[str, str]]:  # type: ignore[override]
        """The fields."""
        return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self._raw]

    def __eq__(self, other: object) -> bool:
        return sorted(self._raw) == sorted(other._raw) if isinstance(other, Headers) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.items()!r})"


class MutableHeaders(Headers):
    """Header fields of a response that is yet to be sent."""

    __slots__ = ()

    def __setitem__(self, name: str, value: str) -> None:
        """Give the name this one value. Raises ValueError for what no field can hold."""
        made = encoded(name, value)
        places = [index for index, (each, _) in enumerate(self._raw) if each == made[0]]
        for index in reversed(places[1:]):
            del self._raw[index]
        if places:
            self._raw[places[0]] = made
        else:
            self._raw.append(made)

    def __delitem__(self, name: str) -> None:
        """Take all fields of the name away, if there are any."""
        unwanted = name.lower().encode("latin-1", "replace")
        self._raw[:] = [pair for pair in self._raw if pair[0] != unwanted]

    def append(self, name: str, value: str) -> None:
        """Add a field, beside those of the same name."""
        self._raw.append(encoded(name, value))

    def setdefault(self, name: str, value: str) -> str:
        """Add the field unless there is one of the name; returns its value."""
        found = self.get(name)
        if found is not None:
            return found
        self.append(name, value)
        return value

    def update(self, given: Raw) -> None:
        """Give each of these names its one value."""
        for name, value in given.items() if isinstance(given, Mapping) else given:
            self[name] = value
