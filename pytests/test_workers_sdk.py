"""Cloudflare's workers-runtime-sdk on this runtime's host modules: each public name does what it does on Cloudflare."""

from __future__ import annotations

import datetime
import http
import importlib
import importlib.util
import sys
import threading
from http import HTTPMethod, HTTPStatus
from typing import Any

import js
import pytest
import workers
from pyodide.ffi import JsProxy, run_sync, to_js
from workers import FetchResponse, Request, Response, WorkerEntrypoint, handler, patch_env
from workers.workflows import NonRetryableError

URL = "http://host.example/path?q=1"


def test_every_public_name_is_there() -> None:
    for name in workers.__all__:
        assert getattr(workers, name) is not None


def test_the_host_modules() -> None:
    import _cloudflare_compat_flags
    import _pyodide_entrypoint_helper
    from _cloudflare import allow_entropy, import_patch_manager

    assert _cloudflare_compat_flags.python_workers is True
    assert _cloudflare_compat_flags.no_such_flag is False
    assert not hasattr(_cloudflare_compat_flags, "__path__")
    assert _pyodide_entrypoint_helper.cloudflareWorkersModule.env is not None
    with allow_entropy.allow_bad_entropy_calls(1):
        assert not allow_entropy.is_bad_entropy_enabled()

    @import_patch_manager.register_exec_patch("no_such_module")
    def patch(module: object) -> object:
        return module

    assert patch(1) == 1
    import_patch_manager.block_calls(sys, allowlist=("exit",))
    assert importlib.util.find_spec("_cloudflare") is not None


def test_the_sdks_patches_leave_packages_as_they_are() -> None:
    importlib.import_module("_workers_sdk_patch_loader")
    import anyio.to_thread
    import urllib3.util.ssl_

    thread = run_sync(anyio.to_thread.run_sync(threading.get_ident))
    assert thread != threading.get_ident()
    assert urllib3.util.ssl_.ssl is sys.modules["ssl"]


class TestRequest:
    def test_of_a_url(self) -> None:
        request = Request(URL, method=HTTPMethod.PUT, headers={"X-A": "1"}, body="text")
        assert (request.method, request.url, request.headers["x-a"]) == (HTTPMethod.PUT, URL, "1")
        assert repr(request) == f"Request(method='PUT', url='{URL}')"
        assert run_sync(request.text()) == "text"
        assert request.body_used
        with pytest.raises(OSError, match="Body already used"):
            run_sync(request.text())

    @pytest.mark.parametrize(
        "headers", [{"x-a": "1"}, [("x-a", "1")], js.Headers.new([["x-a", "1"]])], ids=["dict", "list", "Headers"]
    )
    def test_headers_of_each_kind(self, headers: Any) -> None:
        assert Request(URL, headers=headers).headers.items() == [("x-a", "1")]

    def test_of_a_request(self) -> None:
        of_js = js.Request.new(URL)
        assert Request(of_js).js_object is of_js
        copy = Request(Request(URL, method="POST", body=b"\x00\xff"))
        assert run_sync(copy.bytes()) == b"\x00\xff"
        with pytest.raises(ValueError, match="no options"):
            Request(of_js, method="POST")

    def test_bodies(self) -> None:
        assert run_sync(Request(URL, method="POST", body='{"a": [1]}').json()) == {"a": [1]}
        assert run_sync(Request(URL, method="POST", body=b"ab").buffer()).to_bytes() == b"ab"

    def test_clone(self) -> None:
        request = Request(URL, method="POST", body="text")
        assert run_sync(request.clone().text()) == run_sync(request.text()) == "text"

    def test_body_is_a_stream(self) -> None:
        async def read() -> bytes:
            request = Request(URL, method="POST", body="streamed")
            return b"".join([chunk.to_bytes() async for chunk in request.body])

        assert run_sync(read()) == b"streamed"

    def test_what_cloudflare_knows_is_none_here(self) -> None:
        assert Request(URL).cf is None
        assert Request(URL).redirect == "follow"


