// An ASGI application behind `blockon serve`: what a client gets, while the application goes on.
import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import http from "node:http";
import { after, before, describe, it } from "node:test";
import WebSocket from "ws";
import { ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = `
import asyncio, json, time
import asgi
from urllib.parse import unquote

starts = 0
gate = asyncio.Event()

async def lifespan(scope, receive, send):
    global starts
    assert (await receive())["type"] == "lifespan.startup"
    await asyncio.sleep(0.01)
    starts += 1
    scope["state"]["started"] = starts
    await send({"type": "lifespan.startup.complete"})
    assert (await receive())["type"] == "lifespan.shutdown"
    print("the application was shut down")
    await send({"type": "lifespan.shutdown.complete"})

async def websocket(scope, receive, send):
    assert (await receive()) == {"type": "websocket.connect"}
    if scope["path"] == "/refused":
        await send({"type": "websocket.close"})
        return
    if scope["path"] == "/denied":
        await send({"type": "websocket.http.response.start", "status": 401, "headers": [(b"x-a", b"1")]})
        await send({"type": "websocket.http.response.body", "body": b"who ", "more_body": True})
        await send({"type": "websocket.http.response.body", "body": b"are you?"})
        return
    if scope["path"] == "/raises-first":
        raise ValueError("the secret of the application")
    await send({"type": "websocket.accept", "subprotocol": (scope["subprotocols"] or [None])[-1],
                "headers": [(b"x-a", b"1")]})
    if scope["path"] == "/closes":
        await send({"type": "websocket.close", "code": 1008, "reason": "for this reason"})
    elif scope["path"] == "/raises":
        raise ValueError("on a WebSocket")
    elif scope["path"] == "/flood":
        try:
            for _ in range(400):
                await send({"type": "websocket.send", "bytes": bytes(100_000)})
            print("the flood was sent")
        except OSError as error:
            print("the flood ended:", type(error).__name__)
    else:
        while (message := await receive())["type"] == "websocket.receive":
            await send({**message, "type": "websocket.send"})
        print("disconnected:", message["code"], message["reason"])

async def answer(send, body, status=200, headers=()):
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})

async def stream(send, pieces):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    async for piece in pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body"})

async def events():
    yield b"data: 1\\n\\n"
    await gate.wait()
    yield b"data: 2\\n\\n"

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return await lifespan(scope, receive, send)
    if scope["type"] == "websocket":
        return await websocket(scope, receive, send)
    path = scope["path"]
    if path == "/scope":
        kept = ("type", "http_version", "method", "scheme", "path", "root_path", "state")
        shown = {name: scope[name] for name in kept}
        shown |= {name: scope[name].decode() for name in ("raw_path", "query_string")}
        shown["headers"] = [[n.decode("latin-1"), v.decode("latin-1")] for n, v in scope["headers"]]
        shown["client"], shown["server"], shown["env"] = scope["client"][0], scope["server"], scope["env"].NAME
        await answer(send, json.dumps(shown).encode(), headers=[(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")])
    elif path == "/events":
        await stream(send, events())
    elif path == "/open":
        gate.set()
        await answer(send, b"opened")
    elif path == "/blocks":
        async def blocking():
            yield b"first"
            while not gate.is_set():
                time.sleep(0.01)
            yield b"second"
        await stream(send, blocking())
    elif path == "/close":
        gate.clear()
        await answer(send, b"closed")
    elif path == "/echo":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        more = True
        while more:
            message = await receive()
            more = message["more_body"]
            await send({"type": "http.response.body", "body": message["body"], "more_body": True})
        await send({"type": "http.response.body"})
    elif path == "/flood":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        sent = 0
        try:
            while True:
                await send({"type": "http.response.body", "body": bytes(65536), "more_body": True})
                sent += 1
        except OSError as error:
            print(f"the client has gone: {type(error).__name__}, {sent < 400}")
            raise
    elif path == "/waits":
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"1", "more_body": True})
        print("received", (await receive())["type"])
    elif path == "/raises":
        raise ValueError("the secret of the application")
    elif path == "/raises-late":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        raise ValueError("after the answer had begun")
    elif path == "/header":
        await answer(send, b"", headers=[(b"x-a", b"1\\r\\nx-b: 2")])
    elif path == "/lines":
        await answer(send, b"", headers=[tuple(each.encode("latin-1").split(b":")) for each in
                                         unquote(scope["query_string"].decode()).split(",")])
    elif path == "/nothing":
        pass
    elif path == "/not-modified":
        await answer(send, b"", 304)
    else:
        await answer(send, b"hello", headers=[(b"content-type", b"text/plain"), (b"content-length", b"5")])

Default = asgi.entrypoint(app)
`;

/** What a stream gives, piece by piece. */
async function* texts(response: Response): AsyncGenerator<string> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield decoder.decode(value, { stream: true });
  }
}

