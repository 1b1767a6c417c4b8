"""Whether telemetry is on is what FastAPI says."""

from __future__ import annotations

from typing import Any

import pytest
from blockon._fastapi_telemetry import Telemetry
from fastapi import FastAPI
from opentelemetry import _logs, metrics, trace


class OwnError(Exception):
    """Of a provider."""


class Native:
    """An application's, which counts how often it is asked."""

    def __init__(self, app: Any) -> None:
        self._native = app._native_telemetry
        self.asked = 0

    @property
    def config(self) -> Any:
        return self._native.config

    def enabled(self) -> bool:
        self.asked += 1
        return bool(self._native.enabled())


def test_it_is_off_and_nobody_is_asked() -> None:
    native = Native(FastAPI())
    assert (Telemetry().is_on(native), native.asked) == (False, 0)


@pytest.mark.parametrize("name", ["tracer_provider", "meter_provider", "logger_provider"])
def test_a_provider_of_the_applications_counts(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    native = Native(FastAPI())
    monkeypatch.setitem(native.config, name, object())
    assert (Telemetry().is_on(native), native.asked) == (native._native.enabled(), 1)
    assert native._native.enabled()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (trace, "_TRACER_PROVIDER"),
        (metrics._internal, "_METER_PROVIDER"),
        (_logs._internal, "_LOGGER_PROVIDER"),
    ],
)
def test_a_provider_of_the_processs_counts(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> None:
    native = Native(FastAPI())
    monkeypatch.setattr(module, name, object())
    assert (Telemetry().is_on(native), native.asked) == (True, 1)


@pytest.mark.parametrize("name", ["TRACER", "METER", "LOGGER"])
def test_a_provider_that_the_environment_names_is_loaded(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def load(variable: str, _kind: str) -> Any:
        raise OwnError(variable)

    for module in (trace, metrics._internal, _logs._internal):
        monkeypatch.setattr(module, "_load_provider", load)
    monkeypatch.setenv(f"OTEL_PYTHON_{name}_PROVIDER", "own")
    with pytest.raises(OwnError, match=name):
        Telemetry().is_on(FastAPI()._native_telemetry)
