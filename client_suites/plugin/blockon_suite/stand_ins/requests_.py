"""requests' suite: httpbin, and a server whose certificate names no host."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from blockon_suite import outside
from blockon_suite.stand_ins import certificates


class Server:
    """What the fixtures of pytest-httpbin give."""

    def __init__(self, known: dict[str, Any]) -> None:
        self.url = known["url"]
        self.host = known["host"]
        self.port = known["port"]

    def __add__(self, path: str) -> str:
        return self.url + path


@contextlib.contextmanager
def httpbin_server(secure: bool) -> Iterator[tuple[Server, str]]:
    with outside.server("httpbin", secure=secure) as known:
        yield Server(known), known["authority"]


class Fixtures:
    """Those of pytest-httpbin, for a plugin."""

    @pytest.fixture(scope="session")
    def httpbin(self) -> Iterator[Server]:
        with httpbin_server(secure=False) as (server, _):
            yield server

    @pytest.fixture(scope="session")
    def httpbin_secure_and_authority(self) -> Iterator[tuple[Server, str]]:
        with httpbin_server(secure=True) as both:
            yield both

    @pytest.fixture(scope="session")
    def httpbin_secure(self, httpbin_secure_and_authority: tuple[Server, str]) -> Server:
        return httpbin_secure_and_authority[0]

    @pytest.fixture
    def httpbin_ca_bundle(
        self,
        httpbin_secure_and_authority: tuple[Server, str],
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        bundle = tmp_path / "httpbin.pem"
        bundle.write_text(httpbin_secure_and_authority[1])
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))


@pytest.fixture
def nosan_server(tmp_path: Path) -> Iterator[tuple[str, int, str]]:
    with outside.server("no_san") as known:
        bundle = tmp_path / "ca.pem"
        bundle.write_text(known["authority"])
        yield "localhost", known["port"], str(bundle)


def install() -> None:
    certificates.install()


def fixtures() -> object:
    return Fixtures()


def mend_conftest(conftest: Any) -> None:
    conftest.nosan_server = nosan_server
