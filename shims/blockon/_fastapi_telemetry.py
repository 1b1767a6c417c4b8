"""Whether FastAPI's telemetry is off, which it asks OpenTelemetry for with each request: three providers, and what the
environment names for each.

What is asked there is looked at here. Where one is not known by its code FastAPI asks as ever.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from ._known_code import all_known

__all__ = ["Telemetry"]

# By CPython 3.14's compiler, of FastAPI 0.165 and opentelemetry-api 1.45.
_KNOWN = {
    "fastapi.telemetry._asgi:NativeTelemetry": {"enabled": frozenset({0x8C131D4F})},
    "fastapi.telemetry._api": {"_unconfigured": frozenset({0x35833C0E})},
    "opentelemetry.trace": {"get_tracer_provider": frozenset({0xDDC0EE60})},
    "opentelemetry.metrics._internal": {"get_meter_provider": frozenset({0x77B1008F})},
    "opentelemetry._logs._internal": {"get_logger_provider": frozenset({0xACCFFD3D})},
}
_VARIABLES = frozenset(f"OTEL_PYTHON_{kind}_PROVIDER".encode() for kind in ("TRACER", "METER", "LOGGER"))


class Telemetry:
    """OpenTelemetry's providers, as FastAPI sees them."""

    __slots__ = ("_is_known", "_logs", "_metrics", "_trace")

    def __init__(self) -> None:
        """Of what has been imported."""
        self._is_known = all_known(_KNOWN)
        self._trace: Any = sys.modules.get("opentelemetry.trace")
        self._metrics: Any = sys.modules.get("opentelemetry.metrics._internal")
        self._logs: Any = sys.modules.get("opentelemetry._logs._internal")

    def is_on(self, native: Any) -> bool:
        """What an application's ``_native_telemetry`` says."""
        return not (self._is_known and self._is_off(native.config)) and bool(native.enabled())

    def _is_off(self, config: dict[str, Any]) -> bool:
        variables: Any = getattr(os.environ, "_data", None)
        return (
            type(variables) is dict
            and self._trace._TRACER_PROVIDER is None
            and self._metrics._METER_PROVIDER is None
            and self._logs._LOGGER_PROVIDER is None
            and config["tracer_provider"] is None
            and config["meter_provider"] is None
            and config["logger_provider"] is None
            and _VARIABLES.isdisjoint(variables)
        )
