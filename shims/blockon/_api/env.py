"""``env``: the bindings of the Worker that runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from .host import host

__all__ = ["Bindings", "Env", "env"]


class Bindings(Protocol):
    """Those of a Worker, as a host has them."""

    def names(self) -> list[str]:
        """The names of all."""

    def find(self, name: str) -> Any:
        """One of them as Python's object. Raises KeyError."""


class Env:
    """The bindings by their names: ``env.NAME``, or ``env["NAME"]``.

    A variable or secret is what it is in the configuration: str, int, float, bool, list or dict. A KV namespace is a
    KVNamespace; other Workers, servers and assets are each a Service.
    """

    __slots__ = ("_bindings",)

    def __init__(self, bindings: Bindings | None = None) -> None:
        """Without bindings: those of the Worker that runs, whichever that is."""
        self._bindings = bindings

    def _found(self) -> Any:
        return host().bindings() if self._bindings is None else self._bindings

    def __getattr__(self, name: str) -> Any:
        """The binding of this name. Raises AttributeError, which names those that there are."""
        try:
            return self._found().find(name)
        except KeyError:
            pass
        if name.startswith("__"):
            raise AttributeError(name)
        names = ", ".join(sorted(self._found().names())) or "none"
        raise AttributeError(
            f"the Worker has no binding {name}; those of its configuration: {names}", name=name, obj=self
        )

    def __getitem__(self, name: str) -> Any:
        """As an attribute; raises KeyError where there is none."""
        return self._found().find(name)

    def get(self, name: str, default: Any = None) -> Any:
        """The binding, or the default where there is none. A binding called ``get`` is ``env["get"]``."""
        return self._found().find(name) if name in self else default

    def __contains__(self, name: object) -> bool:
        return name in self._found().names()

    def __iter__(self) -> Iterator[str]:
        return iter(self._found().names())

    def __dir__(self) -> list[str]:
        return sorted([*super().__dir__(), *self._found().names()])

    def __repr__(self) -> str:
        return f"<Env {', '.join(sorted(self._found().names()))}>"


env = Env()
