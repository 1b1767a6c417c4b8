"""The way of ASGI's messages from an application to the middleware above it: as a stream of anyio's that holds nothing.

A message waits for whoever takes it, and its sender with it; the last one's sender waits until the whole answer has
been sent. Two senders do not wait: the first's message is expected, and behind a ``LastPiece`` its
sender has nothing more than the end.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from ._asgi_http import LastPiece

__all__ = ["Channel", "Message", "is_last"]

type Message = dict[str, Any]


def is_last(message: Message) -> bool:
    """Whether an answer ends with it."""
    kind = message["type"]
    return kind == "http.response.pathsend" or (kind == "http.response.body" and not message.get("more_body", False))


class _Held(asyncio.Future[None]):
    """What a task waits for that can go on at once, within what runs, and not in the loop's next turn."""

    _then: tuple[Callable[..., Any], Any] | None = None

    def add_done_callback(self, callback: Any, /, *, context: Any = None) -> None:
        self._then = callback, context
        super().add_done_callback(callback, context=context)

    def release(self) -> None:
        """Have the task go on until it waits again. In another task, or none."""
        if self.done():
            return
        then, self._then = self._then, None
        if then is None:
            self.set_result(None)
            return
        callback, context = then
        self.remove_done_callback(callback)
        self.set_result(None)
        loop = self.get_loop()
        current = asyncio.tasks._swap_current_task(loop, None)  # type: ignore[attr-defined]
        try:
            context.run(callback, self)
        finally:
            asyncio.tasks._swap_current_task(loop, current)  # type: ignore[attr-defined]


class Channel:
    """That of one request."""

    __slots__ = ("_closed_error", "_held", "_is_expected", "_messages", "_taker", "is_closed", "is_ended", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop, closed_error: type[Exception]) -> None:
        """``closed_error`` is anyio's ClosedResourceError."""
        self.loop = loop
        self._closed_error = closed_error
        #: With what their senders wait for, if they do until it is taken.
        self._messages: deque[tuple[Message, asyncio.Future[None] | None]] = deque()
        self._taker: asyncio.Future[Message | None] | None = None
        self._is_expected = False
        #: Who waits for the whole answer to be sent.
        self._held: list[_Held] = []
        #: The application has ended.
        self.is_ended = False
        #: The answer has been sent, or will not be.
        self.is_closed = False

    def expect(self) -> None:
        """The next message is taken at once: an application begins."""
        self._is_expected = True

    async def take(self) -> Message | None:
        """The next message; None when the application has ended."""
        if self.is_closed:
            raise self._closed_error
        self._is_expected = False
        if self._messages:
            message, sender = self._messages.popleft()
            if sender is not None and not sender.done():
                sender.set_result(None)
            return message
        if self.is_ended:
            return None
        taker = self._taker = self.loop.create_future()
        try:
            return await taker
        finally:
            self._taker = None

    async def send(self, message: Message) -> None:
        """send() of the application."""
        if self.is_ended:
            raise self._closed_error
        if self.is_closed:
            # One that sends for ever lets others go on, who may tell it to end.
            await asyncio.sleep(0)
            return
        if self._taker is not None and not self._taker.done():
            self._taker.set_result(message)
        elif is_last(message):
            self._messages.append((message, None))
        elif self._is_expected or type(message) is LastPiece:
            self._is_expected = False
            self._messages.append((message, None))
        else:
            await self._until_taken(message)
        if is_last(message):
            await self._until_sent(message)

    async def _until_taken(self, message: Message) -> None:
        sender = self.loop.create_future()
        self._messages.append((message, sender))
        try:
            await sender
        except asyncio.CancelledError:
            self._withdraw(message)
            raise

    async def _until_sent(self, message: Message) -> None:
        held = _Held(loop=self.loop)
        self._held.append(held)
        try:
            await held
        except asyncio.CancelledError:
            self._withdraw(message)
            raise
        finally:
            if held in self._held:
                self._held.remove(held)

    def _withdraw(self, message: Message) -> None:
        self._messages = deque(each for each in self._messages if each[0] is not message)

    def end(self) -> None:
        """The application has ended."""
        self.is_ended = True
        if self._taker is not None and not self._taker.done():
            self._taker.set_result(None)

    def close(self) -> None:
        """The answer has been sent, or will not be: who waits for that goes on."""
        self.is_closed = True
        for _, sender in self._messages:
            if sender is not None and not sender.done():
                sender.set_result(None)
        self._messages.clear()
        held, self._held = self._held, []
        for each in held:
            each.release()
