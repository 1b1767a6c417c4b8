"""The server for WSGI over exchanges of plain Python, under wsgiref's validator."""

from __future__ import annotations

import io
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.validate import validator

import pytest
from blockon._exchange import Head
from blockon._wsgi import Answer
from blockon._wsgi_environ import environ
from blockon._wsgi_threads import end_idle
from blockon._wsgi_threads import run as run_on_thread
from exchanges import Answer as Got
from exchanges import FakeExchange

type App = Callable[[dict[str, Any], Any], Iterable[bytes]]


def answer(app: App, exchange: FakeExchange | None = None, *, valid: bool = True) -> Got:
    made = Answer(exchange or FakeExchange(headers=[(b"host", b"host.example")]), {"A": 1}, lambda: None)
    made.run(validator(app) if valid else app)
    if made.error is not None:
        raise made.error
    return made.response


def test_environ() -> None:
    headers = [
        (b"host", b"example.com"),
        (b"content-type", b"text/plain"),
        (b"content-length", b"3"),
        (b"x-a", b"1"),
        (b"x-a", b"2"),
        (b"x_b", b"3"),
        (b"cookie", b"a=1"),
        (b"cookie", b"b=2"),
    ]
    head = Head("PUT", "https://example.com/a%2Fb/%C3%BC?q=%20&r", headers)
    head.client = ("192.0.2.1", 4711)
    body = io.BytesIO()
    assert environ(head, body, "the bindings") == {
        "REQUEST_METHOD": "PUT",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/a/b/\xc3\xbc",
        "QUERY_STRING": "q=%20&r",
        "SERVER_NAME": "example.com",
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.1",
        "REMOTE_PORT": "4711",
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "3",
        "HTTP_HOST": "example.com",
        "HTTP_X_A": "1,2",
        "HTTP_COOKIE": "a=1; b=2",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "workers.env": "the bindings",
    }


def test_a_list_of_one_goes_out_whole() -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("201 Made Here", [("Content-Type", "text/plain"), ("X-A", "ü")])
        return [b"hello"]

    got = answer(app, valid=False)
    assert (got.status, got.reason, got.body, got.streamed) == (201, "Made Here", b"hello", False)
    assert got.headers == [(b"Content-Type", b"text/plain"), (b"X-A", b"\xfc")]


def test_what_has_its_length_goes_out_whole() -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
        yield b""
        yield b"hello"

    got = answer(app)
    assert (got.body, got.streamed) == (b"hello", False)


def test_what_has_not_is_a_stream() -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield b"1"
        yield b""
        yield b"2"

    got = answer(app)
    assert (got.pieces, got.streamed, got.ended) == ([b"1", b"2"], True, "whole")


def test_an_empty_answer() -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("204 No Content", [])
        return []

    got = answer(app)
    assert (got.status, got.body, got.streamed) == (204, b"", False)


def test_the_body_is_read_as_it_comes() -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        body = environ["wsgi.input"]
        read = [body.readline(), body.read(3), *list(body), body.read(10)]
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [repr(read).encode()]

    headers = [(b"host", b"host.example"), (b"content-length", b"20")]
    got = answer(app, FakeExchange("POST", headers=headers, body=[b"one\nt", b"wo\nthree\n", b"four\n"]))
    assert got.body == repr([b"one\n", b"two", b"\n", b"three\n", b"four\n", b""]).encode()


def test_write() -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        write = start_response("200 OK", [("Content-Type", "text/plain")])
        write(b"1")
        write(b"2")
        return [b"3"]

    got = answer(app)
    assert (got.pieces, got.ended) == ([b"1", b"2", b"3"], "whole")


def test_iterables_are_closed() -> None:
    closed: list[str] = []

    class Body:
        def __init__(self, *pieces: Any) -> None:
            self._pieces = iter(pieces)

        def __iter__(self) -> Any:
            return self._pieces

        def close(self) -> None:
            closed.append("closed")

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [])
        return Body(*pieces)

    pieces: list[Any] = [b"1", b"2"]
    answer(app, valid=False)
    assert closed == ["closed"]
    pieces = ["text"]
    with pytest.raises(TypeError, match="gives its body as bytes, not str"):
        answer(app, valid=False)
    assert closed == ["closed"] * 2


