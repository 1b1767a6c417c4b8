// Bodies that are larger than the server takes: refused by their length at once, or when they have become too large.
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { after, before, describe, it } from "node:test";
import { createWorker } from "../../runtime/cli/create_worker.ts";
import { readWorkerConfig } from "../../runtime/config/wrangler.ts";
import { createLog } from "../../runtime/log.ts";
import type { WorkerHost } from "../../runtime/pool/worker_host.ts";
import { type HttpServer, startServer } from "../../runtime/server/http.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const limit = 100_000;

const entry = `
from js import Response, TransformStream

notes = []

async def on_fetch(request):
    if request.url.endswith("/notes"):
        return Response.new("; ".join(notes))
    if request.url.endswith("/echo"):
        return Response.new(request.body)
    try:
        return Response.new(str(len(await request.text())))
    except Exception as error:
        notes.append(f"{error.name}: {error.message}")
        raise
`;

describe("a body that is too large", () => {
  let folder: WorkerFolder;
  let worker: WorkerHost;
  let server: HttpServer;

  before(async () => {
    folder = workerFolder(entry);
    worker = createWorker(readWorkerConfig(folder.path), { onLog: () => {}, onOutput: () => {} });
    await worker.start();
    server = await startServer(worker, createLog("json"), { host: "127.0.0.1", port: 0, limits: { bodyBytes: limit } });
  });
  after(async () => {
    await server.close();
    await worker.stop();
    folder.remove();
  });

  /** What the server answers; the client stops to send when `stop` says so of that. */
  async function send(head: string, chunks: number, stop: (received: string) => boolean): Promise<string> {
    const socket = net.connect(Number(new URL(server.url).port), "127.0.0.1");
    let received = "";
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      received += chunk;
    });
    socket.on("error", () => {});
    const closed = once(socket, "close");
    socket.write(head);
    for (let i = 0; i < chunks && !stop(received) && !socket.destroyed; i++) {
      socket.write(`2710\r\n${"x".repeat(10_000)}\r\n`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    if (!stop(received)) await Promise.race([once(socket, "data"), closed]);
    socket.end();
    await closed;
    return received;
  }

  const chunked = (path: string): string => `POST ${path} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n`;

  it("is refused by its length, before the Worker is asked", async () => {
    for (const length of [limit + 1, 1e15]) {
      const head = `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${length}\r\n\r\n`;
      const answer = await send(head, 0, (received) => received !== "");
      assert.match(answer, /^HTTP\/1\.1 413 [\s\S]*Content Too Large: at most 100000 bytes\n/);
    }
    assert.equal(await (await fetch(`${server.url}/notes`)).text(), "");
  });

  it("is refused, with the Continue that it waits for", async () => {
    const head = `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${limit + 1}\r\nExpect: 100-continue\r\n\r\n`;
    const answer = await send(head, 0, (received) => received !== "");
    assert.match(answer, /^HTTP\/1\.1 413 [\s\S]*connection: close/i);
  });

  it("is refused when it has become so, and the Worker gets an error", async () => {
    const answer = await send(chunked("/"), 50, (received) => received !== "");
    assert.match(answer, /^HTTP\/1\.1 413 /);
    const notes = await (await fetch(`${server.url}/notes`)).text();
    assert.match(notes, /^AbortError: the request's body is larger than 100000 bytes$/);
  });

  it("ends the connection when the answer has begun", async () => {
    const answer = await send(chunked("/echo"), 50, () => false);
    assert.match(answer, /^HTTP\/1\.1 200 OK/);
    assert.doesNotMatch(answer, /\r\n0\r\n\r\n$/);
  });

  it("is none with so many bytes", async () => {
    const response = await fetch(server.url, { method: "POST", body: "x".repeat(limit) });
    assert.equal(await response.text(), String(limit));
  });
});
