"""What stands in for functions of urllib3 does what they do: both are called, on plain and odd things."""

from __future__ import annotations

import copy
import random
import sys
from collections import OrderedDict
from fractions import Fraction
from http import client
from typing import Any

import pytest
import urllib3
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPHeaderDict, connection
from urllib3._collections import HTTPHeaderDict as HeaderDict
from urllib3.util import SKIP_HEADER

REPLACED = [
    (connection.HTTPConnection, "request"),
    (HeaderDict, "__init__"),
    (HeaderDict, "get"),
    (urllib3.util.Timeout, "__init__"),
    (urllib3.util.url, "parse_url"),
]


@pytest.mark.parametrize(("owner", "name"), REPLACED, ids=lambda each: getattr(each, "__name__", str(each)))
def test_the_installed_versions_are_known(owner: Any, name: str) -> None:
    assert "/blockon/" in getattr(owner, name).__code__.co_filename


class Socket:
    """What a connection sends, and how."""

    def __init__(self, breaks_at: int = -1) -> None:
        self.calls: list[tuple[str, Any]] = []
        self._breaks_at = breaks_at

    def settimeout(self, timeout: Any) -> None:
        self.calls.append(("settimeout", timeout))

    def sendall(self, data: Any) -> None:
        if len(self.calls) == self._breaks_at:
            raise BrokenPipeError("gone")
        self.calls.append(("sendall", bytes(data)))

    def close(self) -> None:
        self.calls.append(("close", None))


def outcome(function: Any, made: connection.HTTPConnection, *args: Any, breaks_at: int = -1, **keywords: Any) -> Any:
    """All that a request has done to a connection and to its socket."""
    socket = Socket(breaks_at)
    made.sock = socket  # type: ignore[assignment]
    try:
        function(made, *args, **keywords)
        error = None
    except Exception as failure:
        error = type(failure), str(failure)
    kept = {name: value for name, value in vars(made).items() if name != "sock"}
    kept["_response_options"] = repr(kept["_response_options"])
    return b"".join(data for name, data in socket.calls if name == "sendall"), socket.calls, error, kept


def compare(make: Any, *args: Any, breaks_at: int = -1, **keywords: Any) -> Any:
    replaced = connection.HTTPConnection.request
    is_own = outcome(replaced, make(), *copy.deepcopy(args), breaks_at=breaks_at, **keywords)
    usual = outcome(replaced.__wrapped__, make(), *copy.deepcopy(args), breaks_at=breaks_at, **keywords)  # type: ignore[attr-defined]
    assert is_own == usual
    return usual


HEADERS: list[Any] = [
    None,
    {},
    {"A": "b"},
    {"Host": "other"},
    {"hOST": "other:8", "User-Agent": "mine", "ACCEPT-encoding": "br"},
    {"Content-Length": "7"},
    {"Transfer-Encoding": "chunked"},
    {"A": b"bytes", "B": "c"},
    {b"A": "b"},
    {"A": 7},
    {"A": ["b", "c"]},
    {"A": "caf\xe9"},
    {"A": "\u20ac"},
    {"A": "b\r\nC: d"},
    {"A": "b\r\n folded"},
    {"A b": "c"},
    {"": "c"},
    {"A:": "c"},
    {"N\xe4me": "c"},
    {"A": " spaces\t"},
    {"A": "\x00"},
    {"Accept-Encoding": SKIP_HEADER, "User-Agent": SKIP_HEADER},
    {"X-Mine": SKIP_HEADER},
    {"A": "@@@ mine"},
    {"A": None},
    CaseInsensitiveDict({"A": "b", "user-agent": "mine"}),
    CaseInsensitiveDict({"A": b"b", "X": 1}),
    HTTPHeaderDict([("A", "b"), ("a", "c"), ("D", "e")]),
    HTTPHeaderDict({"Host": "x"}),
    OrderedDict(A="b"),
    [("A", "b")],
    "text",
]
METHODS: list[Any] = ["GET", "POST", "HEAD", "get", "DELETE", "CONNECT", "QUERY", "GE T", "GET\r\n", "", b"GET", None]
TARGETS: list[Any] = ["/", "/a?b=c#d", "", "/a b", "/\xe9", "/\r\n", "http://other:9/x", "*", b"/", "//x/y"]
BODIES: list[Any] = [None, b"", b"body", "text", bytearray(b"x"), [b"a", b"", b"b"], 7]
HOSTS: list[Any] = [
    ("h", 80),
    ("h", 81),
    ("1.2.3.4", 8080),
    ("::1", 80),
    ("[::1]", 80),
    ("fe80::1%eth0", 80),
    ("b\xfccher", 80),
    ("h", None),
]


