"""Services between the Workers of one process: what is sent is copied, as between realms."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .._api.host import Operation, finish
from .._api.request import Request
from .._api.response import Response
from .._api.services import ServiceError

if TYPE_CHECKING:
    from ._worker import Worker

__all__ = ["LocalExports", "LocalService"]


def bodies(value: Any) -> Operation[None]:
    """Read the bodies of the requests in it."""
    if isinstance(value, Request):
        yield from value._whole()
    elif isinstance(value, (dict, list, tuple)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from bodies(each)


_PLAIN = (str, bool, int, float, bytes, datetime.datetime)


def _copied(value: Any) -> Any:
    if isinstance(value, Response):
        return Response(value.body or None, value.status_code, value.headers.items())
    if isinstance(value, Request):
        body = finish(value._whole())
        return Request(value.method, str(value.url), headers=value.headers.items(), content=body or None)
    if value is None or isinstance(value, _PLAIN):
        return value
    if isinstance(value, dict):
        return {key: _copied(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_copied(each) for each in value]
    if isinstance(value, (set, frozenset)):
        return set(value)
    raise TypeError(f"an object of {type(value).__name__} cannot be sent to another Worker")


class LocalService:
    """One binding: a ServicePort."""

    def __init__(self, worker: Callable[[], Worker], entrypoint: str, props: dict[str, Any]) -> None:
        """``worker`` gives it when it is asked for, since two may be each other's."""
        self._worker = worker
        self._entrypoint = entrypoint
        self._props = props

    def fetch(self, request: Request, body: bytes) -> Operation[Response]:
        asked = Request(str(request.method), str(request.url), headers=request.headers.items(), content=body or None)
        try:
            return (yield self._worker().ask(self._entrypoint, asked, self._props))
        except Exception as error:  # noqa: BLE001
            raise ServiceError(type(error).__name__, str(error)) from None

    def call(self, method: str, arguments: tuple[Any, ...]) -> Operation[Any]:
        for each in arguments:
            yield from bodies(each)
        given = [_copied(each) for each in arguments]
        try:
            return _copied((yield self._worker().call(self._entrypoint, method, given, self._props)))
        except Exception as error:  # noqa: BLE001
            raise ServiceError(type(error).__name__, str(error)) from None


class LocalExports:
    """A Worker's own entrypoints: an ExportsPort."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def names(self) -> list[str]:
        return self._worker.handlers.exports()

    def port(self, name: str, props: dict[str, Any] | None) -> LocalService:
        return LocalService(lambda: self._worker, "" if name == "default" else name, _copied(props or {}))
