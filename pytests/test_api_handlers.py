"""Which handlers of a module the Python API takes, and what an author is told."""

from __future__ import annotations

import types
from typing import Any

import pytest
from blockon._api.handlers import ApiHandlers, find
from blockon._handler_errors import HandlerError


def handlers(source: str) -> ApiHandlers | None:
    made = types.ModuleType("entry")
    made.__file__ = "/session/metadata/entry.py"
    exec(compile(f"from blockon import WorkerEntrypoint\n{source}", made.__file__, "exec"), made.__dict__)
    return find(made)


def found(source: str) -> ApiHandlers:
    made = handlers(source)
    assert made is not None
    return made


@pytest.mark.parametrize(
    ("parameters", "given"),
    [
        ("", ()),
        ("request", ("r",)),
        ("request, env", ("r", "e")),
        ("request, env, ctx", ("r", "e", "c")),
        ("*everything", ("r", "e", "c")),
        ("request, env=None, ctx=None, more=None", ("r", "e", "c")),
    ],
)
def test_functions_get_as_much_as_they_take(parameters: str, given: tuple[str, ...]) -> None:
    body = "everything" if "*" in parameters else "tuple(v for v in locals().values() if v is not None)"
    assert found(f"def fetch({parameters}): return {body}").find("fetch")("r", "e", "c") == given


def test_methods_get_as_much_as_they_take() -> None:
    made: Any = found(
        "class Default(WorkerEntrypoint):\n"
        "    def fetch(self, request): return (request, self.env, self.ctx)\n"
        "    async def scheduled(self, event, env): ...\n"
    )
    assert made.find("fetch")("r", "e", "c") == ("r", "e", "c")
    assert made.events() == ["fetch", "scheduled"]
    assert made.describe("fetch") == "Default.fetch (entry.py:3)"


@pytest.mark.parametrize(
    "source",
    [
        "on_fetch = print\ndef fetch(request): ...",
        "def on_scheduled(event): ...\ndef fetch(request): ...",
        "class Default: ...\ndef fetch(request): ...",
        "from blockon._api.host import finish as fetch",
        "fetch = 1",
        "fetch = print",
        "a = 1",
    ],
)
def test_what_is_for_others(source: str) -> None:
    assert handlers(source) is None


def test_a_decorated_function_is_the_modules_own() -> None:
    made = found(
        "import functools\n"
        "def doubled(function):\n"
        "    @functools.wraps(function)\n"
        "    def wrapped(*given): return function(*given) * 2\n"
        "    return wrapped\n"
        "@doubled\n"
        "def fetch(request): return request"
    )
    assert made.find("fetch")("r", "e", "c") == "rr"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("def fetch(a, b, c, d): ...", r"fetch \(entry\.py:2\) asks for 4 arguments \(a, b, c, d\), and is given 3"),
        ("class Default(WorkerEntrypoint): ...", r"class Default \(entry\.py:2\) has no methods"),
        (
            "class Default(WorkerEntrypoint):\n    def fetch(request): ...",
            r"Default\.fetch \(entry\.py:3\) has no self: write `async def fetch\(self, request\)`",
        ),
    ],
)
def test_what_cannot_be_called(source: str, told: str) -> None:
    with pytest.raises(HandlerError, match=told):
        handlers(source)


def test_what_others_may_call() -> None:
    made = found(
        "class Base(WorkerEntrypoint):\n"
        "    def inherited(self): return self.env\n"
        "class Default(Base):\n"
        "    value = 1\n"
        "    def _hidden(self): ...\n"
        "class Admin(WorkerEntrypoint):\n"
        "    def name(self): return 'admin'\n"
        "class Other: ...\n"
    )
    assert made.method("", "inherited", "e", "c")() == "e"
    assert made.method("Admin", "name", "e", "c")() == "admin"
    assert made.method("Default", "value", "e", "c") == 1
    for name in ("_hidden", "__init__", "env", "ctx", "none"):
        with pytest.raises(TypeError, match="does not implement"):
            made.method("", name, "e", "c")
    with pytest.raises(HandlerError, match=r"class Other \(entry\.py:9\) is no WorkerEntrypoint"):
        made.entrypoint("Other")
    with pytest.raises(HandlerError, match=r"has no class None_"):
        made.entrypoint("None_")


def test_an_event_without_a_handler() -> None:
    with pytest.raises(HandlerError, match=r"has no handler for scheduled: write `def scheduled\(event, env, ctx\)`"):
        found("def fetch(request): ...").find("scheduled")
    with pytest.raises(HandlerError, match=r"write `def scheduled\(self, event\)` in class Default \(entry\.py:2\)"):
        found("class Default(WorkerEntrypoint):\n    def fetch(self, request): ...").find("scheduled")