def made_for(host: Any) -> Any:
    return lambda: connection.HTTPConnection(*host)


@pytest.mark.parametrize("headers", HEADERS, ids=repr)
def test_headers_of_requests(headers: Any) -> None:
    for method in ("GET", "POST"):
        for body in (None, b"body"):
            for chunked in (False, True):
                compare(made_for(("h", 80)), method, "/", body, headers, chunked=chunked)


@pytest.mark.parametrize("method", METHODS, ids=repr)
def test_methods_and_bodies_of_requests(method: Any) -> None:
    for body in BODIES:
        compare(made_for(("h", 80)), method, "/x", body, {"A": "b"}, preload_content=False)


@pytest.mark.parametrize("host", HOSTS, ids=repr)
def test_hosts_and_targets_of_requests(host: Any) -> None:
    for target in TARGETS:
        compare(made_for(host), "GET", target, None, {"A": "b"}, decode_content=False)
        compare(made_for(host), "GET", target, None, {"host": "mine"}, enforce_content_length=False)


def test_plain_requests_are_sent_in_one_piece_and_as_they_were() -> None:
    sent, calls, error, _ = compare(made_for(("h", 8080)), "POST", "/x?y", b"body", CaseInsensitiveDict({"A": "b"}))
    assert error is None
    assert [name for name, _ in calls] == ["settimeout", "sendall", "sendall"]
    assert sent == (
        b"POST /x?y HTTP/1.1\r\nHost: h:8080\r\nAccept-Encoding: identity\r\nContent-Length: 4\r\n"
        b"User-Agent: python-urllib3/" + urllib3.__version__.encode() + b"\r\nA: b\r\n\r\nbody"
    )


def test_connections_that_are_not_idle_or_not_plain() -> None:
    def busy() -> Any:
        made = connection.HTTPConnection("h")
        made._HTTPConnection__state = client._CS_REQ_SENT  # type: ignore[attr-defined]
        return made

    def tunnel() -> Any:
        made = connection.HTTPConnection("h")
        made.set_tunnel("far", 443)
        return made

    def old() -> Any:
        made = connection.HTTPConnection("h")
        made._http_vsn, made._http_vsn_str = 10, "HTTP/1.0"  # type: ignore[attr-defined]
        return made

    def started() -> Any:
        made = connection.HTTPConnection("h")
        made._buffer.append(b"before")  # type: ignore[attr-defined]
        return made

    for make in (busy, tunnel, old, started):
        compare(make, "GET", "/", None, {"A": "b"})


def test_a_connection_that_breaks_while_it_sends() -> None:
    for breaks_at in (1, 2):
        *_, error, kept = compare(made_for(("h", 80)), "POST", "/", b"body", {"A": "b"}, breaks_at=breaks_at)
        assert error == (BrokenPipeError, "gone")
        assert kept["_HTTPConnection__state"] == client._CS_REQ_SENT  # type: ignore[attr-defined]


def test_who_has_their_own_way_to_write_headers_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    class Mine(connection.HTTPConnection):
        def putheader(self, header: str, *values: str) -> None:
            seen.append(header)
            super().putheader(header, *values)

    compare(lambda: Mine("h"), "GET", "/", None, {"A": "b"})
    assert seen[-1] == "A"

    # As tracers do it.
    of_client = client.HTTPConnection.putrequest

    def putrequest(self: Any, method: str, *args: Any, **keywords: Any) -> None:
        seen.append(method)
        of_client(self, method, *args, **keywords)

    monkeypatch.setattr(client.HTTPConnection, "putrequest", putrequest)
    seen.clear()
    compare(made_for(("h", 80)), "GET", "/", None, {"A": "b"})
    assert seen == ["GET", "GET"]


def test_random_requests() -> None:
    generator = random.Random(5)
    choose = generator.choice
    plain = [each for each in HEADERS if isinstance(each, dict)]
    for _ in range(600):
        headers = {name: value for each in generator.sample(plain, 3) for name, value in each.items()}
        compare(
            made_for(choose(HOSTS)),
            choose(METHODS[:6]),
            choose(TARGETS),
            choose(BODIES[:4]),
            choose([dict, CaseInsensitiveDict])(headers)
            if not any(isinstance(each, bytes) for each in headers)
            else headers,
            chunked=choose([False, False, True]),
        )


def items_of(made: HeaderDict) -> Any:
    return made._container, list(made.items()), list(made)


