// WebSockets that a Worker serves and that it opens, with the clients and servers of Node and of the package ws.
import assert from "node:assert/strict";
import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { WebSocket as Client, type RawData, WebSocketServer } from "ws";
import { ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = `
import asyncio, inspect, json
import js
from js import Response, WebSocketPair
from _blockon_host import exchange
from pyodide.ffi import JsException, create_proxy, jsnull, run_sync, to_js

notes = []

def note(text):
    notes.append(text)

def serve(on_message, protocol=None):
    client, server = WebSocketPair.new().object_values()
    server.accept()
    server.addEventListener("message", create_proxy(lambda event: on_message(server, event.data)))
    server.addEventListener("close", create_proxy(
        lambda event: note(f"closed {event.code} {event.reason} {str(event.wasClean).lower()} {server.readyState}")))
    headers = {"x-mine": "yes"}
    if protocol:
        headers["sec-websocket-protocol"] = protocol
    return server, Response.new(
        None, status=101, webSocket=client, headers=to_js(headers, dict_converter=js.Object.fromEntries))

def echo(server, data):
    if data == "close":
        server.close(4001, "as asked")
    elif data == "block":
        run_sync(asyncio.sleep(0.01))
        server.send("blocked")
    else:
        server.send(data)

async def flood(server):
    for _ in range(2000):
        server.send(to_js(bytes(65536)))
        if server.bufferedAmount > 1 << 20:
            break
    note(f"buffered {server.bufferedAmount > 1 << 20}")
    server.close(1000, "done")

async def pull(response):
    while True:
        message = exchange.readMessage(response)
        message = await message if inspect.isawaitable(message) else message
        if hasattr(message, "code"):
            note(f"ended {message.code} {message.reason}")
            return
        room = exchange.sendMessage(response, message)
        if room is not None:
            await room

async def call(url, protocols):
    socket = js.WebSocket.new(url, to_js(protocols))
    got, closed = [], js.Promise.withResolvers()
    socket.onmessage = create_proxy(lambda event: got.append(
        event.data if isinstance(event.data, str) else event.data.to_bytes().decode()))
    socket.onerror = create_proxy(lambda event: got.append(f"error: {event.message}"))
    def on_open(event):
        got.append(f"open {socket.protocol}")
        socket.send("text")
        socket.send(to_js(b"bytes"))
    socket.onopen = create_proxy(on_open)
    socket.onclose = create_proxy(lambda event: closed.resolve(f"{event.code} {event.reason} {str(event.wasClean).lower()}"))
    ended = await closed.promise
    return Response.json(to_js([*got, ended, socket.readyState]))

def local():
    one, other = WebSocketPair.new().object_values()
    got = []
    done = js.Promise.withResolvers()
    one.accept()
    one.send("before")
    other.accept()
    other.addEventListener("message", create_proxy(lambda event: (got.append(event.data), other.send(event.data + "!"))))
    one.addEventListener("message", create_proxy(lambda event: (got.append(event.data), one.close(1000, "bye"))))
    other.addEventListener("close", create_proxy(lambda event: done.resolve(got.append(f"{event.code} {event.reason}"))))
    run_sync(done.promise)
    return Response.json(to_js(got))

def errors():
    def error_of(action):
        try:
            action()
            return "none"
        except JsException as error:
            return f"{error.name}: {error.message}"
    client, server = WebSocketPair.new().object_values()
    texts = [error_of(lambda: server.send("x"))]
    server.accept()
    texts += [
        error_of(lambda: server.close(1006)),
        error_of(lambda: server.close(1000, "x" * 124)),
        error_of(lambda: js.WebSocket.new("ftp://h/")),
        error_of(lambda: js.WebSocket.new("ws://h/", to_js(["a", "a"]))),
        error_of(lambda: Response.new(None, status=200, webSocket=client)),
        error_of(lambda: Response.new("body", status=101, webSocket=client)),
        error_of(lambda: Response.new(None, status=101)),
    ]
    return Response.json(to_js(texts))

async def on_fetch(request, env, ctx):
    url = js.URL.new(request.url)
    path = url.pathname
    if path == "/notes":
        text = "; ".join(notes)
        notes.clear()
        return Response.new(text)
    if path == "/echo":
        assert request.headers.get("upgrade") == "websocket"
        return serve(echo, url.searchParams.get("protocol") or None)[1]
    if path == "/flood":
        server, response = serve(echo)
        ctx.waitUntil(flood(server))
        return response
    if path == "/pull":
        response = exchange.acceptWebSocket("mine", json.dumps([["x-mine", "pulled"]]))
        ctx.waitUntil(pull(response))
        return response
    if path == "/refuse":
        return Response.new("not you", status=403)
    if path == "/raise":
        raise ValueError("the secret")
    if path == "/call":
        return await call(url.searchParams.get("url"), url.searchParams.getAll("protocol").to_py())
    if path == "/local":
        return local()
    if path == "/errors":
        return errors()
    return Response.new("unknown", status=404)
`;

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe("WebSockets", () => {
  let folder: WorkerFolder;
  let server: ServeProcess;
  before(async () => {
    folder = workerFolder(entry, [], '[blockon.outbound]\ndeny = ["10.0.0.0/8"]\n');
    server = await ServeProcess.start(folder.path);
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
    folder.remove();
  });

  const get = async (target: string): Promise<string> => (await server.get(target)).text();
  const at = (target: string): string => server.url.replace("http:", "ws:") + target;
  async function open(target: string, protocols: string[] = []): Promise<Client> {
    const client = new Client(at(target), protocols);
    await once(client, "open");
    return client;
  }
  async function next(client: Client): Promise<string> {
    const [data, isBinary] = (await once(client, "message")) as [RawData, boolean];
    return `${isBinary ? "bytes" : "text"} ${data}`;
  }

  it("that a Worker serves carry text and bytes", async () => {
    const client = await open("/echo");
    client.send("h\u00e9llo");
    assert.equal(await next(client), "text h\u00e9llo");
    client.send(Buffer.from("raw"));
    assert.equal(await next(client), "bytes raw");
    client.send("block");
    assert.equal(await next(client), "text blocked");
    client.ping();
    await once(client, "pong");
    client.send("close");
    const [code, reason] = (await once(client, "close")) as [number, Buffer];
    assert.equal(`${code} ${reason}`, "4001 as asked");
    await until(async () => (await get("/notes")) === "closed 4001 as asked true 3");
  });

  it("are those of the standard's client, too", async () => {
    const client = new WebSocket(at("/echo?protocol=b"), ["a", "b"]);
    await once(client, "open");
    assert.equal(client.protocol, "b");
    client.send("x".repeat(1_000_000));
    const [event] = (await once(client, "message")) as [MessageEvent];
    assert.equal(event.data.length, 1_000_000);
    client.close(3000, "enough");
    await once(client, "close");
    await until(async () => (await get("/notes")) === "closed 3000 enough true 3");
  });

  it("have the headers and the protocol that the Worker gives", async () => {
    const client = new Client(at("/echo?protocol=b"), ["a", "b"]);
    const [[response]] = await Promise.all([once(client, "upgrade"), once(client, "open")]);
    assert.equal(response.headers["x-mine"], "yes");
    assert.equal(client.protocol, "b");
    client.terminate();
    await until(async () => (await get("/notes")) === "closed 1006  false 3");
  });

  it("are read and written without events", async () => {
    const client = await open("/pull", ["mine"]);
    assert.equal(client.protocol, "mine");
    for (const text of ["one", "two"]) {
      client.send(text);
      assert.equal(await next(client), `text ${text}`);
    }
    client.close(1000, "bye");
    await until(async () => (await get("/notes")) === "ended 1000 bye");
  });

  it("may be refused, or fail, as any request", async () => {
    for (const [target, status] of [
      ["/refuse", 403],
      ["/raise", 500],
    ] as const) {
      const client = new Client(at(target));
      const [, response] = await once(client, "unexpected-response");
      assert.equal(response.statusCode, status);
      client.on("error", () => {});
      response.destroy();
    }
    assert.equal((await server.get("/pull")).status, 500);
    await server.logged(/accepted a WebSocket that the request did not ask for/);
  });

  it("wait for a client that does not read", async () => {
    const client = await open("/flood");
    client.pause();
    await until(async () => (await get("/notes")).includes("buffered True"));
    let received = 0;
    client.on("message", (data: Buffer) => {
      received += data.length;
    });
    client.resume();
    const [code] = (await once(client, "close")) as [number];
    assert.equal(code, 1000);
    assert.ok(received > 1 << 20, String(received));
    await get("/notes");
  });

  it("have messages of 32 MiB at most", async () => {
    const client = await open("/echo");
    client.on("error", () => {});
    client.send(Buffer.alloc(32 * 1024 * 1024 + 1));
    const [code] = (await once(client, "close")) as [number];
    assert.equal(code, 1009);
    await until(async () => /^closed 1009/.test(await get("/notes")));
  });

  it("are not given to what asks for another protocol", async () => {
    const socket = net.connect(Number(new URL(server.url).port), "127.0.0.1");
    socket.write("GET /refuse HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n");
    const [data] = (await once(socket, "data")) as [Buffer];
    assert.match(data.toString(), /^HTTP\/1\.1 403 /);
    socket.destroy();
  });

  it("between two ends in the Worker", async () => {
    assert.deepEqual(JSON.parse(await get("/local")), ["before", "before!", "1000 bye"]);
  });

  it("say what is wrong", async () => {
    const texts = JSON.parse(await get("/errors")) as string[];
    const expected = [
      /call accept\(\)/,
      /1006 is no code/,
      /123 bytes/,
      /no URL of ws/,
      /not all names/,
      /101/,
      /no body/,
      /status 101/,
    ];
    assert.equal(texts.length, expected.length);
    for (const [i, text] of texts.entries()) assert.match(text, expected[i] as RegExp);
  });

  describe("that a Worker opens", () => {
    let upstream: WebSocketServer;
    before(async () => {
      upstream = new WebSocketServer({
        port: 0,
        host: "127.0.0.1",
        handleProtocols: (names) => [...names].at(-1) ?? false,
      });
      upstream.on("connection", (socket) => {
        socket.on("message", (data, isBinary) => {
          socket.send(data, { binary: isBinary });
          if (isBinary) socket.close(4002, "that is all");
        });
      });
      await once(upstream, "listening");
    });
    after(() => upstream.close());

    it("carry text and bytes", async () => {
      const url = `ws://127.0.0.1:${(upstream.address() as AddressInfo).port}/`;
      const answer = await get(`/call?url=${encodeURIComponent(url)}&protocol=x&protocol=y`);
      assert.deepEqual(JSON.parse(answer), ["open y", "text", "bytes", "4002 that is all true", 3]);
    });

    it("go where the outbound policy lets them", async () => {
      const answer = JSON.parse(await get(`/call?url=${encodeURIComponent("ws://10.1.2.3/")}`)) as string[];
      assert.match(answer[0] as string, /^error: .*the outbound policy refuses 10\.1\.2\.3:80/);
      assert.equal(answer[1], "1006  false");
    });

    it("say why there is no connection", async () => {
      const answer = JSON.parse(await get(`/call?url=${encodeURIComponent("ws://127.0.0.1:2/")}`)) as string[];
      assert.match(answer[0] as string, /^error: .*ECONNREFUSED/);
      const refused = JSON.parse(await get(`/call?url=${encodeURIComponent(at("/refuse"))}`)) as string[];
      assert.match(refused[0] as string, /^error: .*403/);
    });
  });
});
