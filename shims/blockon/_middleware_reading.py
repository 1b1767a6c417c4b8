"""A message that an application asks for, until its answer has been sent: it waits no longer then.

As a cancel scope of anyio's around receive(), without one: most messages are there at once, and who begins a coroutine
before it enters a scope would leave that before what the coroutine has entered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any

__all__ = ["Reading"]


class _Race(asyncio.Future[None]):
    """Done when another future is, or when somebody says so. Who cancels it cancels the other."""

    def __init__(self, waited: Any) -> None:
        super().__init__(loop=waited.get_loop())
        self._waited = waited
        waited.add_done_callback(self.settle)

    def cancel(self, msg: Any = None) -> bool:
        return bool(self._waited.cancel(msg))

    def settle(self, _: Any = None) -> None:
        self._waited.remove_done_callback(self.settle)
        if not self.done():
            self.set_result(None)


class Reading:
    """One call of receive()."""

    __slots__ = ("_coroutine", "_is_over", "_race", "_waited")

    def __init__(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self._coroutine = coroutine
        self._waited: Any = None
        self._race: _Race | None = None
        self._is_over = False

    def begin(self) -> Any:
        """The message, None where it is to be awaited: in the same task."""
        try:
            self._waited = self._coroutine.send(None)
        except StopIteration as end:
            return end.value
        return None

    def end(self) -> None:
        """The answer has been sent: what is awaited ends by a CancelledError, and so does who awaits it, with None."""
        self._is_over = True
        if self._race is not None:
            self._race.settle()

    def __await__(self) -> Generator[Any, Any, Any]:
        while True:
            error = yield from self._wait()
            try:
                self._waited = self._coroutine.send(None) if error is None else self._coroutine.throw(error)
            except StopIteration as end:
                return end.value
            except asyncio.CancelledError:
                if self._is_over and error is not None:
                    return None
                raise

    def _wait(self) -> Generator[Any, Any, BaseException | None]:
        """Wait as the coroutine would; what is to be raised in it."""
        waited = self._waited
        try:
            if waited is None:  # for a turn of the loop
                yield
            else:
                waited._asyncio_future_blocking = False
                self._race = _Race(waited)
                yield from self._race
        except BaseException as error:  # noqa: BLE001 - it is the coroutine's
            return error
        finally:
            self._race = None
        return asyncio.CancelledError() if self._is_over else None