FIELDS: list[Any] = [
    [],
    [("A", "b")],
    [("A", "b"), ("a", "c"), ("B", "d")],
    [("\u0130", "x"), ("i\u0307", "y")],
    [(b"A", "b")],
    [("A", b"b")],
    [["A", "b"]],
    [("A", "b", "c")],
    [("A",)],
    ["ab"],
    [("A", 1)],
    [("A", "b"), 7],
    (("A", "b"),),
    {"A": "b"},
    None,
    HeaderDict([("A", "b"), ("a", "c")]),
]


@pytest.mark.parametrize("fields", FIELDS, ids=repr)
def test_header_dicts(fields: Any) -> None:
    def made(init: Any, source: Any) -> Any:
        new = HeaderDict.__new__(HeaderDict)
        try:
            init(new, source)
        except Exception as error:
            return type(error), str(error)
        return items_of(new)

    replaced: Any = HeaderDict.__init__
    assert made(replaced, fields) == made(replaced.__wrapped__, fields)


def test_header_dicts_are_asked_as_before() -> None:
    get: Any = HeaderDict.get

    class Mine(HeaderDict):
        def __getitem__(self, key: str) -> str:
            return f"mine: {key}"

    fields = [("A", "b"), ("a", "c"), ("Empty", "")]
    for asked in (HeaderDict(fields), Mine(fields), HeaderDict()):
        for key in ("A", "a", "EMPTY", "other", b"A", b"other"):
            assert get(asked, key) == get.__wrapped__(asked, key), key
            assert get(asked, key, 7) == get.__wrapped__(asked, key, 7), key
        for odd in (7, None):
            assert raised(get, asked, odd) == raised(get.__wrapped__, asked, odd)


def raised(function: Any, *args: Any) -> Any:
    try:
        return function(*args)
    except Exception as error:
        return type(error), str(error)


def test_timeouts_are_valid_as_before() -> None:
    init: Any = urllib3.Timeout.__init__

    def made(function: Any, *args: Any) -> Any:
        timeout = urllib3.Timeout.__new__(urllib3.Timeout)
        return raised(function, timeout, *args), vars(timeout)

    values = [
        None,
        urllib3.Timeout.DEFAULT_TIMEOUT,
        1,
        0.5,
        0,
        -1,
        True,
        "1",
        "x",
        float("nan"),
        float("inf"),
        Fraction(1, 2),
    ]
    for value in values:
        for args in ((value,), (None, value), (3, None, value), (value, value, value)):
            own, usual = made(init, *args), made(init.__wrapped__, *args)
            assert repr(own) == repr(usual), args
    assert vars(urllib3.Timeout(2, read=3)) == vars(urllib3.Timeout(read=3, total=2).clone())


def test_who_has_their_own_checks_of_timeouts_is_asked() -> None:
    class Mine(urllib3.Timeout):
        @classmethod
        def _validate_timeout(cls, value: Any, name: str) -> Any:
            return f"{name}: {value}"

    assert vars(Mine(1, 2, 3)) == {
        "_connect": "connect: 2",
        "_read": "read: 3",
        "total": "total: 1",
        "_start_connect": None,
    }


def test_header_dicts_of_who_adds_in_their_own_way() -> None:
    class Mine(HeaderDict):
        def add(self, key: str, val: str, *, combine: bool = False) -> None:
            super().add(key.upper(), val, combine=combine)

    assert list(Mine([("a", "b")])) == ["A"]
    assert list(HeaderDict([("a", "b")], c="d")) == ["a", "c"]


def test_urls_are_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    international = "http://b\xfccher/"
    assert urllib3.util.parse_url(international).host == "xn--bcher-kva"
    assert urllib3.util.parse_url("http://h:81/x") is urllib3.util.parse_url("http://h:81/x")
    for _ in range(2):
        with pytest.raises(urllib3.exceptions.LocationParseError):
            urllib3.util.parse_url("http://[x")
    monkeypatch.setitem(sys.modules, "idna", None)
    with pytest.raises(urllib3.exceptions.LocationParseError):
        urllib3.util.parse_url(international)


def test_connections_are_asked_whether_they_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    made = connection.HTTPConnection("h")
    ask: Any = connection.HTTPConnection.is_connected.fget  # type: ignore[attr-defined]
    assert ask(made) is ask.__wrapped__(made) is False
    asked: list[Any] = []

    def mine(sock: Any, timeout: float | None = None) -> bool:
        asked.append((sock, timeout))
        return False

    made.sock = made  # type: ignore[assignment]  # whatever poll() does not take
    for _ in range(2):
        with pytest.raises(TypeError):
            ask(made)
    monkeypatch.setattr(connection, "wait_for_read", mine)
    assert made.is_connected
    assert asked == [(made, 0.0)]