def test_an_answer_that_is_replaced_by_an_error() -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        try:
            raise LookupError
        except LookupError:
            start_response("500 Sorry", [("Content-Type", "text/plain")], sys.exc_info())
        return [b"sorry"]

    assert answer(app).status == 500


def test_an_error_after_the_head(caplog: pytest.LogCaptureFixture) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield b"1"
        try:
            raise LookupError("of the application")
        except LookupError:
            start_response("500 Sorry", [], sys.exc_info())

    got = answer(app, valid=False)
    assert (got.status, got.body, got.ended) == (200, b"1", "the application failed: LookupError")
    assert "of the application" in caplog.text


def test_a_client_that_has_gone() -> None:
    closed: list[str] = []

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        try:
            yield b"1"
            exchange.leave()
            yield b"2"
            raise AssertionError("nobody asks for more")
        finally:
            closed.append("closed")

    exchange = FakeExchange()
    got = answer(app, exchange, valid=False)
    assert (got.body, closed) == (b"1", ["closed"])
    assert got.ended


def _no_start(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    return [b"x"]


def _twice(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    start_response("200 OK", [])
    return []


def _number(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response(200, [])
    return []


def _code(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("OK", [])
    return []


def _header(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("X-A", "\N{SNOWMAN}")])
    return []


@pytest.mark.parametrize(
    ("app", "kind", "text"),
    [
        (_no_start, AssertionError, "before it had called start_response"),
        (_twice, AssertionError, "called twice"),
        (_number, TypeError, "a str like '200 OK', not int"),
        (_code, ValueError, "from 200 to 599, not 'OK'"),
        (_header, ValueError, "latin-1 characters alone"),
    ],
)
def test_what_an_application_must_not_do(app: App, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        answer(app, valid=False)


@pytest.fixture
def no_threads_left() -> Iterator[None]:
    yield
    while any(thread.name.startswith("WSGI-") for thread in threading.enumerate()):
        end_idle()
        time.sleep(0.001)


def nothing() -> None:
    pass


@pytest.mark.usefixtures("no_threads_left")
def test_a_thread_that_fails_says_that_it_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    failures: list[object] = []
    ended = threading.Semaphore(0)
    monkeypatch.setattr(threading, "excepthook", lambda told: failures.append(told.exc_type))

    def fail() -> None:
        raise SystemError("of the thread")

    run_on_thread(fail, ended.release)
    assert ended.acquire(timeout=10)
    threading.Event().wait(0.001)
    assert failures == [SystemError]


def test_an_answer_that_will_not_come_is_an_error() -> None:
    told: list[bool] = []
    made = Answer(FakeExchange(), {}, lambda: told.append(True))
    made.end()
    made.end()
    assert str(made.error) == "the thread of the WSGI application ended before it answered"
    assert told == [True]


@pytest.mark.usefixtures("no_threads_left")
def test_threads_are_their_own_and_used_again() -> None:
    local = threading.local()
    seen: list[tuple[int, bool]] = []
    done = threading.Semaphore(0)

    def work() -> None:
        seen.append((threading.get_ident(), hasattr(local, "kept")))
        local.kept = True
        done.release()

    for _ in range(2):
        run_on_thread(work, nothing)
        done.acquire()
        threading.Event().wait(0.001)
    assert seen[0] == (seen[1][0], False)
    assert seen[1][1]
    assert seen[0][0] != threading.get_ident()


@pytest.mark.usefixtures("no_threads_left")
def test_each_that_is_under_way_has_a_thread() -> None:
    barrier = threading.Barrier(6)
    for _ in range(5):
        run_on_thread(lambda: barrier.wait(10), nothing)
    barrier.wait(10)
