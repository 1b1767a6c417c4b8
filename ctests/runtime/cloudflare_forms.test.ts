// What a Worker that was written for Cloudflare's platform counts on beside the web's standards, as a client sees it.
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import zlib from "node:zlib";
import { ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = `
import asyncio, gzip
import js
from js import Response
from pyodide.ffi import to_js

def plain(value):
    return to_js(value, dict_converter=js.Object.fromEntries)

def headers_of(encoding, **others):
    return {"headers": {"content-encoding": encoding, "x-a": "1", **others}}

async def on_fetch(request, env, ctx):
    url = js.URL.new(request.url)
    match url.pathname:
        case "/pass":
            return await js.fetch(request)
        case "/pass-url":
            return await js.fetch(url.searchParams.get("to"), request)
        case "/redirect-mode":
            return Response.new(f"{request.redirect} {request.clone().redirect} {js.Request.new(request).redirect} {js.Request.new(request.url).redirect}")
        case "/encoded":
            return Response.new("text " * 1000, plain(headers_of(url.searchParams.get("by"), **{"content-length": "5000"})))
        case "/encoded-sdk":
            import workers
            return workers.Response("text " * 1000, headers={"Content-Encoding": "gzip"})
        case "/manual":
            packed = to_js(gzip.compress(b"text " * 1000))
            return Response.new(packed, plain({**headers_of("gzip"), "encodeBody": "manual"}))
        case "/packed":
            return Response.new(to_js(gzip.compress(b"text " * 1000)), plain(headers_of("gzip")))
        case "/streamed":
            stream = js.IdentityTransformStream.new()
            async def write():
                writer = stream.writable.getWriter()
                for _ in range(1000):
                    await writer.write(js.TextEncoder.new().encode("text "))
                await writer.close()
            ctx.waitUntil(write())
            return Response.new(stream.readable, plain(headers_of("gzip")))
        case "/packed-by-byte":
            stream = js.IdentityTransformStream.new()
            async def write():
                writer = stream.writable.getWriter()
                for byte in gzip.compress(b"text " * 1000):
                    await writer.write(to_js(bytes([byte])))
                await writer.close()
            ctx.waitUntil(write())
            return Response.new(stream.readable, plain(headers_of("gzip")))
        case "/fixed":
            stream = js.FixedLengthStream.new(11)
            async def write():
                writer = stream.writable.getWriter()
                await writer.write(js.TextEncoder.new().encode("hello "))
                await writer.write(js.TextEncoder.new().encode("world"))
                await writer.close()
            ctx.waitUntil(write())
            return Response.new(stream.readable)
        case "/empty":
            return Response.new(None, plain({"status": 204, **headers_of("gzip")}))
    return Response.new("else", status=404)
`;

const text = "text ".repeat(1000);
/** What the upstream answers, by the coding that its path names. */
const encoders: { readonly [coding: string]: (bytes: Buffer) => Buffer } = {
  gzip: (bytes) => zlib.gzipSync(bytes),
  br: (bytes) => zlib.brotliCompressSync(bytes),
  deflate: (bytes) => zlib.deflateSync(bytes),
};

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

describe("a Worker of Cloudflare's", () => {
  let upstream: http.Server;
  let origin: string;
  let folder: WorkerFolder;
  let server: ServeProcess;
  before(async () => {
    upstream = http.createServer(({ url = "" }, response) => {
      const encode = encoders[url.slice(1)];
      const body = encode?.(Buffer.from(text)) ?? Buffer.from(`upstream ${url}`);
      if (url === "/redirect") response.writeHead(302, { location: "/there" });
      if (encode !== undefined)
        response.writeHead(200, { "content-encoding": url.slice(1), "content-length": body.length });
      response.end(body);
    });
    await once(upstream.listen(0, "127.0.0.1"), "listening");
    origin = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    folder = workerFolder(entry);
    server = await ServeProcess.start(folder.path);
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
    folder.remove();
    upstream.close();
  });

  /** As it came: nothing is decoded or followed. */
  function get(path: string, method = "GET"): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = http.request(`${server.url}${path}`, { method, agent: false }, async (response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
      });
      request.on("error", reject).end();
    });
  }

  it("passes redirects back when it passes a request on", async () => {
    const mode = await get("/redirect-mode");
    assert.equal(mode.body.toString(), "manual manual manual follow");
    const passed = await get(`/pass-url?to=${encodeURIComponent(`${origin}/redirect`)}`);
    assert.equal(passed.status, 302);
    assert.equal(passed.headers.location, "/there");
  });

  for (const [path, encoding, decode] of [
    ["/encoded?by=gzip", "gzip", zlib.gunzipSync],
    ["/encoded?by=GZIP", "GZIP", zlib.gunzipSync],
    ["/encoded?by=br", "br", zlib.brotliDecompressSync],
    ["/encoded-sdk", "gzip", zlib.gunzipSync],
    ["/manual", "gzip", zlib.gunzipSync],
    ["/packed", "gzip", zlib.gunzipSync],
    ["/streamed", "gzip", zlib.gunzipSync],
    ["/packed-by-byte", "gzip", zlib.gunzipSync],
  ] as const) {
    it(`has its body encoded once, as the headers say: ${path}`, async () => {
      const { status, headers, body } = await get(path);
      assert.equal(status, 200);
      assert.equal(headers["content-encoding"], encoding);
      assert.ok(body.length < text.length / 10);
      assert.equal(decode(body).toString(), text);
      assert.notEqual(headers["content-length"], "5000");
    });
  }

  it("passes on what it fetched, whatever its coding was", async () => {
    const fetched = (coding: string): Promise<Answer> =>
      get(`/pass-url?to=${encodeURIComponent(`${origin}/${coding}`)}`);
    for (const [coding, decode] of [
      ["gzip", zlib.gunzipSync],
      ["br", zlib.brotliDecompressSync],
    ] as const) {
      const { headers, body } = await fetched(coding);
      assert.equal(headers["content-encoding"], coding);
      assert.equal(decode(body).toString(), text, coding);
    }
    const { headers, body } = await fetched("deflate");
    assert.equal(headers["content-encoding"], undefined);
    assert.equal(body.toString(), text);
  });

  it("leaves other encodings, and what has no body, alone", async () => {
    const { body, headers } = await get("/encoded?by=identity");
    assert.equal(body.toString(), text);
    assert.equal(headers["content-length"], "5000");
    const empty = await get("/empty");
    assert.equal(empty.status, 204);
    const head = await get("/encoded?by=gzip", "HEAD");
    assert.deepEqual([head.status, head.headers["content-encoding"], head.body.length], [200, "gzip", 0]);
  });

  it("sends a FixedLengthStream with its length", async () => {
    const { body, headers } = await get("/fixed");
    assert.equal(body.toString(), "hello world");
    assert.equal(headers["content-length"], "11");
    assert.equal(headers["transfer-encoding"], undefined);
  });
});
