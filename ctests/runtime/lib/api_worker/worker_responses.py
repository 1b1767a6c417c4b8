"""What handlers may return, by path."""

import asyncio
import datetime
import itertools

import httpx
import requests
import starlette.responses
import werkzeug
from blockon import URL, HTMLResponse, JSONResponse, RedirectResponse, Request, Response, StreamingResponse
from worker_routes import at, seen, told


@at("/text")
def text(request, env, ctx):
    return "grün"


@at("/bytes")
def some_bytes(request, env, ctx):
    return b"\x00\xff"


@at("/dict")
async def a_dict(request, env, ctx):
    await asyncio.sleep(0)
    return {"a": None, "ü": [1.5]}


@at("/html")
def html(request, env, ctx):
    return HTMLResponse("<p>hi", 404, {"X-Extra": "1"})


@at("/json")
def a_json(request, env, ctx):
    return JSONResponse({"a": 1}, 201, [("x-a", "1"), ("x-a", "2")])


@at("/redirect")
def redirect(request, env, ctx):
    return RedirectResponse("/grün?a=b c", 303)


@at("/cookies")
def cookies(request, env, ctx):
    response = Response(None, 204)
    response.set_cookie("a", "b c", max_age=60, secure=True, httponly=True, samesite="strict", domain="example.com")
    response.set_cookie("end", expires=datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC), path="/x", samesite=None)
    response.delete_cookie("old")
    response.headers["x-one"] = "1"
    response.headers["X-One"] = "2"
    response.headers.append("x-many", "a")
    response.headers.append("x-many", "b")
    response.headers.setdefault("x-one", "3")
    del response.headers["x-none"]
    return response


@at("/pieces")
def pieces(request, env, ctx):
    return StreamingResponse((f"{number}," for number in range(5)), media_type="text/plain")


@at("/async-pieces")
async def pieces_async(request, env, ctx):
    async def numbers():
        for number in range(5):
            await asyncio.sleep(0)
            yield f"{number},".encode()

    return StreamingResponse(numbers())


@at("/starlette")
def of_starlette(request, env, ctx):
    response = starlette.responses.JSONResponse({"of": "starlette"}, 202)
    response.set_cookie("a", "b")
    return response


@at("/starlette-stream")
async def of_starlette_stream(request, env, ctx):
    async def numbers():
        for number in range(3):
            yield str(number)

    return starlette.responses.StreamingResponse(numbers(), media_type="text/plain")


@at("/werkzeug")
def of_werkzeug(request, env, ctx):
    response = werkzeug.Response("of werkzeug", 202, {"X-A": "1"}, content_type="text/plain")
    response.set_cookie("a", "b")
    return response


@at("/werkzeug-stream")
def of_werkzeug_stream(request, env, ctx):
    return werkzeug.Response((str(number) for number in range(3)), content_type="text/plain")


@at("/httpx")
def of_httpx(request, env, ctx):
    headers = [("x-a", "1"), ("x-a", "2"), ("connection", "keep-alive"), ("content-encoding", "identity")]
    return httpx.Response(203, headers=headers, text="of httpx")


@at("/httpx-upstream")
async def of_httpx_upstream(request, env, ctx):
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(request.query_params["url"])


@at("/httpx-stream")
def of_httpx_stream(request, env, ctx):
    client = httpx.Client(trust_env=False)
    return client.send(client.build_request("GET", request.query_params["url"]), stream=True)


@at("/requests")
def of_requests(request, env, ctx):
    return requests.get(request.query_params["url"], timeout=20)


@at("/requests-stream")
def of_requests_stream(request, env, ctx):
    return requests.get(request.query_params["url"], stream=True, timeout=20)


def watched(pieces):
    seen.clear()
    try:
        yield from pieces
    finally:
        seen.append("closed")


async def watched_async(pieces):
    seen.clear()
    try:
        for piece in pieces:
            await asyncio.sleep(0.001)
            yield piece
    finally:
        seen.append("closed")


def failing_pieces():
    yield "a" * 100_000
    raise ValueError("a piece")


@at("/failing")
def failing(request, env, ctx):
    return StreamingResponse(watched(failing_pieces()))


@at("/async-failing")
def failing_async(request, env, ctx):
    return StreamingResponse(watched_async(failing_pieces()))


@at("/endless")
def endless(request, env, ctx):
    return StreamingResponse(watched(itertools.repeat("a" * 10_000)))


@at("/async-endless")
def endless_async(request, env, ctx):
    return StreamingResponse(watched_async(itertools.repeat(b"a" * 10_000)))


@at("/wrong")
def wrong(request, env, ctx):
    kind = request.query_params["kind"]

    def generator():
        yield "piece"

    return {
        "none": None,
        "class": Response,
        "tuple": ("text", 404),
        "generator": generator(),
        "function": generator,
        "number": 1,
        "nan": {"a": float("nan")},
    }[kind]


@at("/raises")
def raises(request, env, ctx):
    raise ValueError("on purpose")


@at("/mistakes")
def mistakes(request, env, ctx):
    return [
        told(Response, {"a": 1}),
        told(Response, "a", 99),
        told(Response, "a", 204),
        told(Response, headers={"a b": "c"}),
        told(Response, headers={"a": "b\nc"}),
        told(Response, headers={"a": "\u20ac"}),
        told(Response, headers={"a": 1}),
        told(StreamingResponse, "whole"),
        told(StreamingResponse, 1),
        told(JSONResponse, {1, 2}),
        told(RedirectResponse, "/", 200),
        told(Response().set_cookie, "a b", "c"),
        told(Response().set_cookie, "a", samesite="some"),
        told(Response().set_cookie, "a", expires=datetime.datetime(2030, 1, 1)),
        told(Request, "GET", "http://any/", content="a", json=1),
        told(URL("http://any/").replace, place="a"),
    ]
