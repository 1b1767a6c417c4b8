"""The module ssl: TLS over sockets."""

from __future__ import annotations

import os
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from _blockon_tls._connection import SocketConnection
from fibers import together
from slices import Busy
from tls_ends import client_context, failure, server_context


class FakeSocket:
    """One end of a stream in memory: what a SocketConnection needs of a socket."""

    def __init__(self) -> None:
        self.incoming = bytearray()
        self.peer = self
        self.timeout: float | None = 0
        self.room = 1 << 30

    def recv(self, size: int) -> bytes:
        if not self.incoming:
            raise BlockingIOError
        data = bytes(self.incoming[:size])
        del self.incoming[:size]
        return data

    def send(self, data: Any) -> int:
        if self.room == 0:
            raise BlockingIOError
        count = min(len(data), self.room)
        self.room -= count
        self.peer.incoming += data[:count]
        return count

    def gettimeout(self) -> float | None:
        return self.timeout


class Owner:
    pass


def test_a_socket_without_room_is_written_to_again() -> None:
    client_end, server_end = FakeSocket(), FakeSocket()
    client_end.peer, server_end.peer = server_end, client_end
    owner = Owner()
    common = {"server_hostname": None, "owner": owner, "session": None}
    unverified = ssl._create_unverified_context()
    client = SocketConnection(client_end, context=unverified, server_side=False, **common)
    server = SocketConnection(server_end, context=server_context(), server_side=True, **common)
    for _ in range(5):
        for end in (client, server):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    client_end.room = 100
    data = bytes(10000)
    with pytest.raises(ssl.SSLWantWriteError):
        client.write(data)
    with pytest.raises(ssl.SSLWantReadError):
        server.read(10)
    client_end.room = 1 << 30
    assert client.write(data) == len(data)
    assert server.read(20000) == data
    with pytest.raises(ssl.SSLWantReadError):
        server.read(1)


def test_sockets_are_wrapped_before_they_connect() -> None:
    with client_context().wrap_socket(socket.socket(), server_hostname="localhost") as wrapped:
        assert wrapped.version() is None
        assert wrapped.pending() == 0
        with pytest.raises(OSError):
            wrapped.do_handshake()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_one_task_reads_while_another_writes(
    pair: tuple[socket.socket, socket.socket], version: ssl.TLSVersion
) -> None:
    client, server = client_context(), server_context()
    client.minimum_version = client.maximum_version = version
    one, other = together(
        lambda: client.wrap_socket(pair[0], server_hostname="localhost"),
        lambda: server.wrap_socket(pair[1], server_side=True),
    )
    sent = {one: os.urandom(2 << 20), other: os.urandom(2 << 20)}
    received: dict[ssl.SSLSocket, bytearray] = {one: bytearray(), other: bytearray()}

    def write(end: ssl.SSLSocket) -> None:
        data = memoryview(sent[end])
        for start in range(0, len(data), 50_000):
            end.sendall(data[start : start + 50_000])

    def read(end: ssl.SSLSocket, size: int) -> None:
        while len(received[end]) < size:
            received[end] += end.recv(30_000)

    with one, other:
        # Both begin to read before there is anything: each write goes past a read that waits.
        together(
            lambda: read(one, len(sent[other])),
            lambda: read(other, len(sent[one])),
            lambda: write(one),
            lambda: write(other),
        )
    assert received[one] == sent[other]
    assert received[other] == sent[one]


@pytest.mark.usefixtures("short_slices")
class TestThreads:
    """Beside one that computes, so that each gives way wherever it may."""

    def test_one_reads_while_another_writes(self, pair: tuple[socket.socket, socket.socket]) -> None:
        one, other = together(
            lambda: client_context().wrap_socket(pair[0], server_hostname="localhost"),
            lambda: server_context().wrap_socket(pair[1], server_side=True),
        )
        sent = {one: os.urandom(1 << 20), other: os.urandom(1 << 20)}

        def write(end: ssl.SSLSocket) -> None:
            for start in range(0, len(sent[end]), 7_000):
                end.sendall(sent[end][start : start + 7_000])

        def read(end: ssl.SSLSocket) -> bytes:
            received = bytearray()
            while len(received) < 1 << 20:
                received += end.recv(5_000)
            return bytes(received)

        with one, other, ThreadPoolExecutor(4) as pool, Busy():
            reads = [pool.submit(read, end) for end in (other, one)]
            writes = [pool.submit(write, end) for end in (one, other)]
            assert [each.result() for each in writes] == [None, None]
            assert [each.result() for each in reads] == [sent[one], sent[other]]

    def test_each_has_the_failure_of_its_own_connection(self) -> None:
        expired, unknown = failure(certificate="expired").reason, failure(host="other.example").reason
        assert expired == unknown == "CERTIFICATE_VERIFY_FAILED"

        def messages(host: str, certificate: str) -> set[str]:
            return {failure(host, certificate).verify_message for _ in range(20)}

        with ThreadPoolExecutor(4) as pool, Busy():
            cases = [("localhost", "expired"), ("other.example", "server")] * 2
            found = list(pool.map(lambda case: messages(*case), cases))
        assert all(len(each) == 1 for each in found)
        assert found[0] == found[2] != found[1] == found[3]
