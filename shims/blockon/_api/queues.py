"""Queues: ``env.JOBS``, and the batches that a handler is given."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from typing import Any, Literal, Protocol, TypeAlias

from .contents import to_json
from .host import Operation, finish, settle

__all__ = ["AsyncQueue", "Message", "MessageBatch", "OutgoingMessage", "Queue", "QueueError", "QueuePort"]

ContentType: TypeAlias = Literal["json", "text", "bytes"]
_Delay: TypeAlias = int | datetime.timedelta | None


class QueueError(RuntimeError):
    """A message could not be sent; ``str()`` says why."""


class OutgoingMessage:
    """A message for ``send_batch`` with a delay or a content type of its own."""

    __slots__ = ("body", "content_type", "delay")

    def __init__(self, body: Any, *, content_type: ContentType | None = None, delay: _Delay = None) -> None:
        """As the arguments of ``Queue.send``."""
        self.body = body
        self.content_type = content_type
        self.delay = delay


# The content type, the body as it is sent, and the seconds of its delay.
Encoded: TypeAlias = tuple[str, bytes, int | None]


class QueuePort(Protocol):
    """A queue as a host has it. Raises QueueError."""

    def send(self, messages: list[Encoded]) -> Operation[None]:
        """Send them, all or none."""


class Queue:
    """A queue (``[[queues.producers]]``), as ``env.NAME``. Its methods block; ``queue.aio`` has the same for ``await``.

    What is sent is on the disk when the call returns, and is delivered at least once.
    """

    __slots__ = ("_port", "aio")

    aio: AsyncQueue
    """The same methods for ``await``."""

    def __init__(self, port: QueuePort) -> None:
        """``port`` is the host's."""
        self._port = port
        self.aio = AsyncQueue(port)

    def send(self, body: Any, *, content_type: ContentType | None = None, delay: _Delay = None) -> None:
        """Send a message of up to 128 KiB: bytes as they are, anything else as JSON.

        ``delay`` is in seconds, up to 12 hours, from now to when it may be delivered. ``content_type`` is ``json``,
        ``text`` or ``bytes``, for consumers that are no Python. Raises QueueError, and TypeError for what has no JSON.
        """
        finish(self._port.send([_encoded(OutgoingMessage(body, content_type=content_type, delay=delay), None)]))

    def send_batch(self, messages: Iterable[Any], *, delay: _Delay = None) -> None:
        """Send up to 100 messages of 256 KiB together, all or none: bodies, or each an OutgoingMessage."""
        finish(self._port.send(_all_encoded(messages, delay)))


class AsyncQueue:
    """``queue.aio``: the methods of Queue for ``await``."""

    __slots__ = ("_port",)

    def __init__(self, port: QueuePort) -> None:
        """``port`` is the host's."""
        self._port = port

    async def send(self, body: Any, *, content_type: ContentType | None = None, delay: _Delay = None) -> None:
        """As ``Queue.send``."""
        await settle(self._port.send([_encoded(OutgoingMessage(body, content_type=content_type, delay=delay), None)]))

    async def send_batch(self, messages: Iterable[Any], *, delay: _Delay = None) -> None:
        """As ``Queue.send_batch``."""
        await settle(self._port.send(_all_encoded(messages, delay)))


class Message:
    """A message that is delivered."""

    __slots__ = ("_marks", "attempts", "body", "id", "timestamp")

    id: str
    """The same at each delivery."""
    timestamp: datetime.datetime
    """When it was sent, in UTC."""
    body: Any
    """What was sent: ``bytes``, ``str``, or what JSON it is."""
    attempts: int
    """How often it was delivered, this time included."""

    def __init__(self, id: str, timestamp: datetime.datetime, body: Any, attempts: int, marks: Marks) -> None:
        """``marks`` tells the platform."""
        self.id = id
        self.timestamp = timestamp
        self.body = body
        self.attempts = attempts
        self._marks = marks

    def ack(self) -> None:
        """Have it done, whatever the handler does next. Of several such calls the first counts."""
        self._marks.ack()

    def retry(self, delay: _Delay = None) -> None:
        """Have it delivered again, in ``delay`` seconds; in the consumer's ``retry_delay`` if not given."""
        self._marks.retry(_seconds(delay))

    def __repr__(self) -> str:
        return f"<Message {self.id} attempt {self.attempts}>"


class Marks(Protocol):
    """What a host notes for a message, or for all of a batch that have no mark of their own."""

    def ack(self) -> None:
        """It is done."""

    def retry(self, seconds: int | None) -> None:
        """It is to be delivered again."""


class MessageBatch:
    """What the handler for a queue is given: ``for message in batch``.

    When the handler returns, messages without a mark are done; when it raises, they are delivered again.
    """

    __slots__ = ("_marks", "messages", "queue")

    queue: str
    """The queue's name."""
    messages: list[Message]
    """Those of the batch, the oldest first."""

    def __init__(self, queue: str, messages: list[Message], marks: Marks) -> None:
        """``marks`` tells the platform."""
        self.queue = queue
        self.messages = messages
        self._marks = marks

    def ack_all(self) -> None:
        """Have all done that have no mark of their own."""
        self._marks.ack()

    def retry_all(self, delay: _Delay = None) -> None:
        """Have all delivered again that have no mark of their own."""
        self._marks.retry(_seconds(delay))

    def __iter__(self) -> Iterator[Message]:
        return iter(self.messages)

    def __len__(self) -> int:
        return len(self.messages)

    def __repr__(self) -> str:
        return f"<MessageBatch {self.queue} of {len(self.messages)}>"


def _seconds(delay: Any) -> int | None:
    if delay is None:
        return None
    if isinstance(delay, datetime.timedelta):
        return int(delay.total_seconds())
    if isinstance(delay, int) and not isinstance(delay, bool):
        return delay
    raise TypeError(f"a delay is a number of seconds or a timedelta, not {type(delay).__name__}")


def _encoded(message: OutgoingMessage, delay: _Delay) -> Encoded:
    body = message.body
    kind = message.content_type or ("bytes" if isinstance(body, (bytes, bytearray, memoryview)) else "json")
    seconds = _seconds(delay if message.delay is None else message.delay)
    if kind == "json":
        return kind, to_json(body), seconds
    if kind == "text" and isinstance(body, str):
        return kind, body.encode(), seconds
    if kind == "bytes" and isinstance(body, (bytes, bytearray, memoryview)):
        return kind, bytes(body), seconds
    if kind in ("text", "bytes"):
        raise TypeError(f"with the content_type {kind!r} a message is {kind}, not {type(body).__name__}")
    raise QueueError(f"content_type is {kind!r}; expected json, text or bytes")


def _all_encoded(messages: Iterable[Any], delay: _Delay) -> list[Encoded]:
    if isinstance(messages, (str, bytes, dict)):
        raise TypeError(f"send_batch takes several messages, not {type(messages).__name__}")
    return [_encoded(each if isinstance(each, OutgoingMessage) else OutgoingMessage(each), delay) for each in messages]
