"""Flask and Werkzeug: a request a thread, each with its own context."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import flask
import requests
from werkzeug.test import EnvironBuilder, run_wsgi_app

MEETING = 20.0


def test_requests_in_threads_keep_their_contexts_apart() -> None:
    app = flask.Flask(__name__)
    barrier = threading.Barrier(6)
    ended: list[int] = []

    @app.get("/<int:number>")
    def view(number: int) -> dict[str, object]:
        flask.g.number = number
        barrier.wait(MEETING)
        return {"path": flask.request.path, "number": flask.g.number}

    @app.teardown_request
    def end(_: BaseException | None) -> None:
        ended.append(flask.g.number)

    def get(number: int) -> dict[str, object]:
        return app.test_client().get(f"/{number}").get_json()

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(get, range(6)))
    assert answers == [{"path": f"/{i}", "number": i} for i in range(6)]
    assert sorted(ended) == list(range(6))


def test_views_block_on_other_servers(server: str) -> None:
    app = flask.Flask(__name__)

    @app.post("/forward")
    def forward() -> str:
        return requests.post(f"{server}/echo", data=flask.request.get_data(), timeout=MEETING).json()["body"]

    assert app.test_client().post("/forward", data=b"body").text == "body"


def test_sessions_redirects_and_errors() -> None:
    app = flask.Flask(__name__)
    app.secret_key = "for the tests"

    @app.get("/login/<name>")
    def login(name: str) -> object:
        flask.session["name"] = name
        return flask.redirect(flask.url_for("whoami"))

    @app.get("/whoami")
    def whoami() -> str:
        return flask.session.get("name", "nobody")

    @app.errorhandler(404)
    def nothing(_: Exception) -> tuple[dict[str, str], int]:
        return {"error": "nothing here"}, 404

    @app.get("/fails")
    def fails() -> None:
        raise LookupError

    client = app.test_client()
    assert client.get("/login/ada", follow_redirects=True).text == "ada"
    assert app.test_client().get("/whoami").text == "nobody"
    assert client.get("/elsewhere").get_json() == {"error": "nothing here"}
    assert client.get("/fails").status_code == 500


def test_streams_run_inside_their_request() -> None:
    app = flask.Flask(__name__)

    @app.get("/")
    def view() -> flask.Response:
        def parts() -> Iterator[str]:
            for word in flask.request.args["words"].split("-"):
                time.sleep(0.001)
                yield word

        return flask.Response(flask.stream_with_context(parts()))

    assert app.test_client().get("/?words=a-b-c").text == "abc"


def test_a_plain_call_of_the_wsgi_application() -> None:
    app = flask.Flask(__name__)
    closed: list[bool] = []

    @app.put("/upload")
    def upload() -> flask.Response:
        response = flask.Response(flask.request.stream.read()[::-1], 201, {"X-Length": flask.request.content_length})
        response.call_on_close(lambda: closed.append(True))
        return response

    environ = EnvironBuilder("/upload", method="PUT", data=b"abc").get_environ()
    body, status, headers = run_wsgi_app(app, environ, buffered=True)
    assert (b"".join(body), status, headers["X-Length"]) == (b"cba", "201 CREATED", "3")
    assert closed == [True]