class TestResponse:
    def test_text_and_options(self) -> None:
        response = Response("text", status=HTTPStatus.CREATED, status_text="Made", headers={"X-A": "1"})
        assert (response.status, response.status_text, response.headers["x-a"]) == (201, "Made", "1")
        assert repr(response) == "Response(status=201, status_text='Made', content_type='text/plain;charset=UTF-8')"
        assert run_sync(response.text()) == "text"

    def test_bytes_and_nothing(self) -> None:
        assert run_sync(Response(b"\x00\xff").bytes()) == b"\x00\xff"
        assert run_sync(Response(None, status=204).bytes()) == b""

    def test_json(self) -> None:
        for response in (Response.json({"a": [1, None]}), Response.from_json({"a": [1, None]}, status=201)):
            assert response.headers["content-type"] == "application/json"
            assert run_sync(response.json()) == {"a": [1, None]}

    def test_redirect_and_errors(self) -> None:
        redirect = Response.redirect("http://host.example/there", 303)
        assert (redirect.status, redirect.headers["location"]) == (303, "http://host.example/there")
        with pytest.raises(TypeError, match="Unsupported type in Response: dict"):
            Response({"a": 1})
        with pytest.raises(ValueError):
            Response.redirect("http://host.example/", 200)

    def test_of_a_javascript_response(self) -> None:
        of_js = js.Response.new("text", status=202)
        assert Response(of_js).status == 202
        with pytest.raises(ValueError, match="no options"):
            Response(of_js, status=200)

    def test_of_a_stream(self) -> None:
        stream = js.Response.new("streamed").body
        assert run_sync(Response(stream).text()) == "streamed"

    def test_replace_body(self) -> None:
        replaced = Response("one", status=201, headers={"x-a": "1"}).replace_body("two")
        assert (replaced.status, replaced.headers["x-a"], run_sync(replaced.text())) == (201, "1", "two")

    def test_cookies_stay_apart(self) -> None:
        response = Response("", headers=[("set-cookie", "a=1"), ("set-cookie", "b=2")])
        assert response.headers.get_all("set-cookie") == ["a=1", "b=2"]

    def test_web_socket(self) -> None:
        client, server = js.WebSocketPair.new().object_values()
        server.accept()
        response = Response(None, status=101, web_socket=client)
        assert response.js_object.webSocket == client


def test_fetch(server: str) -> None:
    response = run_sync(workers.fetch(f"{server}/echo", method=HTTPMethod.POST, body="sent", headers={"x-a": "1"}))
    assert isinstance(response, Response)
    assert isinstance(response, FetchResponse)
    echoed = run_sync(response.json())
    assert (response.status, echoed["body"]) == (200, "sent")
    again = run_sync(workers.fetch(Request(f"{server}/echo", method="POST", body="again")))
    assert run_sync(again.json())["body"] == "again"


def test_handler() -> None:
    @handler
    async def on_fetch(request: Request, env: Any) -> tuple[str, str]:
        return request.url, env.NAME

    env = to_js({"NAME": "variable"}, dict_converter=js.Object.fromEntries)
    assert run_sync(on_fetch(js.Request.new(URL), env)) == (URL, "variable")


def test_entrypoints_have_ctx_and_env() -> None:
    class Default(WorkerEntrypoint):
        def fetch(self, request: Request) -> Response:
            self.ctx.waitUntil(js.Promise.resolve(1))
            return Response(self.env.NAME)

    waited: list[Any] = []
    ctx = to_js({"waitUntil": waited.append}, dict_converter=js.Object.fromEntries)
    env = to_js({"NAME": "variable"}, dict_converter=js.Object.fromEntries)
    assert run_sync(Default(ctx, env).fetch(Request(URL)).text()) == "variable"
    assert len(waited) == 1


def test_env_and_patch_env() -> None:
    with pytest.raises(AttributeError):
        _ = workers.env.NAME
    with patch_env(NAME="variable", COUNT=3):
        assert (workers.env.NAME, workers.env.COUNT) == ("variable", 3)
    with patch_env({"NAME": "of a dict"}), patch_env([("OTHER", "of pairs")]):
        assert (workers.env.NAME, workers.env.OTHER) == ("of a dict", "of pairs")
    with pytest.raises(AttributeError):
        _ = workers.env.NAME


