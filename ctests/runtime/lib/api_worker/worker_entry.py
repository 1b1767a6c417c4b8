"""What the Pythonic API does, by path: served by the runtime and by CPython, whose answers are compared."""

import asyncio
import contextvars
import datetime
import json
import threading

import worker_responses  # noqa: F401
import worker_sockets  # noqa: F401
from blockon import (
    URL,
    FormError,
    KVError,
    Request,
    Response,
    ServiceError,
    StreamingResponse,
    UploadFile,
    WorkerEntrypoint,
    wait_until,
)
from blockon import env as global_env
from worker_routes import at, routes, seen, told


def fetch(request, env, ctx):
    return routes[request.path](request, env, ctx)


def scheduled(event, env):
    seen.append([event.cron, event.scheduled_time.isoformat()])
    event.no_retry()


@at("/request")
def describe(request, env, ctx):
    url = request.url
    return {
        "method": request.method,
        "parts": [
            url.scheme,
            url.path,
            url.query,
            url.hostname,
            url.is_secure,
            str(url) == f"http://{url.netloc}{url.path}?{url.query}",
        ],
        "replaced": str(url.replace(scheme="https", netloc="example.com", query="a=1").include_query_params(b="ü")),
        "path": request.path,
        "query": request.query_params.multi_items(),
        "last": request.query_params.get("a"),
        "headers": [pair for pair in request.headers.items() if pair[0].startswith("x-")],
        "first": request.headers.get("X-Many"),
        "all": request.headers.getlist("x-many"),
        "cookies": request.cookies,
        "client": request.client.host,
    }


@at("/body")
def read(request, env, ctx):
    return [
        request.body().decode("latin-1"),
        told(request.text),
        told(request.json),
        told(request.text),
        told(lambda: list(request.stream())),
    ]


@at("/async-body")
async def read_async(request, env, ctx):
    body = await request.aio.body()
    return [len(body), await request.aio.text(), [len(piece) async for piece in request.aio.stream()]]


@at("/form")
def form(request, env, ctx):
    try:
        fields = request.form()
    except FormError as error:
        return Response(str(error), 400)
    return [
        [
            name,
            [value.filename, value.content_type, value.size, value.content.hex()]
            if isinstance(value, UploadFile)
            else value,
        ]
        for name, value in fields.multi_items()
    ]


@at("/upload")
def upload(request, env, ctx):
    size = sum(len(piece) for piece in request.stream())
    return {"size": size, "again": told(request.body)}


@at("/echo")
def echo(request, env, ctx):
    return StreamingResponse(request.stream(), headers={"content-type": "application/x-echo"})


@at("/async-echo")
async def echo_async(request, env, ctx):
    return StreamingResponse(request.aio.stream(), 201, media_type="application/x-echo")


@at("/kv")
def kv(request, env, ctx):
    cache = env.CACHE
    for key in list(cache.keys()):
        cache.delete(key.name)
    cache.put("a/text", "grün", metadata={"ü": [1, None]})
    cache.put("a/bytes", b"\xff\x00", expiration_ttl=datetime.timedelta(hours=1))
    cache.put("b/json", json.dumps({"a": 1}))
    cache.put("replacement", "\ufffd")
    found = cache.get_with_metadata("a/text")
    page = cache.list(limit=2)
    return {
        "text": cache.get("a/text"),
        "missing": cache.get("missing"),
        "bytes": cache.get("a/bytes", "bytes").hex(),
        "no text": told(cache.get, "a/bytes"),
        "replacement": cache.get("replacement"),
        "json": cache.get("b/json", "json"),
        "no json": told(cache.get, "a/text", type="json"),
        "metadata": [found.value, found.metadata],
        "no metadata": repr(cache.get_with_metadata("missing")),
        "many": cache.get_many(["a/text", "missing", "b/json"]),
        "many json": cache.get_many(["b/json"], "json"),
        "page": [[key.name for key in page.keys], page.complete],
        "next": [key.name for key in cache.list(cursor=page.cursor).keys],
        "prefix": [[key.name, key.metadata, key.expiration is None] for key in cache.keys("a/")],
        "deleted": [cache.delete("a/text"), cache.get("a/text")],
        "again": global_env.CACHE.get("b/json"),
    }


@at("/kv-async")
async def kv_async(request, env, ctx):
    cache = env.CACHE.aio
    await asyncio.gather(*(cache.put(f"async/{number}", str(number)) for number in range(3)))
    names = [key.name async for key in cache.keys("async/")]
    values = await asyncio.gather(*(cache.get(name) for name in names))
    page = await cache.list("async/", limit=1)
    more = await cache.get_many(names, "json")
    entry = await cache.get_with_metadata("async/0", "bytes")
    await cache.delete("async/0")
    return [names, values, page.complete, more, entry.value.decode(), await cache.get("async/0")]


@at("/kv-wrong")
def kv_wrong(request, env, ctx):
    cache = env.CACHE
    return [
        told(cache.get, 1),
        told(cache.get, ""),
        told(cache.get, "."),
        told(cache.get, "a" * 513),
        told(cache.get, "a", "stream"),
        told(cache.put, "a", {"a": 1}),
        told(cache.put, "a", b"a" * (25 * 1024 * 1024 + 1)),
        told(cache.put, "a", "a", metadata="a" * 1023),
        told(cache.put, "a", "a", metadata={1, 2}),
        told(cache.put, "a", "a", expiration_ttl=59),
        told(cache.put, "a", "a", expiration_ttl=-1),
        told(cache.put, "a", "a", expiration=1),
        told(cache.put, "a", "a", expiration=datetime.datetime(2030, 1, 1)),
        told(cache.put, "a", "a", expiration="soon"),
        told(cache.list, limit=1001),
        told(cache.list, limit=0),
        told(cache.list, cursor="?"),
        told(cache.get_many, []),
        told(cache.get_many, ["a"] * 101),
        told(cache.get_many, "a"),
        told(cache.get_many, ["a"], "bytes"),
        issubclass(KVError, RuntimeError),
    ]


