"""The handlers of a Worker's module: what is found, what each is called with, and what an author is told."""

from __future__ import annotations

import functools
import types
from typing import Any

import pytest
import workers
from blockon import _rpc
from blockon._answers import to_js_response
from blockon._handler_errors import HandlerError
from blockon._handlers import Handlers
from js import Array, Request, Response
from pyodide.ffi import run_sync, to_js
from pyodide.http import FetchResponse

HOW = r"write `async def fetch\(self, request\)`"


def module(source: str) -> types.ModuleType:
    made = types.ModuleType("entry")
    made.__file__ = "/session/metadata/entry.py"
    exec(compile(source, made.__file__, "exec"), made.__dict__)
    return made


def handlers(source: str) -> Handlers:
    return Handlers(module(f"from workers import WorkerEntrypoint, handler\n{source}"))


@pytest.mark.parametrize(
    ("parameters", "given"),
    [
        ("", ()),
        ("request", ("r",)),
        ("request, env", ("r", "e")),
        ("request, env, ctx", ("r", "e", "c")),
        ("request, /, env", ("r", "e")),
        ("*everything", ("r", "e", "c")),
        ("request, *others", ("r", "e", "c")),
        ("request, env=None, ctx=None, more=None", ("r", "e", "c")),
        ("request, *, option=1", ("r",)),
        ("request, **options", ("r",)),
        ("request=None, env=None", ("r", "e")),
    ],
)
def test_functions_get_as_much_as_they_take(parameters: str, given: tuple[str, ...]) -> None:
    found = handlers(f"def on_fetch({parameters}): return tuple(v for v in locals().values() if isinstance(v, str))")
    if "*" in parameters and "option" not in parameters:
        found = handlers("def on_fetch(*everything): return everything")
    assert found.find("fetch")("r", "e", "c") == given


def test_methods_get_as_much_as_they_take() -> None:
    found = handlers(
        "class Default(WorkerEntrypoint):\n"
        "    def __init__(self, ctx, env):\n"
        "        super().__init__(ctx, env)\n"
        "        self.name = 'made'\n"
        "    def fetch(self, request): return (self.name, request.url, type(request), self.ctx)\n"
        "    def scheduled(self, controller, env, ctx): return (controller, env, ctx)\n"
    )
    ctx = types.SimpleNamespace(waitUntil=None)
    env = types.SimpleNamespace(NAME="variable")
    given = Request.new("http://host.example/")
    assert found.find("fetch")(given, env, ctx) == ("made", "http://host.example/", workers.Request, ctx)
    controller, its_env, its_ctx = found.find("scheduled")("s", env, ctx)
    assert (controller, its_env.NAME, its_ctx) == ("s", "variable", ctx)
    assert found.events() == ["fetch", "scheduled"]


@pytest.mark.parametrize(
    ("parameters", "given"),
    [
        ("self, ctx, env", ("c", "e")),
        ("self, ctx, env, more=1", ("c", "e")),
        ("self, *everything", ("c", "e")),
        ("self, ctx, *, option=1, **more", None),
        ("self, ctx, env, *, option=1", ("c", "e")),
        ("self, ctx, env, *, option", None),
        ("self, ctx, env, more", None),
        ("self, ctx", None),
    ],
)
def test_classes_are_made_as_they_can_be(parameters: str, given: tuple[str, ...] | None) -> None:
    source = (
        f"class Default:\n    def __init__({parameters}): self.given = locals()\n"
        "    def fetch(self, request): return 'made'\n"
        "    def scheduled(self): return self.given\n"
    )
    if given is None:
        with pytest.raises(HandlerError, match=r"cannot be made with \(ctx, env\)"):
            handlers(source)
        return
    made = handlers(source).find("scheduled")("s", "e", "c")
    assert made.get("everything", (made.get("ctx"), made.get("env"))) == given


def test_classes_that_are_made_otherwise() -> None:
    made = module(
        "class Meta(type):\n    def __call__(cls, ctx): return super().__call__()\n"
        "class Default(metaclass=Meta):\n    def __init__(self): pass\n    def fetch(self, request): pass\n"
    )
    with pytest.raises(HandlerError, match=r"cannot be made with \(ctx, env\)"):
        Handlers(made)
    made = module(
        "class Default:\n    def __new__(cls, ctx, env): return super().__new__(cls)\n"
        "    def scheduled(self, controller): return controller\n"
    )
    assert Handlers(made).find("scheduled")("s", None, None) == "s"


