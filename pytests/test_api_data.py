"""What requests and responses of the Python API are made of, beside Starlette's, which they read like."""

from __future__ import annotations

import inspect
import random
from typing import Any

import pytest
import starlette.datastructures
import starlette.requests
import starlette.responses
from blockon import (
    URL,
    AsyncBody,
    AsyncKVNamespace,
    AsyncService,
    FormError,
    Headers,
    KVNamespace,
    MutableHeaders,
    QueryParams,
    Request,
    Response,
    Service,
    protocols,
)
from blockon._api import versions
from blockon._api.cookies import parse_cookies
from blockon._api.forms import UploadFile, parse_form
from blockon._api.host import finish, settle
from pyodide.ffi import run_sync

QUERIES = ["", "a=1", "a=1&a=2&b=", "a", "=1", "a=%C3%BC&ü=b+c", "a=1;b=2", "a=%zz", "&&a=1&", "a=1=2"]


@pytest.mark.parametrize("query", QUERIES)
def test_queries_are_as_starlettes(query: str) -> None:
    ours, theirs = QueryParams(query), starlette.datastructures.QueryParams(query)
    assert ours.multi_items() == theirs.multi_items()
    assert dict(ours) == dict(theirs)
    assert [ours.getlist(name) for name in theirs] == [theirs.getlist(name) for name in theirs]
    assert str(ours) == str(theirs)
    assert len(ours) == len(theirs)


URLS = [
    "http://example.com",
    "https://user:secret@Example.com:8443/a/b%20c?x=1&y=2#part",
    "http://[::1]:80/?a",
    "http://example.com/a?b=c?d=e",
    "ws://example.com/#",
]


@pytest.mark.parametrize("text", URLS)
def test_urls_are_as_starlettes(text: str) -> None:
    ours, theirs = URL(text), starlette.datastructures.URL(text)
    for part in (
        "scheme",
        "netloc",
        "path",
        "query",
        "fragment",
        "username",
        "password",
        "hostname",
        "port",
        "is_secure",
    ):
        assert getattr(ours, part) == getattr(theirs, part), part
    assert str(ours) == str(theirs)
    assert ours == text
    assert hash(ours) == hash(URL(text))
    assert "secret" not in repr(ours)
    for parts in ({"scheme": "wss"}, {"path": "/new", "query": ""}, {"fragment": "f"}, {"port": 1}):
        assert str(ours.replace(**parts)) == str(theirs.replace(**parts))
    assert str(ours.include_query_params(x=3, z="ü")) == str(theirs.include_query_params(x=3, z="ü"))


COOKIES = [
    "a=1; b=2",
    "a=1;b=2;a=3",
    'a="b c\\"d\\101"',
    "a; =b; ;c=",
    " a = b ",
    'a="',
    "a=b=c",
    'a="x;y"',
]


@pytest.mark.parametrize("text", COOKIES)
def test_cookies_are_as_starlettes(text: str) -> None:
    assert parse_cookies(text) == starlette.requests.cookie_parser(text)


def test_headers_are_as_starlettes() -> None:
    pairs = [("X-A", "1"), ("x-b", "ü"), ("X-a", "2")]
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs]
    ours, theirs = Headers(pairs), starlette.datastructures.Headers(raw=raw)
    assert (ours.keys(), ours.values(), ours.items()) == (theirs.keys(), theirs.values(), theirs.items())
    assert (ours["X-A"], ours.getlist("x-A"), "x-B" in ours, "c" in ours) == ("1", ["1", "2"], True, False)
    assert ours.raw == theirs.raw
    mine, other = MutableHeaders(pairs), starlette.datastructures.MutableHeaders(raw=list(raw))
    for headers in (mine, other):
        headers["x-A"] = "3"
        headers.append("x-c", "1")
        headers.append("x-C", "2")
        headers.setdefault("x-d", "4")
        headers.setdefault("x-d", "5")
        headers.update({"x-b": "6"})
        del headers["x-c"]
        del headers["x-none"]
    assert mine.items() == other.items()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"max_age": 60, "path": "/a", "domain": "example.com", "secure": True, "httponly": True, "samesite": "strict"},
        {"samesite": None, "path": None},
    ],
)
def test_cookies_of_responses_are_as_starlettes(options: dict[str, Any]) -> None:
    ours, theirs = Response(), starlette.responses.Response()
    ours.set_cookie("name", "a b", **options)
    theirs.set_cookie("name", "a b", **options)
    assert ours.headers["set-cookie"] == theirs.headers["set-cookie"]


def multipart(fields: list[tuple[str, str | None, bytes]], boundary: bytes) -> bytes:
    parts = []
    for name, filename, content in fields:
        disposition = f'form-data; name="{name}"'
        if filename is not None:
            disposition += f'; filename="{filename}"'
        parts.append(b"--%s\r\ncontent-disposition: %s\r\n\r\n%s\r\n" % (boundary, disposition.encode(), content))
    return b"".join(parts) + b"--%s--\r\n" % boundary


