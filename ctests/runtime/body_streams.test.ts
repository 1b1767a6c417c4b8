// Bodies that stream through a server and its Worker, both ways: what a client sees of them, and how much is under way when one side is slow.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { ServeProcess } from "./lib/serve_process.ts";
import { childrenOf } from "./lib/server_processes.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const mebibyte = 1 << 20;
/** Of a body that is larger than what may be under way. `BLOCKON_STREAM_MIB=1024` is the same with a gibibyte. */
const size = Number(process.env.BLOCKON_STREAM_MIB ?? "128");

const entry = `
import asyncio
import js
from js import Headers, Response
from pyodide.ffi import create_proxy, run_sync, to_js

gate = js.Promise.withResolvers()
pulled = 0
notes = []

def source(pull, cancel=None):
    methods = {"pull": create_proxy(pull)}
    if cancel is not None:
        methods["cancel"] = create_proxy(cancel)
    return js.ReadableStream.new(to_js(methods, dict_converter=js.Object.fromEntries))

def numbers(most):
    chunk = js.Uint8Array.new(65536)
    count = 0
    def pull(controller):
        global pulled
        nonlocal count
        count += 1
        pulled = count
        controller.enqueue(chunk.slice())
        if count == most:
            controller.close()
    return source(pull, lambda reason: notes.append(f"cancelled: {reason.name}: {reason.message}"))

async def two_parts(controller):
    global gate
    controller.enqueue(js.TextEncoder.new().encode("first, "))
    await gate.promise
    controller.enqueue(js.TextEncoder.new().encode("second"))
    controller.close()
    gate = js.Promise.withResolvers()

def breaks(controller):
    global pulled
    pulled += 1
    if pulled > 1:
        raise ValueError("the secret of the stream")
    controller.enqueue(js.TextEncoder.new().encode("a part"))

async def note_abort(request):
    # Whoever disconnects aborts the signal, whether it was asked for before or not.
    aborted = js.Promise.withResolvers()
    request.signal.addEventListener("abort", create_proxy(lambda event: aborted.resolve()))
    if not request.signal.aborted:
        await aborted.promise
    notes.append(f"aborted: {request.signal.reason.message}")

async def count_bytes(stream):
    total = 0
    reader = stream.getReader()
    while not (part := await reader.read()).done:
        total += part.value.length
    return total

async def on_fetch(request, env, ctx):
    global pulled
    url = js.URL.new(request.url)
    path = url.pathname
    most = int(url.searchParams.get("most") or 0)
    if path == "/release":
        gate.resolve(None)
        return Response.new("released")
    if path == "/two-parts":
        return Response.new(source(two_parts))
    if path == "/numbers":
        return Response.new(numbers(most))
    if path == "/pulled":
        return Response.new(str(pulled))
    if path == "/notes":
        text = "; ".join(notes)
        notes.clear()
        return Response.new(text)
    if path == "/breaks":
        pulled = 0
        return Response.new(source(breaks))
    if path == "/no-bytes":
        return Response.new(source(lambda controller: controller.enqueue("text")))
    if path == "/length":
        return Response.new(numbers(most), headers=Headers.new([["content-length", url.searchParams.get("length")]]))
    if path == "/status":
        return Response.new(numbers(1), status=most)
    if path == "/echo":
        return Response.new(request.body)
    if path == "/count":
        return Response.new(str(await count_bytes(request.body)))
    if path == "/whole":
        return Response.new(str(len(await request.text())))
    if path == "/ignore":
        return Response.new("not read")
    if path == "/never":
        ctx.waitUntil(note_abort(request))
        await js.Promise.new(create_proxy(lambda *_: None))
    if path == "/abandoned":
        ctx.waitUntil(note_abort(request))
        try:
            await request.text()
        except Exception as error:
            notes.append(f"read: {error.name}: {error.message}")
            raise
    if path == "/pass":
        # A proxy: both bodies go through.
        body = request.body if request.method == "POST" else None
        return await js.fetch(url.searchParams.get("to"), method=request.method, body=body, duplex="half")
    if path == "/cut":
        response = await js.fetch(url.searchParams.get("to"))
        reader = response.body.getReader()
        await reader.read()
        await reader.cancel("enough")
        return Response.new("cut")
    return Response.new("unknown", status=404)
`;

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** How much memory the server has had at most, in MiB: the process that the launcher has started. */
function peakMemory(launcher: number | undefined): number {
  const children = childrenOf(launcher as number);
  assert.equal(children.length, 1);
  const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${children[0]}/status`, "utf8"));
  return Number(line?.[1]) / 1024;
}

function bodyOf(mebibytes: number): ReadableStream<Uint8Array> {
  let left = mebibytes * 4;
  return new ReadableStream({
    pull(controller) {
      if (left-- > 0) controller.enqueue(new Uint8Array(mebibyte / 4));
      else controller.close();
    },
  });
}

async function countOf(response: Response): Promise<number> {
  let count = 0;
  for await (const chunk of response.body as ReadableStream<Uint8Array>) count += chunk.length;
  return count;
}

describe("bodies that stream", () => {
  let folder: WorkerFolder;
  let server: ServeProcess;
  let upstream: http.Server;
  let upstreamUrl: string;
  /** What upstream was asked for and has not ended. */
  const open = new Set<string>();
  let written = 0;

  before(async () => {
    folder = workerFolder(entry);
    upstream = http.createServer((request, response) => {
      const { url = "/" } = request;
      open.add(url);
      response.on("close", () => open.delete(url));
      if (url === "/endless") {
        const write = (): void => {
          while (response.write(Buffer.alloc(65536))) written += 65536;
          written += 65536;
        };
        response.on("drain", write);
        write();
      } else {
        request.pipe(response);
      }
    });
    await once(upstream.listen(0, "127.0.0.1"), "listening");
    upstreamUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    server = await ServeProcess.start(folder.path);
  });
  after(async () => {
    upstream.closeAllConnections();
    upstream.close();
    assert.equal(await server.stop(), 0);
    folder.remove();
  });

  const get = async (target: string): Promise<string> => (await server.get(target)).text();
  /** Bytes that the server answers to these, until it closes the connection. */
  async function raw(
    text: string,
    then?: (socket: net.Socket, received: () => string) => Promise<void>,
  ): Promise<string> {
    const { port } = new URL(server.url);
    const socket = net.connect(Number(port), "127.0.0.1");
    let received = "";
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      received += chunk;
    });
    socket.on("error", () => {});
    socket.write(text);
    const closed = once(socket, "close");
    await then?.(socket, () => received);
    await closed;
    return received;
  }

  it("come while they are made", async () => {
    const response = await server.get("/two-parts");
    const reader = response.body?.getReader();
    assert.ok(reader);
    const decoder = new TextDecoder();
    assert.equal(decoder.decode((await reader.read()).value), "first, ");
    await get("/release");
    assert.equal(decoder.decode((await reader.read()).value), "second");
    assert.ok((await reader.read()).done);
  });

  it("go in while they come out", async () => {
    const head = "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    const text = await raw(head, async (socket, received) => {
      for (const part of ["one", "two"]) {
        socket.write(`3\r\n${part}\r\n`);
        await until(() => received().includes(part));
      }
      socket.write("0\r\nx-trailer: ignored\r\n\r\n");
    });
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(text, /3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n$/);
  });

  it("wait for a client that does not read, and end when it goes", async () => {
    const { port } = new URL(server.url);
    const socket = net.connect(Number(port), "127.0.0.1");
    socket.pause();
    socket.write("GET /numbers?most=100000 HTTP/1.1\r\nHost: h\r\n\r\n");
    let before = -1;
    await until(async () => {
      const now = Number(await get("/pulled"));
      const stands = now > 0 && now === before;
      before = now;
      return stands;
    });
    // What the system's socket buffers hold, and twice the window of runtime/worker/flow.ts.
    assert.ok(before * 65536 < 16 * mebibyte, `${before} chunks were made for a client that reads nothing`);
    socket.destroy();
    await until(async () => /cancelled: AbortError: the client disconnected/.test(await get("/notes")));
  });

  it("are read no faster than the Worker takes them", async () => {
    const response = await server.get(`/pass?to=${upstreamUrl}/endless`);
    const reader = response.body?.getReader();
    await reader?.read();
    let before = -1;
    await until(() => {
      const stands = written === before;
      before = written;
      return stands;
    });
    assert.ok(before < 32 * mebibyte, `${before} bytes were written for a client that reads nothing`);
    await reader?.cancel();
    await until(() => open.size === 0);
  });

  it("of any size go through, and nothing stays of them", async () => {
    assert.equal(await countOf(await server.get("/numbers?most=16")), mebibyte);
    await get("/notes");
    // What streams take, however long they are: V8's heaps grow by it once.
    const some = { method: "POST", duplex: "half", body: bodyOf(32) } as const;
    assert.equal(await countOf(await server.get("/echo", some)), 32 * mebibyte);
    const first = peakMemory(server.child.pid);
    assert.equal(await countOf(await server.get(`/numbers?most=${size * 16}`)), size * mebibyte);
    // A request's body has a limit.
    const up = Math.min(size / 2, 96);
    const post = { method: "POST", duplex: "half" } as const;
    assert.equal(await (await server.get("/count", { ...post, body: bodyOf(up) })).text(), `${up * mebibyte}`);
    assert.equal(await countOf(await server.get("/echo", { ...post, body: bodyOf(up) })), up * mebibyte);
    const through = await server.get(`/pass?to=${upstreamUrl}/echo`, { ...post, body: bodyOf(up) });
    assert.equal(await countOf(through), up * mebibyte);
    const grown = peakMemory(server.child.pid) - first;
    assert.ok(grown < 128, `the server has grown by ${grown} MiB`);
  });

  it("of a fetch end when they are cancelled", async () => {
    assert.equal(await get(`/cut?to=${upstreamUrl}/endless`), "cut");
    await until(() => open.size === 0);
  });

  for (const target of ["/breaks", "/no-bytes"]) {
    it(`end the connection when they fail, ${target}`, async () => {
      const skip = server.log.filter(({ msg }) => /after the response's head/.test(msg)).length;
      const response = await server.get(target);
      assert.equal(response.status, 200);
      await assert.rejects(response.text());
      const [line] = await server.logged(/the handler failed, after the response's head was sent \([\s\S]*/, skip);
      assert.match(
        line,
        target === "/breaks" ? /the secret of the stream/ : /must give bytes \(Uint8Array\), not string/,
      );
    });
  }

  it("are not sent for HEAD, nor with a status that has none", async () => {
    const head = await server.get("/numbers?most=100", { method: "HEAD" });
    assert.equal(head.headers.get("content-length"), null);
    assert.equal(await head.text(), "");
    await until(async () => /cancelled/.test(await get("/notes")));
    const told = await server.get("/length?most=100&length=77", { method: "HEAD" });
    assert.equal(told.headers.get("content-length"), "77");
    assert.equal(
      await get("/pulled")
        .then(Number)
        .then((count) => count < 9),
      true,
    );
  });

  it("have the length that the Worker gives", async () => {
    const whole = await server.get(`/length?most=2&length=${2 * 65536}`);
    assert.equal(whole.headers.get("content-length"), String(2 * 65536));
    assert.equal(await countOf(whole), 2 * 65536);
    for (const length of [65536, 3 * 65536]) {
      const skip = server.log.filter(({ msg }) => /Content-Length/.test(msg)).length;
      const response = await server.get(`/length?most=2&length=${length}`);
      await countOf(response).catch(() => {});
      await server.logged(/the response's body .* Content-Length/, skip);
    }
  });

  it("wait for those who expect 100 Continue, until they are read", async () => {
    const head = (target: string): string =>
      `POST ${target} HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n`;
    const text = await raw(head("/whole"), async (socket, received) => {
      await until(() => received() === "HTTP/1.1 100 Continue\r\n\r\n");
      socket.write("body");
      await until(() => /\r\n\r\n4$/.test(received()));
      socket.end();
    });
    assert.match(text, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
    const unread = await raw(head("/ignore"));
    assert.match(unread, /^HTTP\/1\.1 200 OK\r\n[\s\S]*connection: close\r\n[\s\S]*not read$/i);
  });

  it("that the Worker does not read leave the connection as it was", async () => {
    const body = "x".repeat(300_000);
    const first = `POST /ignore HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const text = await raw(`${first}GET /pulled HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
    assert.equal(text.match(/HTTP\/1\.1 200 OK/g)?.length, 2);
  });

  it("abort the request when the client goes", async () => {
    const { port } = new URL(server.url);
    for (const [target, expected] of [
      ["/never", /aborted: the client disconnected/],
      ["/abandoned", /read: AbortError: the client disconnected/],
    ] as const) {
      await get("/notes");
      const socket = net.connect(Number(port), "127.0.0.1");
      socket.write(`POST ${target} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n`);
      await get("/pulled");
      socket.destroy();
      let text = "";
      await until(async () => {
        text += await get("/notes");
        return expected.test(text) && /aborted/.test(text);
      });
    }
  });
});
