"""The h11.Connection that httpcore gets does what h11's own does, whatever it is asked and in whatever order."""

import random
from functools import partial
from typing import Any

import _blockon
import h11
import httpcore
import pytest
from blockon._h11 import Connection, _normalize_and_validate, normalize_and_validate

MOST = 200
REQUESTS = [
    {"method": "GET", "target": "/", "headers": [("Host", "a"), ("Accept", "*/*")]},
    {"method": "GET", "target": "/", "headers": [("Accept", "*/*"), ("hOsT", "a")]},
    {"method": "HEAD", "target": "/", "headers": [("Host", "a")]},
    {"method": "Head", "target": "/", "headers": [("Host", "a")]},
    {"method": "POST", "target": "/", "headers": [("Host", "a"), ("Content-Length", "6")]},
    {
        "method": "POST",
        "target": "/",
        "headers": [("Host", "a"), ("Content-Length", "0"), ("Connection", "keep-alive")],
    },
    {"method": "POST", "target": "/", "headers": [("Host", "a"), ("Transfer-Encoding", "chunked")]},
    {"method": "GET", "target": "/", "headers": [("Host", "a"), ("Connection", "close")]},
    {"method": "GET", "target": "/", "headers": [("Host", "a"), ("Expect", "100-continue"), ("Content-Length", "6")]},
    {"method": "GET", "target": "/", "headers": [("Host", "a"), ("Upgrade", "x"), ("Connection", "upgrade")]},
    {"method": "CONNECT", "target": "a:1", "headers": [("Host", "a")]},
]
ANSWERS = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nSet-Cookie: a=1\r\nset-cookie:  b=2 \t\r\nEmpty:\r\n\r\nhello",
    b"HTTP/1.1 200\nContent-Length: 5\n\nhello",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, and more",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nTrailer: x\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\nraw",
    b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
    b"HTTP/1.1 200 OK\r\nFolded: a\r\n b\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nLatin: caf\xe9\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 caf\xe9\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nBad name: x\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nA: x\x00y\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 2000 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1  200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"\x16\x03\x01",
    b"HTTP/1.1 200 OK\r\nLong: " + b"x" * MOST,
]


class Pair:
    """Does all with h11's and with ours."""

    def __init__(self) -> None:
        self.usual = h11.Connection(h11.CLIENT, MOST)
        self.ours = Connection(h11.CLIENT, MOST)

    def both(self, call: Any) -> Any:
        outcomes = []
        for connection in (self.usual, self.ours):
            try:
                outcomes.append(call(connection))
            except (h11.ProtocolError, RuntimeError) as error:
                outcomes.append((type(error), str(error)))
        assert outcomes[0] == outcomes[1]
        assert type(outcomes[0]) is type(outcomes[1])
        assert self.usual.our_state is self.ours.our_state
        assert self.usual.their_state is self.ours.their_state
        assert self.usual.trailing_data == self.ours.trailing_data
        return outcomes[1]

    def request(self, request: dict) -> None:
        self.both(lambda connection: connection.send(h11.Request(**request)))

    def data(self, data: bytes) -> None:
        self.both(lambda connection: connection.send(h11.Data(data=data)))

    def end(self) -> None:
        self.both(lambda connection: connection.send(h11.EndOfMessage()))

    def next_cycle(self) -> None:
        self.both(lambda connection: connection.start_next_cycle())

    def events(self) -> None:
        """Take all that there are."""
        for _ in range(20):
            event = self.both(lambda connection: connection.next_event())
            if isinstance(event, (type, tuple, h11.ConnectionClosed)):
                return

    def receive(self, data: bytes) -> None:
        self.both(lambda connection: connection.receive_data(data))

    def exchange(self, request: dict, body: list[bytes], parts: list[bytes]) -> None:
        self.request(request)
        for part in body:
            self.data(part)
        self.end()
        for part in parts:
            self.receive(part)
            self.events()


def cut(generator: random.Random, data: bytes) -> list[bytes]:
    places = sorted(generator.randrange(len(data) + 1) for _ in range(generator.randrange(4)))
    parts = [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]
    return [part for part in parts if part]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: repr(answer[:60]))
@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: f"{request['method']} {request['headers'][-1]}")
def test_an_exchange_then_another_on_the_same_connection(request_: dict, answer: bytes) -> None:
    for whole in (True, False):
        pair = Pair()
        body = [b"abc", b"def"] if any("6" in value for _, value in request_["headers"]) else []
        parts = [answer] if whole else [answer[i : i + 1] for i in range(len(answer))]
        pair.exchange(request_, body, parts)
        pair.next_cycle()
        pair.exchange(REQUESTS[0], [], [ANSWERS[0]])
        pair.receive(b"")
        pair.events()


OTHERS = [
    lambda pair: pair.both(lambda connection: connection.states),
    lambda pair: pair.both(lambda connection: connection.send_failed()),
    Pair.next_cycle,
    lambda pair: pair.both(lambda connection: connection.send(h11.ConnectionClosed())),
    lambda pair: pair.data(b"xyz"),
    Pair.end,
    lambda pair: pair.both(lambda connection: connection.send(h11.EndOfMessage(headers=[("A", "b")]))),
    lambda pair: pair.request(REQUESTS[0]),
    lambda pair: pair.request(REQUESTS[4]),
    lambda pair: pair.both(lambda connection: connection.send_with_data_passthrough(h11.EndOfMessage())),
    lambda pair: pair.both(lambda connection: connection.next_event()),
    lambda pair: pair.receive(b""),
    lambda pair: pair.receive(b"junk"),
    lambda pair: pair.both(lambda connection: connection.their_http_version),
]