@at("/env")
def bindings(request, env, ctx):
    changed = env.SETTINGS
    changed["list"].append("changed")
    return {
        "names": sorted(env),
        "values": [env.NAME, env["COUNT"], env.SETTINGS, env.get("NAME"), env.get("NONE", 1)],
        "there": ["NAME" in env, "NONE" in env, "toString" in env, hasattr(env, "toString")],
        "missing": told(lambda: env.NONE),
        "repr": repr(env),
    }


@at("/service")
def service(request, env, ctx):
    other = env.OTHER
    answer = other.fetch("https://any/a%20b", method="PUT", headers={"x-type": "t"}, content="bödy")
    again = other.fetch(Request("POST", URL("https://any/"), headers={"x-type": "j"}, json=[1]))
    now = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    value = {"none": None, "list": [1, 2.5, "ü", True], "bytes": b"\xff", "time": now, "deep": {"a": [{}]}}
    return {
        "fetch": [answer.status_code, answer.headers["x-answer"], answer.json(), answer.is_success],
        "again": again.json(),
        "pieces": other.fetch("https://any/pieces").text(),
        "add": other.add(1, 2.5),
        "echo": other.echo(value) == value,
        "set": sorted(other.echo({"b", "a"})),
        "greeting": other.greeting(),
        "admin": env.ADMIN.name(),
        "fail": told(other.fail, "no such thing"),
        "type": type_of_error(other),
        "missing": told(other.missing),
        "hidden": told(lambda: other._hidden()),
        "unsendable": list(told(other.echo, object())),
        "unsendable back": list(told(other.unsendable)),
    }


def type_of_error(other):
    try:
        other.fail("")
    except ServiceError as error:
        return error.type


class Helper(WorkerEntrypoint):
    def greet(self, name):
        return f"hello, {name}, from {self.ctx.props.get('from', 'nobody')}"

    async def change(self, values):
        values["changed"] = True
        return values

    def fail(self):
        raise LookupError("as asked")

    def fetch(self, request):
        return f"{request.method} {request.path} by {self.ctx.props}"


class _Hidden(WorkerEntrypoint):
    pass


@at("/exports-async")
async def exports_async(request, env, ctx):
    helper = ctx.exports.Helper.aio
    return [await asyncio.gather(*(helper.greet(name) for name in "abc")), (await helper.fetch("http://any/a")).text()]


@at("/exports")
def exports(request, env, ctx):
    helper = ctx.exports.Helper
    values = {"a": [1]}
    changed = helper.change(values)
    props = {"from": "me", "deep": [{"a": None}]}
    return {
        "names": [list(ctx.exports), "Helper" in ctx.exports, "_Hidden" in ctx.exports],
        "greet": [helper.greet("Ada"), helper(props=props).greet("Ada")],
        "copies": [values, changed],
        "fetch": [helper.fetch("http://any/a").text(), helper(props=props).fetch("http://any/b", method="PUT").text()],
        "default": ctx.exports.default.fetch("http://any/text").text(),
        "fail": told(helper.fail),
        "missing": [told(helper.none), told(lambda: ctx.exports.None_)],
        "props": [ctx.props, env.OTHER.props(), env.ADMIN.props()],
        "repr": repr(ctx.exports),
    }


@at("/service-async")
async def service_async(request, env, ctx):
    other = env.OTHER.aio
    sums = await asyncio.gather(*(other.add(number, 1) for number in range(5)))
    answer = await other.fetch("https://any/", headers={"x-type": "t"})
    return [sums, answer.status_code]


@at("/rpc-messages")
async def rpc_messages(request, env, ctx):
    made = Request("PUT", "http://any/path?a=1", headers={"x-a": "ü"}, json=[1])
    given = {"came": request, "list": [Response("grün", 201, {"x-a": "1"}), made], "empty": Response(None, 204)}
    back = await env.OTHER.aio.echo(given)
    came, (answer, again), empty = back["came"], back["list"], back["empty"]
    return [
        [came.method, came.path, came.headers["x-type"], came.text(), request.text()],
        [answer.status_code, answer.headers["x-a"], answer.text()],
        [again.method, str(again.url), again.headers["x-a"], again.json()],
        [empty.status_code, empty.body == b""],
        list(told(env.OTHER.echo, StreamingResponse(["a"]))),
    ]


@at("/passed-on")
def passed_on(request, env, ctx):
    return env.OTHER.fetch(request)


@at("/wait-until")
def later(request, env, ctx):
    seen.clear()
    ctx.wait_until(seen.append, "function")

    async def work():
        seen.append("coroutine")

    ctx.wait_until(work())
    wait_until(lambda: seen.append("module"))
    return told(ctx.wait_until, 1)


@at("/seen")
def what_was_seen(request, env, ctx):
    return sorted(map(str, seen))


@at("/thread")
def in_thread(request, env, ctx):
    found = []

    def work():
        found.extend([global_env.NAME, request.text()])

    # On CPython a thread of its own does not know which of two Workers it is of.
    thread = threading.Thread(target=contextvars.copy_context().run, args=[work])
    thread.start()
    thread.join()
    return found