def test_what_wraps_a_handler_is_given_what_that_takes() -> None:
    found = handlers(
        "import functools\n"
        "def on_scheduled(controller): return controller\n"
        "@functools.wraps(on_scheduled)\ndef wrapper(*given): return given\n"
        "on_scheduled = wrapper\n"
        "class Base:\n    @staticmethod\n    def fetch(request): return ('static', request)\n"
        "class Default(Base):\n    def __init__(self, ctx, env): pass\n"
    )
    assert found.find("scheduled")("s", "e", "c") == ("s",)
    assert found.find("fetch")(Request.new("http://host.example/"), None, None)[0] == "static"


def test_methods_may_take_nothing_but_the_instance() -> None:
    found = handlers(
        "class Default(WorkerEntrypoint):\n"
        "    def fetch(self): return self.ctx\n"
        "    def scheduled(_): return 'scheduled'\n"
    )
    ctx = types.SimpleNamespace(waitUntil=None)
    assert found.find("fetch")(Request.new("http://host.example/"), None, ctx) == ctx
    assert found.find("scheduled")("s", None, ctx) == "scheduled"


def test_both_forms_in_one_module() -> None:
    found = handlers(
        "class Default(WorkerEntrypoint):\n    def fetch(self, request): return 'method'\n"
        "def on_fetch(request): return 'function'\n"
        "def on_scheduled(controller): return 'scheduled'\n"
    )
    ctx = types.SimpleNamespace(waitUntil=None)
    assert found.find("fetch")(Request.new("http://host.example/"), None, ctx) == "method"
    assert found.find("scheduled")("s", None, ctx) == "scheduled"


def test_methods_of_other_kinds() -> None:
    found = handlers(
        "class Default(WorkerEntrypoint):\n"
        "    @staticmethod\n    def fetch(request, env): return ('static', request.url)\n"
        "    @classmethod\n    def scheduled(cls, controller): return (cls.__name__, controller)\n"
    )
    ctx = types.SimpleNamespace(waitUntil=None)
    given = Request.new("http://host.example/")
    assert found.find("fetch")(given, None, ctx) == ("static", "http://host.example/")
    assert found.find("scheduled")("s", None, ctx) == ("Default", "s")


def test_the_sdks_decorator_and_others() -> None:
    found = handlers("@handler\ndef on_fetch(request, env): return (request, env)\n")
    assert found.find("fetch")("r", None, "c")[0] == "r"
    made = module("")
    made.on_fetch = functools.partial(lambda kind, request: (kind, request), "partial")  # type: ignore[attr-defined]
    assert Handlers(made).find("fetch")("r", "e", "c") == ("partial", "r")


def test_queue_batches_are_the_sdks() -> None:
    found = handlers("class Default(WorkerEntrypoint):\n    async def queue(self, batch): return batch.queue\n")
    ctx = types.SimpleNamespace(waitUntil=None)
    batch = to_js({"queue": "jobs"}, dict_converter=__import__("js").Object.fromEntries)
    assert run_sync(found.find("queue")(batch, None, ctx)) == "jobs"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("x = 1", r"entry.py defines no handler: write `def on_fetch\(request, env\)`, or `class Default"),
        ("def fetch(request): pass", r"no handler: rename fetch \(entry.py:2\) to on_fetch"),
        ("class Main(WorkerEntrypoint):\n    def fetch(self, r): pass", r"rename class Main.* to Default"),
        ("Default = 3", r"Default in .*entry.py is no class but int; write `class Default\(WorkerEntrypoint\)`"),
        ("class Default(WorkerEntrypoint): pass", r"class Default.* has no methods: write `async def fetch"),
        (
            "class Default:\n    def fetch(self, r): pass",
            r"cannot be made with \(ctx, env\): write `class Default\(Work",
        ),
        ("class Default(WorkerEntrypoint):\n    fetch = 3", rf"Default.fetch is no function but int: {HOW}"),
        ("class Default(WorkerEntrypoint):\n    def fetch(): pass", rf"fetch \(entry.py:3\) has no self: {HOW}"),
        (
            "class Default(WorkerEntrypoint):\n    def fetch(request): pass",
            rf"fetch \(entry.py:3\) has no self: {HOW}",
        ),
        (
            "class Default(WorkerEntrypoint):\n    def fetch(self, a, b, c, d): pass",
            rf"Default.fetch \(entry.py:3\) asks for 4 arguments \(a, b, c, d\), and is given 3: {HOW}",
        ),
        ("on_fetch = 'text'", r"on_fetch is no function but str: write `async def on_fetch\(request, env, ctx\)`"),
        ("def on_fetch(request, *, key): pass", r"on_fetch \(entry.py:2\) asks for the keyword argument key"),
    ],
)
def test_what_an_author_is_told_when_the_worker_is_loaded(source: str, text: str) -> None:
    with pytest.raises(HandlerError, match=text):
        handlers(source)


