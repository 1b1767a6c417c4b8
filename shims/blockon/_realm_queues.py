"""Queues over the realm's (runtime/realm/85-queues.js)."""

from __future__ import annotations

import datetime
from typing import Any

from ._api.host import Operation
from ._api.queues import Encoded, Message, MessageBatch, QueueError
from ._bridge import JsException, JsProxy, js, to_js
from ._realm_values import from_realm, raised

__all__ = ["RealmQueue", "batch_of"]


class RealmQueue:
    """One binding: a QueuePort."""

    __slots__ = ("_queue",)

    def __init__(self, queue: Any) -> None:
        self._queue = queue

    def send(self, messages: list[Encoded]) -> Operation[None]:
        given = js.Array.new()
        for kind, body, delay in messages:
            # It is encoded already; the realm makes the same of it.
            one = js.Object.new()
            one.contentType = kind
            one.body = to_js(body) if kind == "bytes" else _text(kind, body)
            if delay is not None:
                one.delaySeconds = delay
            given.push(one)
        try:
            yield self._queue.sendBatch(given)
        except JsException as error:
            raise QueueError(raised(error)[1]) from None


def _text(kind: str, body: bytes) -> Any:
    text = body.decode()
    return js.JSON.parse(text) if kind == "json" else text


class _Marks:
    def __init__(self, target: Any, ack: str, retry: str) -> None:
        self._target = target
        self._ack = ack
        self._retry = retry

    def ack(self) -> None:
        getattr(self._target, self._ack)()

    def retry(self, seconds: int | None) -> None:
        options = js.Object.new()
        if seconds is not None:
            options.delaySeconds = seconds
        try:
            getattr(self._target, self._retry)(options)
        except JsException as error:
            raise ValueError(raised(error)[1]) from None


def _message(message: Any) -> Message:
    body = message.body
    if isinstance(body, JsProxy) and body.constructor.name == "ArrayBuffer":
        body = body.to_bytes()
    sent = datetime.datetime.fromtimestamp(message.timestamp.getTime() / 1000, datetime.UTC)
    return Message(message.id, sent, from_realm(body), message.attempts, _Marks(message, "ack", "retry"))


def batch_of(batch: Any) -> MessageBatch:
    """JavaScript's batch."""
    messages = [_message(each) for each in batch.messages]
    return MessageBatch(batch.queue, messages, _Marks(batch, "ackAll", "retryAll"))