@pytest.mark.parametrize("name", ["waitUntil", "wait_until"])
def test_wait_until(name: str) -> None:
    done: list[int] = []

    async def later() -> None:
        done.append(1)

    getattr(workers, name)(later())
    while not done:
        run_sync(js.Promise.resolve(None).then(lambda _: None))
    assert done == [1]


def test_import_from_javascript() -> None:
    module = workers.import_from_javascript("cloudflare:workers")
    assert isinstance(module.env, JsProxy)
    assert callable(module.waitUntil)
    with pytest.raises(ImportError, match=r"Failed to import 'node:fs': .*there is no JavaScript module node:fs"):
        workers.import_from_javascript("node:fs")


def test_rpc_values() -> None:
    stamp = datetime.datetime(2026, 11, 29, 12, 30)
    value = {"text": "ä", "list": [1, None, True], "stamp": stamp, "nested": {"a": 1.5}}
    assert workers.python_from_rpc(workers.python_to_rpc(value)) == value
    assert workers.python_from_rpc(workers.python_to_rpc(None)) is None
    assert run_sync(workers.python_from_rpc(workers.python_to_rpc(Response("sent"))).text()) == "sent"
    assert workers.python_from_rpc(workers.python_to_rpc(Request(URL))).url == URL
    assert str(workers.python_from_rpc(workers.python_to_rpc(ValueError("told")))) == "Error: told"
    for bad in ((1, 2), bytearray(b"a")):
        with pytest.raises(TypeError, match="cannot be sent over RPC"):
            workers.python_to_rpc(bad)


def test_other_names() -> None:
    assert issubclass(NonRetryableError, Exception)
    assert workers.DurableObject is not None
    assert workers.WorkflowEntrypoint is not None
    assert http.HTTPStatus is HTTPStatus


class TestGateways:
    def test_are_this_runtimes(self) -> None:
        import asgi
        import wsgi
        from workers import asgi as workers_asgi
        from workers import wsgi as workers_wsgi

        assert asgi is workers_asgi
        assert wsgi is workers_wsgi
        assert asgi.__name__ == "blockon._workers_asgi"
        assert wsgi.__name__ == "blockon._workers_wsgi"

    def test_asgi(self) -> None:
        import asgi

        async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
            assert scope["type"] == "http"
            body = (await receive())["body"]
            await send({"type": "http.response.start", "status": 201, "headers": [(b"x-a", b"1")]})
            await send({"type": "http.response.body", "body": body + scope["env"].encode()})

        for request in (Request(URL, method="POST", body="sent "), js.Request.new(URL, method="POST", body="sent ")):
            response = run_sync(asgi.fetch(app, request, "bindings", None))
            assert (response.status, response.headers.get("x-a")) == (201, "1")
            assert run_sync(response.text()) == "sent bindings"

    def test_options(self) -> None:
        from workers import asgi, wsgi

        for module in (asgi, wsgi):
            assert module.Options(encode_body="manual").encode_body == "manual"
            with pytest.raises(ValueError, match="encode_body must be one of"):
                module.Options(encode_body="never")
            assert issubclass(module.entrypoint(lambda *_: None, options=module.Options()), WorkerEntrypoint)

    def test_the_bindings_as_a_dependency_of_fastapi(self) -> None:
        import asgi
        from fastapi import FastAPI

        app = FastAPI()

        @app.get("/path")
        async def path(bindings: Any = asgi.env) -> dict[str, str]:
            return {"env": bindings}

        response = run_sync(asgi.fetch(app, Request(URL), "the bindings"))
        assert workers.python_from_rpc(run_sync(response.json())) == {"env": "the bindings"}

    def test_wsgi(self) -> None:
        import wsgi

        def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response("201 Made", [("X-A", "1")])
            return [environ["wsgi.input"].read() + environ["workers.env"].encode()]

        response = run_sync(wsgi.fetch(app, Request(URL, method="POST", body="sent "), "bindings"))
        assert (response.status, response.statusText, response.headers.get("x-a")) == (201, "Made", "1")
        assert run_sync(response.text()) == "sent bindings"
        from blockon._wsgi_threads import end_idle

        end_idle()
