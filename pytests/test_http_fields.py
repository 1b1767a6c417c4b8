"""Header fields of an answer, as the email package reads them, whichever way http.client takes."""

import io
import random
from email.header import Header
from email.policy import HTTP
from http import client

import pytest
from blockon import _http_client

PLAIN = [
    b"\r\n",
    b"\n",
    b"A: b\r\n\r\n",
    b"A: b\nC: d\n\n",
    b"Set-Cookie: a=1\r\nset-cookie: b=2\r\n\r\n",
    b"Empty:\r\nSpace: \t \r\nEnd: x \t\r\n\r\n",
    b"Latin: caf\xe9 \xff\x85\x1c\r\n\r\n",
    b"Content-Type: text/html; charset=utf-8\r\nContent-Length: 13\r\n\r\n",
    b"A: b\r\n\r\nthe body: no field\r\n\r\n",
]
ODD = [
    b"",
    b"A: b",
    b"A: b\r\n",
    b"A: b\r\n folded\r\n\tonce more\r\nC: d\r\n\r\n",
    b" first: folded\r\nA: b\r\n\r\n",
    b"From someone\r\nA: b\r\n\r\n",
    b"A: b\r\nFrom someone\r\n\r\n",
    b": no name\r\nA: b\r\n\r\n",
    b"no colon\r\nA: b\r\n\r\n",
    b"Space : b\r\n\r\n",
    b"N\xe4me: b\r\n\r\n",
    b"A: b\rC: d\r\n\r\n",
    b"A: b\r\r\n\r\n",
    b"A: b\x0cC: d\r\n\r\n",
    b"Content-Type: multipart/mixed; boundary=x\r\n\r\n",
    b"content-type: \x0bmultipart/mixed\r\n\r\n",
    b"Content-Type: message/rfc822\r\n\r\n",
    b"Content-Type: message/delivery-status\r\n\r\n",
    b"Content-Type: application/json\r\nContent-Type: multipart/mixed\r\n\r\n",
]


def reader(data: bytes) -> io.BufferedReader:
    return io.BufferedReader(io.BytesIO(data))


def seen(message: client.HTTPMessage) -> dict:
    return {
        **{name: value for name, value in vars(message).items() if name not in ("defects", "_payload")},
        "defects": [repr(defect) for defect in message.defects],
        "payload": [seen(part) for part in message._payload] if message.is_multipart() else message._payload,
        "items": message.items(),
        "got": [message.get(name) for name in ("a", "CONTENT-TYPE", "Set-Cookie", "none")],
    }


def expected(data: bytes) -> tuple[dict, bytes]:
    """What the email package makes of it, and what is left."""
    source = reader(data)
    lines = client._read_headers(source)
    return seen(client._parse_header_lines(lines)), source.read()


def found(data: bytes) -> tuple[dict, bytes]:
    source = reader(data)
    return seen(client.parse_headers(source)), source.read()


@pytest.mark.parametrize("data", PLAIN + ODD, ids=repr)
def test_fields_are_what_the_email_package_makes_of_them(data: bytes) -> None:
    assert found(data) == expected(data)


def test_random_heads_are_what_the_email_package_makes_of_them() -> None:
    generator = random.Random(20)
    pieces = [
        b"A",
        b"Content-Type",
        b": ",
        b":",
        b" ",
        b"\t",
        b"\r",
        b"\n",
        b"\r\n",
        b"x",
        b"multipart/mixed",
        b"\xe9",
        b"\x00",
    ]
    for _ in range(4000):
        data = b"".join(generator.choices(pieces, k=generator.randrange(24))) + generator.choice(
            [b"", b"\r\n\r\n", b"\n\n"]
        )
        assert found(data) == expected(data), data


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"A: " + b"b" * 65534 + b"\r\n\r\n", client.LineTooLong),
        (b"A: b\r\n" * 100 + b"\r\n", client.HTTPException),
    ],
    ids=["a line that is too long", "too many lines"],
)
def test_limits_are_those_of_http_client(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        client.parse_headers(io.BufferedReader(io.BytesIO(data), 1 << 17))


def test_the_most_that_is_allowed() -> None:
    data = b"A: " + b"b" * (65536 - 5) + b"\r\n" + b"A: b\r\n" * 98 + b"\r\n"
    assert found(data) == expected(data)


def test_a_head_that_comes_in_pieces() -> None:
    class Pieces(io.RawIOBase):
        def __init__(self) -> None:
            self.left = [b"A: ", b"b\r\nC: d", b"\r", b"\n\r\n", b"body"]

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:
            piece = self.left.pop(0) if self.left else b""
            buffer[: len(piece)] = piece
            return len(piece)

    source = io.BufferedReader(Pieces())
    assert client.parse_headers(source).items() == [("A", "b"), ("C", "d")]
    assert source.read() == b"body"


def test_a_message_is_asked_as_before_once_it_was_changed() -> None:
    message = client.parse_headers(reader(b"A: b\r\n\r\n"))
    message["C"] = "d"
    message["E"] = "\udce9"
    assert message.get("c") == "d"
    assert message.get("K") is None
    assert message.get("none", 5) == 5
    assert type(message.get("E")) is type(message.items()[2][1]) is Header
    message.replace_header("A", "new")
    del message["E"]
    assert message.items() == [("A", "new"), ("C", "d")]
    message.items().clear()
    assert len(message) == 2
    message._headers.append(("\u212a", "the sign of kelvin"))
    assert message.get("k") == "the sign of kelvin"


def test_another_policy_reads_values_its_own_way() -> None:
    message = client.HTTPMessage(policy=HTTP)
    message["Date"] = "Sun, 29 Nov 2026 04:00:00 GMT"
    assert message.get("date").datetime.year == 2026
    assert message.items()[0][1].datetime.year == 2026


def test_what_is_derived_and_other_files_go_the_usual_way() -> None:
    class Derived(client.HTTPMessage):
        pass

    assert type(client.parse_headers(reader(b"A: b\r\n\r\n"), Derived)) is Derived
    assert client.parse_headers(io.BytesIO(b"A: b\r\n\r\n"))["a"] == "b"


LINES = [
    ("A", "b"),
    (b"A", b"b"),
    ("A", 5),
    ("A", True),
    ("A", ""),
    ("A", "caf\xe9"),
    ("A", "\u20ac"),
    ("A", "folded\r\n once"),
    ("A", "b\r\nC: d"),
    ("A", b"b\nC: d"),
    ("A", None),
    ("A", bytearray(b"b")),
    ("A b", "c"),
    (" A", "c"),
    ("A:", "c"),
    ("", "c"),
    ("\xe9", "c"),
    (5, "c"),
    ("A", "b", "c"),
    ("A",),
]


@pytest.mark.parametrize("line", LINES, ids=repr)
def test_a_line_is_written_as_by_http_client(line: tuple) -> None:
    outcomes = []
    for put in (_http_client._putheader, client.HTTPConnection.putheader):
        connection = client.HTTPConnection("host")
        connection.putrequest("GET", "/", skip_host=True, skip_accept_encoding=True)
        try:
            put(connection, *line)
            outcomes.append(connection._buffer)
        except (ValueError, TypeError, AttributeError) as error:
            outcomes.append((type(error), str(error)))
    assert outcomes[0] == outcomes[1]


def test_a_line_before_the_request_is_refused() -> None:
    with pytest.raises(client.CannotSendHeader):
        client.HTTPConnection("host").putheader("A", "b")
