// A WSGI application behind `blockon serve`: a thread for each request, bodies that stream both ways.
import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import http from "node:http";
import { after, before, describe, it } from "node:test";
import { ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = `
import asyncio, json, threading
from wsgiref.validate import validator
import wsgi
from workers import Response, WorkerEntrypoint

barrier = threading.Barrier(5)
gate = threading.Event()
local = threading.local()

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/environ":
        names = ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "SERVER_PROTOCOL", "CONTENT_TYPE",
                 "CONTENT_LENGTH", "REMOTE_ADDR", "HTTP_X_A", "wsgi.url_scheme", "wsgi.multithread")
        shown = {name: environ.get(name) for name in names}
        shown["env"] = environ["workers.env"].NAME
        start_response("201 Made Here", [("Content-Type", "application/json"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
        return [json.dumps(shown).encode()]
    if path == "/meet":
        # Only together do they come on: each blocks a thread of its own, in which no event loop runs.
        own = getattr(local, "count", 0)
        local.count = own + 1
        barrier.wait(20)
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            own = "no loop"
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [f"{threading.get_ident() != threading.main_thread().ident} {own}".encode()]
    if path == "/stream":
        def pieces():
            yield b"first"
            gate.wait(20)
            yield b"second"
        start_response("200 OK", [("Content-Type", "text/plain")])
        return pieces()
    if path == "/open":
        gate.set()
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "6")])
        return [b"opened"]
    if path == "/echo":
        def pieces():
            while piece := environ["wsgi.input"].read1(65536):
                yield piece
        start_response("200 OK", [("Content-Type", "application/octet-stream")])
        return pieces()
    if path == "/flood":
        def pieces():
            sent = 0
            try:
                while True:
                    yield bytes(65536)
                    sent += 1
            finally:
                print("the flood ended", sent < 400)
        start_response("200 OK", [("Content-Type", "application/octet-stream")])
        return pieces()
    if path == "/raises":
        raise ValueError("the secret of the application")
    if path == "/raises-late":
        def pieces():
            yield b"begun"
            raise ValueError("after the answer had begun")
        start_response("200 OK", [("Content-Type", "text/plain")])
        return pieces()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"hello"]

valid = validator(app)

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        chosen = app if "/echo" in request.url else valid
        return await wsgi.fetch(chosen, request, self.env)
`;

describe("a WSGI application", () => {
  let folder: WorkerFolder;
  let server: ServeProcess;
  before(async () => {
    folder = workerFolder(entry, [], '[vars]\nNAME = "variable"\n');
    server = await ServeProcess.start(folder.path);
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
    folder.remove();
  });

  it("is told what was asked", async () => {
    const headers = { "x-a": "1", "content-type": "text/plain" };
    const response = await server.get("/environ?q=%20", { method: "POST", headers, body: "abc" });
    assert.equal(response.status, 201);
    assert.equal(response.statusText, "Made Here");
    assert.deepEqual(response.headers.getSetCookie(), ["a=1", "b=2"]);
    assert.deepEqual(await response.json(), {
      REQUEST_METHOD: "POST",
      SCRIPT_NAME: "",
      PATH_INFO: "/environ",
      QUERY_STRING: "q=%20",
      SERVER_PROTOCOL: "HTTP/1.1",
      CONTENT_TYPE: "text/plain",
      CONTENT_LENGTH: "3",
      REMOTE_ADDR: "127.0.0.1",
      HTTP_X_A: "1",
      "wsgi.url_scheme": "http",
      "wsgi.multithread": true,
      env: "variable",
    });
  });

  it("has a thread for each request, so that all may block", async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, async () => (await server.get("/meet")).text()));
    assert.deepEqual(
      answers,
      Array.from({ length: 5 }, () => "True no loop"),
    );
  });

  it("sends each piece as it is made", async () => {
    const reader = ((await server.get("/stream")).body as ReadableStream<Uint8Array>).getReader();
    assert.equal(Buffer.from((await reader.read()).value as Uint8Array).toString(), "first");
    assert.equal(await (await server.get("/open")).text(), "opened");
    assert.equal(Buffer.from((await reader.read()).value as Uint8Array).toString(), "second");
    assert.equal((await reader.read()).done, true);
  });

  it("reads a body while it answers", async () => {
    const { promise, resolve } = Promise.withResolvers<IncomingMessage>();
    const request = http.request(`${server.url}/echo`, { method: "POST" }, resolve);
    request.write("one");
    const pieces = (await promise).setEncoding("utf8")[Symbol.asyncIterator]();
    assert.equal((await pieces.next()).value, "one");
    request.end("two");
    assert.equal((await pieces.next()).value, "two");
    assert.equal((await pieces.next()).done, true);
  });

  it("is held back by a client that does not read, and its iterable is closed when it goes", async () => {
    const request = http.get(`${server.url}/flood`);
    const [response] = (await once(request, "response")) as [IncomingMessage];
    response.on("error", () => {});
    await once(response, "data");
    request.destroy();
    await server.logged(/^the flood ended True $/);
  });

  it("answers HEAD with the length", async () => {
    const head = await server.get("/", { method: "HEAD" });
    assert.equal(head.headers.get("content-length"), "5");
    assert.equal(await (await server.get("/")).text(), "hello");
  });

  it("is a 500 with an id when it raises, and cut off when its answer has begun", async () => {
    const response = await server.get("/raises");
    assert.equal(response.status, 500);
    assert.match(await response.text(), /^Internal Server Error\nid: [-0-9a-f]{36}\n$/);
    await server.logged(/entry\.py[\s\S]*ValueError: the secret of the application/);
    await assert.rejects((await server.get("/raises-late")).text(), TypeError);
    await server.logged(/ValueError: after the answer had begun/);
  });
});
