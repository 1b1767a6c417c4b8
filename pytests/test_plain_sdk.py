"""What stands in for functions of Cloudflare's SDK does what they do: both are called, on plain and odd things."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import js
import pytest
from blockon import _answers, _sdk_entrypoints, _sdk_messages
from blockon._handler_errors import HandlerError
from pyodide.ffi import run_sync
from workers import FormData, Request, Response, WorkerEntrypoint

_ORIGINAL: Any = getattr(Response.__init__, "__wrapped__", None)
_HEADERS: list[Any] = [
    None,
    {},
    {"A": "b", "a": "c", "X-One": " d\t"},
    {"Content-Type": "text/html"},
    {"A": "ä", "B": ""},
    {"A": "b\nC: d"},
    {"A": "b\n", "C\n": "d"},
    {"": ""},
    {"a b": "c"},
    {"A": "€"},
    {"A": 1},
    {b"A": "b"},
    [("A", "b"), ("A", "c"), ("Set-Cookie", "d"), ("Set-Cookie", "e")],
    js.Headers.new([("A", "b")]),
    "A: b",
]
_CALLS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    *((("text",), {"headers": headers}) for headers in _HEADERS),
    *(((body,), {}) for body in ("", "ä€\ud800", "a\0b", b"bytes", None, 7, object(), FormData({"a": "b"}))),
    *((("text", status), {}) for status in (0, 100, 199, 200, 299, 599, 600, 204, 304, True, "200", 201.0)),
    ((None, 204), {}),
    (("text", HTTPStatus.CREATED), {}),
    (("text", 201, "Made"), {"headers": {"A": "b"}}),
    (("text", 200, "\n"), {}),
    (("text", 200, None), {}),
    ((js.Response.new("text"),), {}),
    ((js.Response.new("text"), 201), {}),
    ((js.URL.new("http://h/"),), {}),
    (("text",), {"unknown": 1}),
]


class Derived(Response):
    """One of a Worker's own."""

    def __init__(self, text: str) -> None:
        super().__init__(text, 201, headers={"A": "b"})


def said(init: Any, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    """What comes of it, without the boundary of a form."""
    response: Any = Response.__new__(Response)
    try:
        init(response, *args, **keywords)
    except Exception as error:
        return type(error).__name__, str(error).replace("__init__", "f")
    js_response = response.js_object
    headers = [[pair[0], pair[1].split("boundary=")[0]] for pair in js.Array.from_(js_response.headers)]
    state = {name for name in vars(response) if name != "js_response"}
    text = "" if isinstance(args[0] if args else None, FormData) else run_sync(js_response.clone().text())
    return js_response.status, js_response.statusText, headers, text, state, response.url, response.ok


def test_the_installed_version_is_known() -> None:
    assert _ORIGINAL is not None
    assert "/blockon/" in Response.__init__.__code__.co_filename
    assert _sdk_messages.request_maker(Request) is not Request


@pytest.mark.parametrize(("args", "keywords"), _CALLS, ids=repr)
def test_a_response_is_the_same(args: tuple[Any, ...], keywords: dict[str, Any]) -> None:
    assert said(Response.__init__, args, keywords) == said(_ORIGINAL, args, keywords)


def test_a_derived_response_has_what_it_gives() -> None:
    derived = Derived("text")
    assert (derived.status, derived.headers["a"], run_sync(derived.text())) == (201, "b", "text")


def test_a_request_that_came_in_is_the_same() -> None:
    came = js.Request.new("http://h/a?b=c", method="POST", body="text")
    made = _sdk_messages.request_maker(Request)(came)
    assert type(made) is Request
    assert vars(made) == vars(Request(came))


def test_a_request_of_another_sdk_is_made_by_itself() -> None:
    class Other(Request):
        def __init__(self, given: Any) -> None:
            self.given = given

    assert _sdk_messages.request_maker(Other) is Other


def test_an_answer_is_javascripts_response() -> None:
    response = Response("text")
    assert _answers.to_js_response(response, str) == response.js_object
    assert _answers.to_js_response(response.js_object, str) == response.js_object

    class Odd:
        js_object = "text"

    for odd in (None, "text", Odd(), Odd, object()):
        with pytest.raises(HandlerError):
            _answers.to_js_response(odd, lambda: "fetch")


class Plain(WorkerEntrypoint):
    pass


class OfPlain(Plain):
    kind = "of one of a Worker's own"

    def method(self) -> Any:
        return self.ctx, self.env


class WithInit(WorkerEntrypoint):
    def __init__(self, ctx: Any, env: Any) -> None:
        super().__init__(ctx, env)
        self.more = type(env).__name__


class OfWithInit(WithInit):
    pass


class WithNew(WorkerEntrypoint):
    def __new__(cls, *_: Any) -> Any:
        made = super().__new__(cls)
        made.more = "new"
        return made


class WithSlots(WorkerEntrypoint):
    __slots__ = ("more",)

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, (name, value) if name == "ctx" else value)


class Meta(type):
    def __call__(cls, *arguments: Any) -> Any:
        made = super().__call__(*arguments)
        made.more = "meta"
        return made


class WithMeta(WorkerEntrypoint, metaclass=Meta):
    pass


class Other:
    def __init__(self, ctx: Any, env: Any) -> None:
        self.ctx, self.env = env, ctx


@pytest.mark.parametrize("class_", [Plain, OfPlain, WithInit, OfWithInit, WithNew, WithSlots, WithMeta, Other])
def test_an_entrypoint_is_the_same(class_: Any) -> None:
    make = _sdk_entrypoints.entrypoint_maker(class_)
    assert (make is not class_) == (class_ in (Plain, OfPlain))
    ctx, env = js.Object.new(), js.JSON.parse('{"NAME": "value"}')
    for given in (env, class_(ctx, env).env):
        made, expected = make(ctx, given), class_(ctx, given)
        assert type(made) is type(expected)
        of_made, of_expected = vars(made), vars(expected)
        assert list(of_made) == list(of_expected)
        assert str(of_made["ctx"]) == str(of_expected["ctx"])
        if class_ is not Other:
            assert type(made.env) is type(expected.env)
            assert (made.env is given) == (expected.env is given)
            assert made.env.NAME == "value"


def test_an_sdk_that_is_not_known_makes_its_entrypoints_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WorkerEntrypoint, "__init__", lambda self, ctx, env: None)
    assert _sdk_entrypoints.entrypoint_maker(Plain) is Plain