@pytest.mark.parametrize("seed", range(8))
def test_anything_in_any_order(seed: int) -> None:
    generator = random.Random(seed)
    for _ in range(400):
        pair = Pair()
        for _ in range(generator.randrange(1, 5)):
            request = generator.choice(REQUESTS[:6] if generator.random() < 0.8 else REQUESTS)
            has_body = any("6" in value for _, value in request["headers"])
            body = generator.choice([[b"abcdef"], [b"abc", b"def"], [b"a"]]) if has_body else []
            steps = [partial(pair.request, request), *(partial(pair.data, part) for part in body), pair.end]
            for part in cut(generator, generator.choice(ANSWERS[:8] if generator.random() < 0.8 else ANSWERS)):
                steps += [partial(pair.receive, part), pair.events]
            steps.append(pair.next_cycle)
            if generator.random() < 0.5:
                steps.insert(generator.randrange(len(steps) + 1), partial(generator.choice(OTHERS), pair))
            for step in steps:
                step()


@pytest.mark.parametrize(
    "headers",
    [
        [(b"Host", b"a"), (b"Accept", b"*/*")],
        [(b"Content-Length", b"5")],
        [(b"Content-Length", b"5"), (b"content-length", b"5")],
        [(b"Content-Length", b"5, 5")],
        [(b"Content-Length", b"5"), (b"Content-Length", b"6")],
        [(b"Content-Length", b"9" * 30)],
        [(b"Transfer-Encoding", b"Chunked")],
        [(b"Transfer-Encoding", b"gzip")],
        [("Host", "a")],
        [(b"A", b" padded")],
        [(b"A", b"caf\xe9")],
        [(b"A", b"a\r\nb: c")],
        [(b"A b", b"c")],
        [(b"", b"c")],
        [(b"A", b"")],
        [[b"A", b"b"]],
        ((b"A", b"b"),),
        [(b"A", bytearray(b"b"))],
    ],
    ids=repr,
)
def test_fields_are_checked_as_by_h11(headers: Any) -> None:
    outcomes = []
    for function in (_normalize_and_validate, normalize_and_validate):
        try:
            outcomes.append(function(headers)._full_items)
        except (h11.LocalProtocolError, AssertionError) as error:
            outcomes.append((type(error), str(error)))
    assert outcomes[0] == outcomes[1]


def test_a_head_in_many_pieces_is_parsed_twice_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = []
    parse = _blockon.read_response_head

    def read_response_head(data: bytes, method: bytes) -> Any:
        parsed.append(len(data))
        return parse(data, method)

    monkeypatch.setattr(_blockon, "read_response_head", read_response_head)
    head = b"HTTP/1.1 200 OK\r\nA: " + b"b" * 10_000 + b"\r\nContent-Length: 5\r\n\r\n"
    connection = Connection(h11.CLIENT, 1 << 20)
    for _ in range(2):
        parsed.clear()
        connection.send(h11.Request(**REQUESTS[0]))
        connection.send(h11.EndOfMessage())
        for at in range(len(head) - 1):
            connection.receive_data(head[at : at + 1])
            assert connection.next_event() is h11.NEED_DATA
        assert parsed == [1]
        connection.receive_data(head[-1:] + b"he")
        assert connection.next_event().status_code == 200
        assert parsed == [1, len(head) + 2]
        assert connection.next_event().data == b"he"
        connection.receive_data(b"l")
        connection.receive_data(b"lo")
        assert connection.next_event().data == b"llo"
        assert type(connection.next_event()) is h11.EndOfMessage
        connection.start_next_cycle()


def test_httpcore_has_it() -> None:
    class NoStream(httpcore.NetworkStream):
        pass

    origin = httpcore.Origin(b"http", b"a", 80)
    connection = httpcore.HTTP11Connection(origin, NoStream())
    assert type(connection._h11_state) is Connection
    assert connection._h11_state._max_incomplete_event_size == connection.MAX_INCOMPLETE_EVENT_SIZE
    assert type(httpcore.AsyncHTTP11Connection(origin, None)._h11_state) is Connection


def test_the_parts_of_a_url_are_those_of_httpx() -> None:
    import httpx
    from httpx import _urlparse

    for url in ("http://a/b?c#d", "http://user:pw@[::1]:80/%20", "/path", ""):
        for _ in range(2):
            assert httpx.URL(url)._uri_reference == _urlparse.urlparse(url)
    assert str(httpx.URL("http://a/", path="/b")) == "http://a/b"
    for _ in range(2):
        with pytest.raises(httpx.InvalidURL):
            httpx.URL("http://a:b:c/")


def test_bytes_of_one_letter_stay_as_they_are() -> None:
    """CPython has one object for all bytes of length one with the same letter."""
    letters = b"XY"
    assert normalize_and_validate([(letters[:1], letters[1:])])._full_items == [(b"X", b"x", b"Y")]
    assert [ord(letters[at : at + 1]) for at in range(2)] == [0x58, 0x59]
