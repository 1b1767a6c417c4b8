"""A transport to asyncio's protocols, and a fetch underneath."""

from __future__ import annotations

import asyncio
from asyncio import AbstractEventLoop, Task
from typing import Any

from ._fetch_exchange import FetchExchange

__all__ = ["FetchTransport"]

_HIGH_WATER = 1 << 16
_MOST_READ = 1 << 18


class FetchTransport(asyncio.Transport):
    """Reads and writes by a task each, the second while there is something that the fetch has not taken."""

    def __init__(self, loop: AbstractEventLoop, exchange: FetchExchange, protocol: Any) -> None:
        super().__init__({"sslcontext": None, "socket": None, "peername": (exchange.host, exchange.port)})
        self._loop = loop
        self._exchange = exchange
        self._protocol = protocol
        self._closing = False
        self._paused_writing = False
        self._may_read = asyncio.Event()
        self._may_read.set()
        self._drain: Task[None] | None = None
        protocol.connection_made(self)
        self._reading = loop.create_task(self._read())

    async def _read(self) -> None:
        error: Exception | None = None
        try:
            while await self._exchange.fill():
                await self._may_read.wait()
                if self._closing:
                    return
                self._protocol.data_received(self._exchange.take(_MOST_READ))
            self._protocol.eof_received()
        except Exception as failure:  # noqa: BLE001 - as of every transport, the protocol is told
            error = failure
        self._end(error)

    async def _send(self) -> None:
        try:
            while self._exchange.unsent:
                await self._exchange.drain()
        except OSError as error:
            self._end(error)
        finally:
            self._drain = None
        if self._paused_writing:
            self._paused_writing = False
            self._protocol.resume_writing()

    def _end(self, error: Exception | None) -> None:
        """Tell the protocol, once, and end the exchange."""
        if self._closing:
            return
        self._closing = True
        self._exchange.abort()
        self._may_read.set()
        self._loop.call_soon(self._protocol.connection_lost, error)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._closing or not data:
            return
        try:
            self._exchange.write(data)
        except OSError as error:
            self._end(error)
            return
        unsent = self._exchange.unsent
        if unsent and self._drain is None:
            self._drain = self._loop.create_task(self._send())
        if unsent > _HIGH_WATER and not self._paused_writing:
            self._paused_writing = True
            self._protocol.pause_writing()

    def get_write_buffer_size(self) -> int:
        return self._exchange.unsent

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return 0, _HIGH_WATER

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """They are fixed: what is written waits for the fetch to ask for it."""

    def can_write_eof(self) -> bool:
        """A request says itself where it ends."""
        return False

    def pause_reading(self) -> None:
        self._may_read.clear()

    def resume_reading(self) -> None:
        self._may_read.set()

    def is_reading(self) -> bool:
        return self._may_read.is_set() and not self._closing

    def is_closing(self) -> bool:
        return self._closing

    def set_protocol(self, protocol: Any) -> None:
        self._protocol = protocol

    def get_protocol(self) -> Any:
        return self._protocol

    def close(self) -> None:
        self._end(None)

    abort = close
