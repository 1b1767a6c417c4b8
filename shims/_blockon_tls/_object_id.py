"""Object identifiers of ASN.1, and what a certificate is for."""

from __future__ import annotations

from enum import Enum
from typing import Any, NamedTuple

from ._calls import call

__all__ = ["Purpose", "_ASN1Object", "nid2obj", "txt2obj"]


def txt2obj(txt: str, name: bool = False) -> tuple[Any, ...]:
    return call("object_of_text", txt, int(name))


def nid2obj(nid: int, /) -> tuple[Any, ...]:
    return call("object_of_number", nid)


class _Fields(NamedTuple):
    nid: int
    shortname: str
    longname: str
    oid: str


class _ASN1Object(_Fields):
    """An object identifier, by its number with dots."""

    __slots__ = ()

    def __new__(cls, oid: str) -> Any:
        return super().__new__(cls, *txt2obj(oid))

    @classmethod
    def fromnid(cls, nid: int) -> Any:
        return super().__new__(cls, *nid2obj(nid))

    @classmethod
    def fromname(cls, name: str) -> Any:
        return super().__new__(cls, *txt2obj(name, name=True))


_ASN1Object.__module__ = "ssl"


class Purpose(_ASN1Object, Enum):
    """What a certificate is presented for."""

    SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
    CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"


Purpose.__module__ = "ssl"
