// A fetch with `Upgrade: websocket`: what a Worker gets from a real server of WebSockets, what it passes on, and how it is refused.
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { WebSocket as Client, type RawData, WebSocketServer } from "ws";
import { ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = `
import asyncio
import js
from js import Response
from pyodide.ffi import JsException, create_proxy, jsnull, run_sync, to_js
from workers import fetch as sdk_fetch

def options(given):
    return to_js(given, dict_converter=js.Object.fromEntries)

def collect(ws):
    got, closed = [], js.Promise.withResolvers()
    ws.addEventListener("message", create_proxy(
        lambda event: got.append(event.data if isinstance(event.data, str) else event.data.to_bytes().decode())))
    ws.addEventListener("close", create_proxy(
        lambda event: closed.resolve(f"{event.code} {event.reason} {str(event.wasClean).lower()}")))
    return got, closed.promise

async def talk(response):
    ws = response.webSocket
    try:
        ws.send("too early")
    except JsException as error:
        early = error.message
    got, closed = collect(ws)
    await asyncio.sleep(0.05)
    before = len(got)
    ws.accept()
    ws.send("text")
    ws.send(to_js(b"bytes"))
    ended = await closed
    return Response.json(to_js([response.status, ws.protocol, early, before, got, ended]))

async def cause(promise):
    try:
        response = await promise
    except JsException as error:
        inner = getattr(error, "cause", None)
        return f"{error.name}: {error.message}" + (f": {inner.code} {inner.message}" if hasattr(inner, "code") else "")
    if response.webSocket is not jsnull:
        response.webSocket.close()
    return f"{response.status} {response.webSocket is jsnull} {await response.text()}"

async def on_fetch(request, env, ctx):
    asked = js.URL.new(request.url)
    path, url = asked.pathname, asked.searchParams.get("url")
    redirect = asked.searchParams.get("redirect") or "follow"
    if path == "/talk":
        return await talk(await js.fetch(url, headers=options({"Upgrade": "websocket", "Sec-WebSocket-Protocol": "x, y"})))
    if path == "/sdk":
        return await talk((await sdk_fetch(url, headers={"Upgrade": "WebSocket"})).js_object)
    if path == "/service":
        return await talk(await env.GATEWAY.fetch("https://a.example/socket", options({"headers": {"upgrade": "websocket"}})))
    if path == "/proxy":
        return await js.fetch(url, request)
    if path == "/wrapped":
        upstream = await js.fetch(url, request)
        return Response.new(None, status=101, webSocket=upstream.webSocket, headers=options({"x-by": "the worker"}))
    if path == "/cause":
        asking = options({"headers": {"Upgrade": "websocket"}, "redirect": redirect, "method": asked.searchParams.get("method") or "GET"})
        return Response.new(await cause(js.fetch(url, asking)))
    if path == "/abort":
        controller = js.AbortController.new()
        asking = js.fetch(js.Request.new(url, headers=options({"Upgrade": "websocket"}), signal=controller.signal))
        await asyncio.sleep(0.05)
        controller.abort()
        return Response.new(await cause(asking))
    if path == "/again":
        response = await js.fetch(url, headers=options({"Upgrade": "websocket"}))
        ws = response.webSocket
        ws.accept()
        try:
            return Response.new(None, status=101, webSocket=ws)
        finally:
            ws.close(1000, "over")
    return Response.new("unknown", status=404)
`;

const portOf = (server: { address(): string | AddressInfo | null }): number => (server.address() as AddressInfo).port;

describe("a fetch that asks for a WebSocket", () => {
  let upstream: http.Server;
  let sockets: WebSocketServer;
  let origin: string;
  let folder: WorkerFolder;
  let server: ServeProcess;
  /** What the last handshake had. */
  let asked: http.IncomingHttpHeaders = {};

  before(async () => {
    upstream = http.createServer(({ url }, response) => {
      if (url?.startsWith("/redirect")) response.writeHead(302, { location: "/socket" });
      else response.writeHead(403, { "x-why": "closed", "set-cookie": ["a=1", "b=2"] });
      response.end(url === "/large" ? "x".repeat(1_000_000) : "not you");
    });
    sockets = new WebSocketServer({ noServer: true, handleProtocols: (names) => [...names].at(-1) ?? false });
    upstream.on("upgrade", (request, socket, head) => {
      asked = request.headers;
      // What is no socket is answered as any other request.
      if (request.url !== "/socket") {
        const response = new http.ServerResponse(request);
        response.shouldKeepAlive = false;
        response.assignSocket(socket as net.Socket);
        response.once("finish", () => socket.end());
        upstream.emit("request", request, response);
        return;
      }
      sockets.handleUpgrade(request, socket, head, (opened) => {
        opened.send("hello");
        opened.on("message", (data, isBinary) => {
          if (String(data) === "lose") opened.terminate();
          else opened.send(data, { binary: isBinary });
          if (isBinary) opened.close(4002, "that is all");
        });
      });
    });
    await once(upstream.listen(0, "127.0.0.1"), "listening");
    origin = `http://127.0.0.1:${portOf(upstream)}`;
    folder = workerFolder(
      entry,
      [],
      `[blockon.services]\nGATEWAY = "${origin}"\n[blockon.outbound]\ndeny = ["10.0.0.0/8"]\n`,
    );
    server = await ServeProcess.start(folder.path);
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
    upstream.closeAllConnections();
    upstream.close();
    folder.remove();
  });

  const target = (path: string, url: string, more: Record<string, string> = {}): string =>
    `${path}?${new URLSearchParams({ url, ...more })}`;
  const text = async (path: string, url: string, more?: Record<string, string>): Promise<string> =>
    (await server.get(target(path, url, more))).text();

  it("gets one that waits until it is accepted", async () => {
    const expected = (protocol: string) => [
      101,
      protocol,
      "send: call accept() before",
      0,
      ["hello", "text", "bytes"],
      "4002 that is all true",
    ];
    assert.deepEqual(JSON.parse(await text("/talk", `${origin}/socket`)), expected("y"));
    assert.equal(asked["sec-websocket-protocol"], "x, y");
    assert.deepEqual(JSON.parse(await text("/sdk", `${origin}/socket`)), expected(""));
    assert.deepEqual(JSON.parse(await text("/service", "")), expected(""));
    assert.deepEqual([asked.host, asked["x-forwarded-proto"]], ["a.example", "https"]);
  });

  it("passes it on to who asked the Worker, as it came or in a Response of its own", async () => {
    for (const [path, by, protocols] of [
      ["/proxy", undefined, ["a", "b"]],
      ["/wrapped", "the worker", []],
    ] as const) {
      const client = new Client(server.url.replace("http:", "ws:") + target(path, `${origin}/socket`), [...protocols], {
        headers: { "x-mine": "yes" },
      });
      const got: string[] = [];
      client.on("message", (data: RawData, isBinary) => got.push(`${isBinary ? "bytes" : "text"} ${data}`));
      const [[response]] = await Promise.all([once(client, "upgrade"), once(client, "open")]);
      assert.equal(response.headers["x-by"], by);
      assert.equal(client.protocol, protocols.at(-1) ?? "");
      assert.equal(asked["x-mine"], "yes");
      client.send("\u00fcber");
      client.send("x".repeat(1_000_000));
      client.send(Buffer.from("raw"));
      const [code, reason] = (await once(client, "close")) as [number, Buffer];
      assert.equal(`${code} ${reason}`, "4002 that is all");
      assert.deepEqual(got, ["text hello", "text \u00fcber", `text ${"x".repeat(1_000_000)}`, "bytes raw"]);
    }
    const lost = new Client(server.url.replace("http:", "ws:") + target("/wrapped", `${origin}/socket`));
    await once(lost, "open");
    lost.send("lose");
    const [code, reason] = (await once(lost, "close")) as [number, Buffer];
    assert.equal(`${code} ${reason}`, "1011 the other end was lost");
  });

  it("gets another response where there is no WebSocket", async () => {
    assert.equal(await text("/cause", `${origin}/other`), "403 True not you");
    assert.equal((await text("/cause", `${origin}/large`)).length, "403 True ".length + 1_000_000);
    const refused = await server.get(target("/proxy", `${origin}/other`), { headers: { "x-a": "b" } });
    assert.deepEqual([refused.status, refused.headers.get("x-why")], [403, "closed"]);
    assert.deepEqual(refused.headers.getSetCookie(), ["a=1", "b=2"]);
  });

  it("follows redirects as it is told", async () => {
    assert.equal(await text("/cause", `${origin}/redirect`), "101 False ");
    assert.equal(await text("/cause", `${origin}/redirect`, { redirect: "manual" }), "302 True not you");
    assert.match(
      await text("/cause", `${origin}/redirect`, { redirect: "error" }),
      /^TypeError: .*unexpected redirect/,
    );
  });

  it("says by its cause why there is none", async () => {
    const wrong = net.createServer((socket) => {
      socket.once("data", () => {
        socket.end(
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: no\r\n\r\n",
        );
      });
    });
    await once(wrong.listen(0, "127.0.0.1"), "listening");
    const causes: [url: string, more: Record<string, string>, expected: RegExp][] = [
      ["http://127.0.0.1:2/", {}, /^TypeError: fetch failed: ECONNREFUSED /],
      ["http://10.1.2.3/", {}, /^TypeError: fetch failed: EPERM the outbound policy refuses 10\.1\.2\.3:80/],
      ["http://nowhere.invalid/", {}, /^TypeError: fetch failed: (ENOTFOUND|EAI_AGAIN) /],
      [`http://127.0.0.1:${portOf(wrong)}/`, {}, /^TypeError: fetch failed: ERR_FETCH Invalid Sec-WebSocket-Accept/],
      [`https://127.0.0.1:${portOf(upstream)}/socket`, {}, /^TypeError: fetch failed: (ERR_SSL|EPROTO)/],
      ["ws://127.0.0.1/", {}, /the scheme ws: is not supported: a WebSocket is asked for by http: or https:/],
      [`${origin}/socket`, { method: "POST" }, /^TypeError: fetch: a WebSocket is asked for by GET, not POST/],
    ];
    for (const [url, more, expected] of causes) assert.match(await text("/cause", url, more), expected);
    wrong.close();
  });

  it("is given up by its signal", async () => {
    const silent = net.createServer(() => {});
    await once(silent.listen(0, "127.0.0.1"), "listening");
    const answer = text("/abort", `http://127.0.0.1:${portOf(silent)}/`);
    const [socket] = (await once(silent, "connection")) as [net.Socket];
    socket.resume();
    await once(socket, "close");
    assert.match(await answer, /^AbortError: /);
    silent.close();
  });

  it("is used once", async () => {
    const answer = await server.get(target("/again", `${origin}/socket`), { headers: { "x-a": "b" } });
    assert.equal(answer.status, 500);
    await server.logged(/this end is in use already/);
  });
});
