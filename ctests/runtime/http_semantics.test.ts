// HTTP/1.1 as it is on the wire: raw bytes to `blockon serve`, and what comes back.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Raw } from "./lib/raw_connection.ts";
import { ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = `
import asyncio
import asgi

async def app(scope, receive, send):
    assert scope["type"] == "http"
    path = scope["path"]
    body = b""
    if path != "/unread":
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                print("disconnected")
                return
            body += message["body"]
            more = message["more_body"]
    headers = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    if path == "/pieces":
        for piece in (b"one ", b"two ", b"three"):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(0.01)
        await send({"type": "http.response.body"})
        return
    said = f"{scope['method']} {path} {len(body)}".encode()
    if path == "/headers":
        said += f" of {len(scope['headers'])} headers".encode()
    await send({"type": "http.response.body", "body": said})

Default = asgi.entrypoint(app)
`;

describe("HTTP/1.1", () => {
  let folder: WorkerFolder;
  let server: ServeProcess;
  before(async () => {
    folder = workerFolder(entry);
    server = await ServeProcess.start(folder.path);
    await server.logged(/^ready after /);
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
    folder.remove();
  });
  const raw = (text: string): Raw => new Raw(server.url).send(text);

  it("keeps a connection, and answers what is pipelined in order", async () => {
    const one = raw(
      "GET /one HTTP/1.1\r\nHost: h\r\n\r\nPOST /two HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET /three HTTP/1.1\r\nHost: h\r\n\r\n",
    );
    await one.until(/GET \/one 0HTTP\/1\.1 200[\s\S]*POST \/two 3HTTP\/1\.1 200[\s\S]*GET \/three 0$/);
    one.send("GET /four HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    assert.match(await one.end(), /GET \/four 0$/);
  });

  it("reads what a Worker left of a body, for the sake of the next request", async () => {
    const one = raw("POST /unread HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    await one.until(/POST \/unread 0$/);
    await one.send("GET /next HTTP/1.1\r\nHost: h\r\n\r\n").until(/GET \/next 0$/);
    one.close();
  });

  it("reads chunks, with extensions and trailers", async () => {
    const one = raw(
      "POST /chunks HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n",
    );
    await one.until(/POST \/chunks 5$/);
    one.close();
  });

  it("reads a body that comes byte by byte, while others are answered", async () => {
    const slow = raw("POST /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n");
    for (const byte of "hello") {
      assert.equal(await (await server.get("/fast")).text(), "GET /fast 0");
      slow.send(byte);
    }
    await slow.until(/POST \/slow 5$/);
    slow.close();
  });

  it("sends pieces as chunks, and to HTTP/1.0 up to the end of the connection", async () => {
    const one = raw("GET /pieces HTTP/1.1\r\nHost: h\r\n\r\n");
    await one.until(/transfer-encoding: chunked\r\n\r\n4\r\none \r\n4\r\ntwo \r\n5\r\nthree\r\n0\r\n\r\n$/i);
    one.close();
    const old = await raw("GET /pieces HTTP/1.0\r\n\r\n").end();
    assert.doesNotMatch(old, /chunked/i);
    assert.match(old, /\r\n\r\none two three$/);
  });

  it("sends a HEAD the head alone", async () => {
    const one = raw("HEAD /one HTTP/1.1\r\nHost: h\r\n\r\nGET /two HTTP/1.1\r\nHost: h\r\n\r\n");
    await one.until(/content-length: 11\r\n[\s\S]*?\r\n\r\nHTTP\/1\.1 200[\s\S]*GET \/two 0$/i);
    one.close();
  });

  it("takes as many headers as the head has room for, and the body whose length the last of them says", async () => {
    const many = Array.from({ length: 4000 }, (_, index) => `a${index}: b\r\n`).join("");
    const one = raw(`POST /headers HTTP/1.1\r\nHost: h\r\n${many}Content-Length: 3\r\n\r\nabc`);
    await one.until(/POST \/headers 3 of 4003 headers$/);
    one.close();
    const more = Array.from({ length: 2700 }, (_, index) => `a${index}: ${"b".repeat(20)}\r\n`).join("");
    assert.match(await raw(`GET / HTTP/1.1\r\nHost: h\r\n${more}\r\n`).end(), /^HTTP\/1\.1 431 /);
  });

  it("asks who expects it to go on", async () => {
    const one = raw("POST /expects HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    await one.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
    await one.send("abc").until(/POST \/expects 3$/);
    one.close();
  });

  const refused: [title: string, bytes: string, status: number][] = [
    ["no host", "GET / HTTP/1.1\r\n\r\n", 400],
    ["two hosts", "GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n", 400],
    ["a host that has a path", "GET / HTTP/1.1\r\nHost: h/elsewhere?\r\n\r\n", 400],
    ["a host that has a user", "GET / HTTP/1.1\r\nHost: h@i\r\n\r\n", 400],
    ["a target that is none", "GET nowhere HTTP/1.1\r\nHost: h\r\n\r\n", 400],
    ["no request", "hello\r\n\r\n", 400],
    ["a header without a name", "GET / HTTP/1.1\r\nHost: h\r\n: 1\r\n\r\n", 400],
    ["a header that is folded", "GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\n 2\r\n\r\n", 400],
    [
      "both a length and chunks",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
      400,
    ],
    ["two lengths", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400],
    ["a length that is none", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +3\r\n\r\nabc", 400],
    ["a head that is too large", `GET / HTTP/1.1\r\nHost: h\r\nA: ${"a".repeat(70_000)}\r\n\r\n`, 431],
  ];
  for (const [title, bytes, status] of refused) {
    it(`refuses ${title}`, async () => {
      await raw(bytes).until(new RegExp(`^HTTP/1\\.1 ${status} `));
    });
  }

  it("tells who has sent a head far over the limit before it reads, and goes on to send", async () => {
    for (let i = 0; i < 20; i++) {
      const one = await new Raw(server.url).sendBeforeReading(`GET / HTTP/1.1\r\nHost: h\r\nA: ${"a".repeat(800_000)}`);
      one.send("a".repeat(100_000));
      const text = await one.end();
      assert.match(text, /^HTTP\/1\.1 431 [\s\S]*\r\nconnection: close\r\n\r\n.*: at most 65536 bytes\n$/);
      assert.equal(one.failure, undefined);
    }
  });

  for (const [what, size, ms] of [
    ["much", 100_000, 1],
    ["little at a time", 1, 50],
  ] as const) {
    it(`ends a connection whose head goes on over the limit, by ${what}, and answers others meanwhile`, async () => {
      const one = new Raw(server.url, true).send(`GET / HTTP/1.1\r\nHost: h\r\nA: ${"a".repeat(70_000)}`);
      await one.until(/ 431 /);
      assert.equal(await (await server.get("/fast")).text(), "GET /fast 0");
      while (!one.ended) {
        one.send("a".repeat(size));
        await new Promise((resolve) => setTimeout(resolve, ms));
      }
      assert.match(one.text, /^HTTP\/1\.1 431 /);
    });
  }

  it("refuses a chunk that is none, and tells the application that the client has gone", async () => {
    const one = raw("POST /chunks HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n");
    await one.end();
    await server.logged(/^disconnected $/);
  });

  it("tells the application of a client that goes in the middle of a body", async () => {
    const skip = server.log.filter(({ msg }) => msg === "disconnected").length;
    const one = raw("POST /half HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    await new Promise((resolve) => setTimeout(resolve, 100));
    one.close();
    await server.logged(/^disconnected $/, skip);
  });
});
