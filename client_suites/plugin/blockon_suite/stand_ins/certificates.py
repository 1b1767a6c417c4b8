"""trustme, and the little of cryptography that goes with it: the certificates are made outside."""

from __future__ import annotations

import contextlib
import os
import ssl
import tempfile
from collections.abc import Iterator
from typing import Any

from blockon_suite import outside
from blockon_suite.stand_ins import module


class Blob:
    """PEM, as bytes or in a file."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def bytes(self) -> bytes:
        return self._data

    def write_to_path(self, path: str | os.PathLike[str], append: bool = False) -> None:
        with open(path, "ab" if append else "wb") as file:  # noqa: PTH123 - a name of any kind
            file.write(self._data)

    @contextlib.contextmanager
    def tempfile(self, dir: str | None = None) -> Iterator[str]:  # noqa: A002 - the name is trustme's
        descriptor, path = tempfile.mkstemp(suffix=".pem", dir=dir)
        os.close(descriptor)
        try:
            self.write_to_path(path)
            yield path
        finally:
            os.unlink(path)  # noqa: PTH108


class LeafCert:
    def __init__(self, key: str, chain: list[str]) -> None:
        self.private_key_pem = Blob(key.encode())
        self.cert_chain_pems = [Blob(each.encode()) for each in chain]
        self.private_key_and_cert_chain_pem = Blob((key + "".join(chain)).encode())

    def configure_cert(self, context: ssl.SSLContext) -> None:
        with self.private_key_and_cert_chain_pem.tempfile() as path:
            context.load_cert_chain(path)


class CA:
    def __init__(self, *, known: dict[str, Any] | None = None) -> None:
        known = known or outside.call("new_authority")
        self._number = known["number"]
        self.cert_pem = Blob(known["certificate"].encode())
        self.private_key_pem = Blob(known["key"].encode())

    @classmethod
    def from_pem(cls, certificate: bytes, key: bytes) -> CA:
        return cls(known=outside.call("authority_from", certificate=certificate.decode(), key=key.decode()))

    def create_child_ca(self) -> CA:
        return CA(known=outside.call("child_authority", parent=self._number))

    def issue_cert(self, *identities: str, common_name: str | None = None) -> LeafCert:
        return LeafCert(**outside.call("issue", authority=self._number, identities=identities, common_name=common_name))

    def configure_trust(self, context: ssl.SSLContext) -> None:
        context.load_verify_locations(cadata=self.cert_pem.bytes().decode())


class _PrivateKey:
    def __init__(self, pem: bytes) -> None:
        self._pem = pem

    def private_bytes(self, encoding: object, format: object, encryption: bytes) -> bytes:  # noqa: A002
        return outside.call("encrypt_key", key=self._pem.decode(), password=encryption.decode()).encode()


def _load(pem: bytes, password: None, backend: object) -> _PrivateKey:
    return _PrivateKey(pem)


class _Name:
    """An enumeration of which the name of its member is all."""

    PEM = TraditionalOpenSSL = None


def install() -> None:
    module("trustme", Blob=Blob, LeafCert=LeafCert, CA=CA)
    module("cryptography.hazmat.backends", default_backend=lambda: None)
    module(
        "cryptography.hazmat.primitives.serialization",
        BestAvailableEncryption=lambda password: password,
        Encoding=_Name,
        PrivateFormat=_Name,
        load_pem_private_key=_load,
    )