@pytest.mark.parametrize(
    ("name", "attribute", "text"),
    [
        (
            "fastapi",
            "FastAPI",
            r"to serve the application app, write `from workers import asgi` and `Default = asgi.entry",
        ),
        ("flask", "Flask", r"to serve the application app, write `from workers import wsgi` and `Default = wsgi.entry"),
    ],
)
def test_applications_of_frameworks_are_known(name: str, attribute: str, text: str) -> None:
    app = getattr(pytest.importorskip(name), attribute)
    made = module("")
    made.app = app("entry") if name == "flask" else app()  # type: ignore[attr-defined]
    with pytest.raises(HandlerError, match=text):
        Handlers(made)
    made.Default = made.app  # type: ignore[attr-defined]
    with pytest.raises(HandlerError, match=f"is a {attribute} application; write"):
        Handlers(made)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (
            "def on_scheduled(c): pass",
            r"entry.py has no handler for fetch: write `async def on_fetch\(request, env, ctx\)`",
        ),
        (
            "class Default(WorkerEntrypoint):\n    def scheduled(self, c): pass",
            r"no handler for fetch: write `async def fetch\(self, request\)` in class Default",
        ),
        (
            "class Default(WorkerEntrypoint):\n    def add(self, a, b): return a + b",
            r"no handler for fetch: write `async def fetch\(self, request\)` in class Default",
        ),
    ],
)
def test_what_an_author_is_told_of_an_event_without_a_handler(source: str, text: str) -> None:
    with pytest.raises(HandlerError, match=text):
        handlers(source).find("fetch")


def describe() -> str:
    return "Default.fetch (entry.py:3)"


def test_responses_of_all_kinds() -> None:
    of_js = Response.new("js")
    assert to_js_response(of_js, describe) is of_js
    of_sdk = workers.Response("sdk")
    assert to_js_response(of_sdk, describe) is of_sdk.js_object
    assert to_js_response(FetchResponse("", of_js), describe) is of_js


async def _generator() -> Any:
    yield 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (
            None,
            r"Default.fetch \(entry.py:3\) returned None; return a Response .*: is there a way through it without `ret",
        ),
        ({"a": 1}, r"returned dict; return a Response: `Response.json"),
        ("text", r"returned str; return a Response: `Response\("),
        (("text", 404), r"returned tuple; return a Response, whose status and headers are arguments"),
        (workers.Response, r"returned the class Response; make one: `Response\(...\)`"),
        (_generator(), r"returned async_generator: a handler with `yield`"),
        (404, r"returned int; return a Response"),
    ],
)
def test_what_an_author_is_told_of_other_answers(value: Any, text: str) -> None:
    with pytest.raises(HandlerError, match=text):
        to_js_response(value, describe)


RPC = """
class Default(WorkerEntrypoint):
    greeting = "hello"
    def add(self, a, b): return a + b
    async def later(self, value): return {"value": value, "env": self.env.NAME}
    def fetch(self, request): return None
    def _hidden(self): return 1
    @property
    def name(self): return "a name"
class Other(WorkerEntrypoint):
    def ping(self): return "pong"
class Plain: pass
"""


def test_calls_from_other_workers() -> None:
    found = handlers(RPC)
    env, ctx = types.SimpleNamespace(NAME="variable"), types.SimpleNamespace(waitUntil=None)
    entrypoint = found.entrypoint("")
    assert _rpc.call(entrypoint, "add", Array.of(1, 2), env, ctx) == 3
    result = run_sync(_rpc.call(entrypoint, "later", to_js([[1, None]]), env, ctx))
    assert workers.python_from_rpc(_rpc.to_js(result)) == {"value": [1, None], "env": "variable"}
    assert _rpc.call(entrypoint, "name", None, env, ctx) == "a name"
    assert _rpc.call(found.entrypoint("Other"), "ping", Array.new(), env, ctx) == "pong"
    for name in ("_hidden", "__class__", "env", "ctx", "missing", "then"):
        with pytest.raises(TypeError, match=f'does not implement the method "{name}"'):
            _rpc.call(entrypoint, name, Array.new(), env, ctx)
    with pytest.raises(TypeError, match=r"Default.greeting is no method but str"):
        _rpc.call(entrypoint, "greeting", Array.new(), env, ctx)
    with pytest.raises(TypeError, match=r"Default.add is a method: call it"):
        _rpc.call(entrypoint, "add", None, env, ctx)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Missing", r"entry.py has no class Missing: write `class Missing\(WorkerEntrypoint\)` with the methods"),
        ("Plain", r"class Plain.* is no WorkerEntrypoint: write `class Plain\(WorkerEntrypoint\)`"),
    ],
)
def test_entrypoints_that_are_none(name: str, text: str) -> None:
    with pytest.raises(HandlerError, match=text):
        handlers(RPC).entrypoint(name)