function messages(socket: WebSocket, count: number): Promise<(string | Buffer)[]> {
  const got: (string | Buffer)[] = [];
  const { promise, resolve } = Promise.withResolvers<(string | Buffer)[]>();
  socket.on("message", (data: Buffer, isBinary) => {
    got.push(isBinary ? data : data.toString());
    if (got.length === count) resolve(got);
  });
  return promise;
}

describe("an ASGI application", () => {
  let folder: WorkerFolder;
  let server: ServeProcess;
  before(async () => {
    folder = workerFolder(entry, [], '[vars]\nNAME = "variable"\n');
    server = await ServeProcess.start(folder.path);
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
    await server.logged(/^the application was shut down $/);
    folder.remove();
  });

  const open = (path: string, protocols: string[] = []): WebSocket =>
    new WebSocket(`${server.url.replace("http", "ws")}${path}`, protocols);
  const gone = (path: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const request = http.get(`${server.url}${path}`, (response) => {
        response.once("data", () => {
          request.destroy();
          resolve("gone");
        });
        response.once("error", () => {});
      });
      request.once("error", (error) => (request.destroyed ? undefined : reject(error)));
    });

  it("is started once, whoever comes at the same time, and told what was asked", async () => {
    const answers = await Promise.all([1, 2, 3].map(() => server.get("/a%2Fb/%C3%BC?q=%20&r", { method: "PUT" })));
    for (const answer of answers) assert.equal(await answer.text(), "hello");
    const response = await server.get("/scope?q=%20", { headers: { "x-a": "ü" } });
    const scope = (await response.json()) as { headers: [string, string][]; server: [string, number] };
    const { headers, server: address, ...rest } = scope;
    assert.deepEqual(rest, {
      type: "http",
      http_version: "1.1",
      method: "GET",
      scheme: "http",
      path: "/scope",
      raw_path: "/scope",
      query_string: "q=%20",
      root_path: "",
      state: { started: 1 },
      client: "127.0.0.1",
      env: "variable",
    });
    assert.deepEqual(address, ["127.0.0.1", Number(new URL(server.url).port)]);
    assert.deepEqual(
      headers.filter(([name]) => name === "x-a"),
      [["x-a", "ü"]],
    );
    assert.deepEqual(response.headers.getSetCookie(), ["a=1", "b=2"]);
  });

  it("sends events while it goes on", async () => {
    const pieces = texts(await server.get("/events"));
    assert.equal((await pieces.next()).value, "data: 1\n\n");
    assert.equal(await (await server.get("/open")).text(), "opened");
    assert.equal((await pieces.next()).value, "data: 2\n\n");
    assert.equal((await pieces.next()).done, true);
  });

  it("sends its first piece before it blocks", async () => {
    await (await server.get("/close")).text();
    const pieces = texts(await server.get("/blocks"));
    assert.equal((await pieces.next()).value, "first");
    await (await server.get("/open")).text();
    assert.equal((await pieces.next()).value, "second");
  });

  it("reads a body while it answers", async () => {
    const { promise, resolve } = Promise.withResolvers<IncomingMessage>();
    const request = http.request(`${server.url}/echo`, { method: "POST" }, resolve);
    request.write("one");
    const response = await promise;
    const pieces = response.setEncoding("utf8")[Symbol.asyncIterator]();
    assert.equal((await pieces.next()).value, "one");
    request.end("two");
    assert.equal((await pieces.next()).value, "two");
    assert.equal((await pieces.next()).done, true);
  });

  it("is held back by a client that does not read, and told when it goes", async () => {
    await gone("/flood");
    await server.logged(/^the client has gone: ClientDisconnectedError, True $/);
  });

  it("is told of a client that goes while it waits", async () => {
    await gone("/waits");
    await server.logged(/^received http.disconnect $/);
  });

  const failures: [path: string, message: RegExp][] = [
    ["/raises", /Traceback[\s\S]*entry\.py[\s\S]*ValueError: the secret of the application/],
    ["/nothing", /the ASGI application returned without an answer: it sent no http\.response\.start/],
    ["/header", /a header has a line break in it: b'x-a'/],
  ];
  for (const [path, message] of failures) {
    it(`${path} is a 500 with an id`, async () => {
      const response = await server.get(path);
      assert.equal(response.status, 500);
      assert.match(await response.text(), /^Internal Server Error\nid: [-0-9a-f]{36}\n$/);
      await server.logged(message);
    });
  }

  it("ends the connection when it fails after its answer had begun", async () => {
    const response = await server.get("/raises-late");
    await assert.rejects(response.text(), TypeError);
    await server.logged(/ValueError: after the answer had begun/);
  });

  it("answers HEAD with the length, and a 304 without a body", async () => {
    const head = await server.get("/", { method: "HEAD" });
    assert.equal(head.headers.get("content-length"), "5");
    assert.equal(await head.text(), "");
    assert.equal((await server.get("/not-modified")).status, 304);
  });

  for (const [lines, expected] of [
    ["x-a:1,x-b:2", { "x-a": "1", "x-b": "2" }],
    ["x-b:2,x-a:1", { "x-a": "1", "x-b": "2" }],
    ["X-A:1,x-b:", { "x-a": "1", "x-b": "" }],
    ["x-a: 1 ,x-b:2 3", { "x-a": "1", "x-b": "2 3" }],
    ["x-a:1,x-a:2", { "x-a": "1, 2", "x-b": null }],
  ] as const) {
    it(`answers with the headers ${lines}`, async () => {
      const { headers } = await server.get(`/lines?${encodeURIComponent(lines)}`);
      for (const [name, value] of Object.entries(expected)) assert.equal(headers.get(name), value);
    });
  }

  it("talks on a WebSocket", async () => {
    const socket = open("/chat", ["xml", "json"]);
    const [[upgrade]] = (await Promise.all([once(socket, "upgrade"), once(socket, "open")])) as [
      [IncomingMessage],
      unknown,
    ];
    assert.equal(upgrade.headers["x-a"], "1");
    assert.equal(socket.protocol, "json");
    const large = "ä".repeat(2_000_000);
    const got = messages(socket, 4);
    for (const message of ["text", Buffer.from([0, 255]), "", large]) socket.send(message);
    assert.deepEqual(await got, ["text", Buffer.from([0, 255]), "", large]);
    socket.close(4001, "enough");
    assert.deepEqual(await once(socket, "close"), [4001, Buffer.from("enough")]);
    await server.logged(/^disconnected: 4001 enough $/);
  });

  it("is told of a client that goes without a close", async () => {
    const socket = open("/chat");
    await once(socket, "open");
    socket.terminate();
    await server.logged(/^disconnected: 1006 {2}$/);
  });

  it("is held back on a WebSocket by a client that does not read, and told when it goes", async () => {
    const socket = open("/flood");
    await once(socket, "open");
    socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.ok(!server.log.some(({ msg }) => msg === "the flood was sent"));
    socket.terminate();
    await server.logged(/^the flood ended: ClientDisconnectedError $/);
  });

  it("closes with a code and a reason, and with 1011 when it fails", async () => {
    assert.deepEqual(await once(open("/closes"), "close"), [1008, Buffer.from("for this reason")]);
    assert.deepEqual(await once(open("/raises"), "close"), [1011, Buffer.from("")]);
    await server.logged(/ValueError: on a WebSocket/);
  });

  const denials: [path: string, status: number, body: RegExp][] = [
    ["/refused", 403, /^$/],
    ["/denied", 401, /^who are you\?$/],
    ["/raises-first", 500, /^Internal Server Error\nid: /],
  ];
  for (const [path, status, body] of denials) {
    it(`answers the request for the WebSocket ${path} with ${status}`, async () => {
      const [, response] = (await once(open(path), "unexpected-response")) as [unknown, IncomingMessage];
      assert.equal(response.statusCode, status);
      if (path === "/denied") assert.equal(response.headers["x-a"], "1");
      let text = "";
      for await (const chunk of response) text += String(chunk);
      assert.match(text, body);
    });
  }

  it("answers other upgrades as if nobody had asked for one", async () => {
    const request = http.get(`${server.url}/`, { headers: { connection: "upgrade", upgrade: "h2c" } });
    const [response] = (await once(request, "response")) as [IncomingMessage];
    assert.equal(response.statusCode, 200);
    response.resume();
  });
});

describe("an ASGI application that does not start", () => {
  it("answers 500, says why, and is started again by the next request", async () => {
    const folder = workerFolder(`
import asgi
from workers import WorkerEntrypoint

tries = 0

async def app(scope, receive, send):
    global tries
    if scope["type"] == "lifespan":
        await receive()
        tries += 1
        if tries == 1:
            await send({"type": "lifespan.startup.failed", "message": "no database"})
            raise RuntimeError("no database")
        await send({"type": "lifespan.startup.complete"})
        await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(tries).encode()})

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return await asgi.fetch(app, request.js_object, self.env, self.ctx)
`);
    const server = await ServeProcess.start(folder.path);
    assert.equal((await server.get("/")).status, 500);
    await server.logged(/LifespanError: the application did not start \(lifespan\.startup\.failed\): no database/);
    assert.equal(await (await server.get("/")).text(), "2");
    assert.equal(await server.stop(), 0);
    folder.remove();
  });
});
