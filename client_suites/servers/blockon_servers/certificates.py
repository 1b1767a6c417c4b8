"""Certificates by trustme, made here since what it needs of cryptography is not for the runtime's platform."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

_authorities: dict[int, trustme.CA] = {}
_numbers = itertools.count(1)


def _keep(authority: trustme.CA) -> dict[str, Any]:
    number = next(_numbers)
    _authorities[number] = authority
    return {
        "number": number,
        "certificate": authority.cert_pem.bytes().decode(),
        "key": authority.private_key_pem.bytes().decode(),
    }


def new_authority() -> dict[str, Any]:
    return _keep(trustme.CA())


def authority_from(certificate: str, key: str) -> dict[str, Any]:
    return _keep(trustme.CA.from_pem(certificate.encode(), key.encode()))


def child_authority(parent: int) -> dict[str, Any]:
    return _keep(_authorities[parent].create_child_ca())


def issue(authority: int, identities: list[str], common_name: str | None) -> dict[str, Any]:
    leaf = _authorities[authority].issue_cert(*identities, common_name=common_name)
    return {
        "key": leaf.private_key_pem.bytes().decode(),
        "chain": [each.bytes().decode() for each in leaf.cert_chain_pems],
    }


def encrypt_key(key: str, password: str) -> str:
    loaded = load_pem_private_key(key.encode(), password=None)
    encryption = BestAvailableEncryption(password.encode())
    return loaded.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, encryption).decode()


CALLS: dict[str, Callable[..., Any]] = {
    function.__name__: function for function in (new_authority, authority_from, child_authority, issue, encrypt_key)
}
