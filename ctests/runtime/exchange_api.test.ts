// Bodies that Python reads and writes without stream objects (_blockon_host.exchange), as a server for ASGI or WSGI does.
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { after, before, describe, it } from "node:test";
import { ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = `
import asyncio, inspect, json
import js
from _blockon_host import exchange
from pyodide.ffi import jsnull, run_sync, to_js

notes = []

async def settled(value):
    return await value if inspect.isawaitable(value) else value

async def parts(request):
    while (part := await settled(exchange.readBody(request))) is not jsnull:
        yield part.to_bytes()

def response(body=jsnull, status=200):
    headers = json.dumps([["content-type", "text/plain"], ["set-cookie", "a=1"], ["set-cookie", "b=2"]])
    return exchange.newResponse(status, "", headers, body)

def text(data):
    return response(to_js(data.encode()))

async def echo(request, answer):
    try:
        async for part in parts(request):
            await settled(exchange.write(answer, to_js(part)))
        exchange.end(answer)
    except Exception as error:
        notes.append(f"{error.name}: {error.message}")
        exchange.fail(answer, "the echo failed")

async def flood(answer):
    count = 0
    try:
        while True:
            await settled(exchange.write(answer, to_js(bytes(65536))))
            count += 1
    except Exception as error:
        notes.append(f"{error.name} after {'few' if count < 500 else count}")

async def watch(request):
    gone = await exchange.disconnected(request)
    notes.append(f"gone: {gone}, {exchange.isDisconnected(request)}")

def on_fetch(request, env, ctx):
    path = js.URL.new(request.url).pathname
    if path == "/notes":
        said = "; ".join(notes)
        notes.clear()
        return text(said)
    ctx.waitUntil(watch(request))
    if path == "/whole":
        return text(str(exchange.readWhole(request).to_bytes()))
    if path == "/pieces":
        return read_pieces(request)
    if path == "/own":
        return read_pieces(js.Request.new("http://h/", method="POST", body=js.Response.new("own").body))
    answer = response(status=201)
    if path == "/at-once":
        exchange.write(answer, to_js(b"at "))
        exchange.write(answer, to_js(b"once"))
        exchange.end(answer)
    elif path == "/echo":
        ctx.waitUntil(echo(request, answer))
    elif path == "/flood":
        ctx.waitUntil(flood(answer))
    elif path == "/stream":
        ctx.waitUntil(echo(request, answer))
        return js.Response.new(answer.body, answer)
    return answer

async def read_pieces(request):
    return text(repr([part async for part in parts(request)]))
`;

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe("bodies without streams", () => {
  let folder: WorkerFolder;
  let server: ServeProcess;
  before(async () => {
    folder = workerFolder(entry);
    server = await ServeProcess.start(folder.path);
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
    folder.remove();
  });

  const get = async (target: string): Promise<string> => (await server.get(target)).text();
  const post = async (target: string, body: string): Promise<string> =>
    (await server.get(target, { method: "POST", body, duplex: "half" })).text();

  it("are read whole, or in pieces", async () => {
    assert.equal(await post("/whole", "body"), "b'body'");
    assert.equal(await get("/whole"), "b''");
    assert.equal(await post("/pieces", "body"), "[b'body']");
    assert.equal(await get("/pieces"), "[]");
    assert.equal(await get("/own"), "[b'own']");
  });

  it("go as one message when they are whole in time", async () => {
    const response = await server.get("/at-once");
    assert.equal(response.status, 201);
    assert.equal(response.headers.get("content-length"), "7");
    assert.deepEqual(response.headers.getSetCookie(), ["a=1", "b=2"]);
    assert.equal(await response.text(), "at once");
  });

  it("stream", async () => {
    const body = "x".repeat(1_000_000);
    for (const target of ["/echo", "/stream"]) {
      assert.ok((await post(target, body)) === body, target);
    }
  });

  it("tell of a client that has gone", async () => {
    await get("/notes");
    const { port } = new URL(server.url);
    for (const [target, expected] of [
      ["/echo", "AbortError: the client disconnected"],
      ["/flood", "AbortError after few"],
    ] as const) {
      const socket = net.connect(Number(port), "127.0.0.1");
      socket.write(`POST ${target} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n`);
      await once(socket, "data");
      socket.destroy();
      let text = "";
      await until(async () => {
        text += await get("/notes");
        return text.includes(expected) && text.includes("gone: True, True");
      });
    }
    await get("/at-once");
    await until(async () => (await get("/notes")).includes("gone: False, False"));
  });
});