def test_forms_at_random_are_what_was_written() -> None:
    rng = random.Random(3)
    pieces = [b"\r\n", b"--", b"\r", b"\n", b"boundary", b"\0\xff", b"text", b""]
    for _ in range(200):
        fields: list[tuple[str, str | None, bytes]] = []
        for number in range(rng.randrange(4)):
            content = b"".join(rng.choices(pieces, k=rng.randrange(8))).replace(b"\r\n--boundary", b"\r\n--other")
            if content.startswith(b"--boundary"):
                content = b"x" + content
            fields.append((f"name {number} ü", f"{number}.bin", content))
        body = multipart(fields, b"boundary")
        if not fields:
            assert len(parse_form(body, "multipart/form-data; boundary=boundary")) == 0
            continue
        form = parse_form(body, "multipart/form-data; boundary=boundary")
        read = [(name, value) for name, value in form.multi_items() if isinstance(value, UploadFile)]
        assert [(name, value.filename, value.content) for name, value in read] == fields
        # Whatever is missing at the end is missed.
        for cut in (len(body) - 5, len(body) // 2):
            with pytest.raises(FormError):
                parse_form(body[:cut], "multipart/form-data; boundary=boundary")


def test_a_form_has_no_more_than_a_thousand_fields() -> None:
    for count in (1000, 1001):
        body = multipart([(str(number), "f", b"") for number in range(count)], b"b")
        if count == 1000:
            assert len(parse_form(body, "multipart/form-data; boundary=b")) == count
        else:
            with pytest.raises(FormError, match="more than 1000 fields"):
                parse_form(body, "multipart/form-data; boundary=b")
    with pytest.raises(FormError, match="cannot be read"):
        parse_form(b"&".join(b"a=1" for _ in range(1001)), "application/x-www-form-urlencoded")


def signatures(one: type, other: type, names: set[str]) -> list[tuple[str, Any, Any]]:
    return [
        (name, inspect.signature(getattr(one, name)), inspect.signature(getattr(other, name))) for name in sorted(names)
    ]


def public(of: type) -> set[str]:
    return {name for name, value in vars(of).items() if not name.startswith("_") and callable(value)}


@pytest.mark.parametrize(
    ("sync", "asynchronous"), [(KVNamespace, AsyncKVNamespace), (Service, AsyncService), (Request, AsyncBody)]
)
def test_aio_has_the_same_methods(sync: type, asynchronous: type) -> None:
    assert public(asynchronous) == public(sync)
    for name, ours, theirs in signatures(sync, asynchronous, public(sync)):
        assert ours.parameters == theirs.parameters, name
        returned = str(theirs.return_annotation).replace("AsyncIterator", "Iterator")
        assert str(ours.return_annotation) == returned, name


@pytest.mark.parametrize(
    ("described", "protocol"),
    [
        (KVNamespace, protocols.KV),
        (AsyncKVNamespace, protocols.AsyncKV),
        (Service, protocols.Service),
        (AsyncService, protocols.AsyncService),
    ],
)
def test_protocols_have_the_same_parameters(described: type, protocol: type) -> None:
    assert public(protocol) == public(described)
    # Of an overloaded one a protocol has no more than the overloads, which mypy compares.
    for name, ours, theirs in signatures(described, protocol, public(described) - {"get"}):
        assert list(ours.parameters) == list(theirs.parameters), name
        assert [each.default for each in ours.parameters.values()] == [
            each.default for each in theirs.parameters.values()
        ]


def test_operations_are_the_same_blocked_on_and_awaited() -> None:
    async def later(value: Any) -> Any:
        if isinstance(value, Exception):
            raise value
        return value

    def operation() -> Any:
        first = yield later(1)
        try:
            yield later(ValueError("second"))
        except ValueError as error:
            return [first, str(error)]

    def failing() -> Any:
        yield later(KeyError("it"))

    assert finish(operation()) == run_sync(settle(operation())) == [1, "second"]
    for run in (finish, lambda given: run_sync(settle(given))):
        with pytest.raises(KeyError, match="it"):
            run(failing())


def test_a_name_is_there_from_its_version_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "_enabled", frozenset())
    with pytest.raises(ImportError, match="there from the compatibility date 2026-11-01 on"):
        versions.load("Request")
    versions.enable(["python_workers", versions.FIRST])
    assert versions.load("Request") is Request
    assert versions.of("2026-10-31", []) == frozenset()
    assert versions.of("2026-10-31", [versions.FIRST]) == versions.of("2026-11-01", []) == {versions.FIRST}
    assert versions.of("2027-01-01", [f"no_{versions.FIRST}"]) == frozenset()
