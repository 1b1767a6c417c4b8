"""Names with values, where a name may come several times: queries and forms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl, urlencode

__all__ = ["MultiDict", "QueryParams"]


V = TypeVar("V")


class MultiDict(Mapping[str, V], Generic[V]):
    """A mapping that keeps all values of a name, in the order in which they came. It does not change.

    ``given[name]`` is the last value of the name.
    """

    __slots__ = ("_last", "_pairs")

    def __init__(self, pairs: Iterable[tuple[str, V]] = ()) -> None:
        """Take the pairs, in their order."""
        self._pairs = list(pairs)
        self._last = dict(self._pairs)

    def getlist(self, name: str) -> list[V]:
        """All values of a name, none if it is not there."""
        return [value for each, value in self._pairs if each == name]

    def multi_items(self) -> list[tuple[str, V]]:
        """All names with their values, in order; ``items()`` has each name once."""
        return list(self._pairs)

    def __getitem__(self, name: str) -> V:
        return self._last[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._last)

    def __len__(self) -> int:
        return len(self._last)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, MultiDict):
            return sorted(self._pairs, key=repr) == sorted(other._pairs, key=repr)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._pairs!r})"


class QueryParams(MultiDict[str]):
    """The query of a URL, decoded: ``?a=1&a=2`` has ``a`` twice. ``str()`` encodes it again."""

    __slots__ = ()

    def __init__(self, given: str | Mapping[str, Any] | Iterable[tuple[str, Any]] = "") -> None:
        """Take the query's text without its ``?``, a mapping, or pairs, whose values become text by ``str``."""
        if isinstance(given, str):
            super().__init__(parse_qsl(given, keep_blank_values=True))
            return
        if isinstance(given, MultiDict):
            pairs: Iterable[tuple[str, Any]] = given.multi_items()
        else:
            pairs = given.items() if isinstance(given, Mapping) else given
        super().__init__((str(name), str(value)) for name, value in pairs)

    def __str__(self) -> str:
        return urlencode(self._pairs)
