// Requests that are read and answered without Node's HTTP, as a client sees them, and that they are read as Node reads them.
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { PlainHeads } from "../../runtime/server/plain_head.ts";
import { headerPairs } from "../../runtime/worker/header_text.ts";
import { Raw } from "./lib/raw_connection.ts";
import { ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = `
import asyncio
import asgi

async def app(scope, receive, send):
    assert scope["type"] == "http"
    path = scope["path"]
    if path == "/take":
        message = await receive()
        body = b"%s %d %s." % (scope["method"].encode(), len(message["body"]), message["body"][-3:])
        assert not (await receive())["body"] if message["more_body"] else True
        lengths = [value for name, value in scope["headers"] if name == b"content-length"]
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"[" + b",".join(lengths) + b"] " + body})
        return
    headers = [(b"content-type", b"text/plain")]
    if path == "/raise":
        raise ValueError("of the application")
    if path == "/dated":
        headers.append((b"date", b"Thu, 01 Jan 1970 00:00:00 GMT"))
    if path == "/wait":
        print("waiting")
        await receive()
        print((await receive())["type"])
        return
    if path == "/slow":
        print("slow")
        await asyncio.sleep(0.3)
    status = 204 if path == "/nothing" else 299 if path == "/unknown" else 200
    await send({"type": "http.response.start", "status": status, "headers": headers})
    if path == "/pieces":
        for piece in (b"one ", b"two"):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(0.01)
        await send({"type": "http.response.body"})
    elif path == "/cut":
        await send({"type": "http.response.body", "body": b"one", "more_body": True})
        raise ValueError("in the middle")
    else:
        body = b"" if path == "/nothing" else b"x" * 99_999 + b"z" if path == "/large" else f"<{scope['path']}>".encode()
        if path.startswith("/bytes/"):
            body = bytes.fromhex(path.removeprefix("/bytes/"))
        await send({"type": "http.response.body", "body": body})

Default = asgi.entrypoint(app)
`;

const post = (method: string, body: string, ...lines: string[]): string =>
  [`${method} /take HTTP/1.1`, "Host: h", ...lines, `Content-Length: ${body.length}`, "", body].join("\r\n");
const get = (path: string, ...lines: string[]): string =>
  [`GET ${path} HTTP/1.1`, "Host: h:80", ...lines, "", ""].join("\r\n");

/** A client that is not told of. */
const nobody = { address: "", port: "" };

describe("plain requests", () => {
  let folder: WorkerFolder;
  let server: ServeProcess;
  before(async () => {
    folder = workerFolder(entry);
    server = await ServeProcess.start(folder.path, undefined, undefined, "--access-log");
    await server.logged(/^ready after /);
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
    folder.remove();
  });
  const raw = (text: string): Raw => new Raw(server.url).send(text);

  it("are answered with all that an answer has", async () => {
    const one = raw(get("/a", "Connection: Keep-Alive"));
    const [head] = await one.until(/^[\s\S]*\r\n\r\n<\/a>$/);
    assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(head, /\r\ncontent-type: text\/plain\r\n/);
    assert.match(head, /\r\ncontent-length: 4\r\n/);
    assert.match(head, /\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/);
    assert.match(head, /\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n/);
    one.send(get("/unknown"));
    await one.until(/HTTP\/1\.1 299 unknown\r\n[\s\S]*<\/unknown>$/);
    one.send(get("/dated"));
    const [dated] = await one.until(
      /HTTP\/1\.1 200 OK\r\n(?!content-type: text\/plain\r\ncontent-length: 4)[\s\S]*<\/dated>$/,
    );
    assert.equal(dated.match(/\r\ndate: .*1970/gi)?.length, 1);
    one.close();
  });

  it("have the bytes of their answer's body", async () => {
    for (const hex of ["", "00", "7f", "80ff", "c3a4", "0d0a", "61".repeat(1900), "61".repeat(1900).concat("ff")]) {
      const response = await server.get(`/bytes/${hex}`);
      assert.equal(Buffer.from(await response.arrayBuffer()).toString("hex"), hex);
      assert.equal(response.headers.get("content-length"), String(hex.length / 2));
    }
    const longer = await server.get("/large");
    assert.match(await longer.text(), /^x{99999}z$/);
  });

  it("are one after another on a connection, with those that are not plain between", async () => {
    const one = raw(get("/a"));
    await one.until(/<\/a>$/);
    one.send(get("/pieces"));
    await one.until(/4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n$/);
    one.send(get("/nothing"));
    await one.until(/HTTP\/1\.1 204 No Content\r\n[^<]*\r\n\r\n$/);
    one.send(get("/large"));
    await one.until(/\r\ncontent-length: 100000\r\n[^<]*xz$/);
    one.send(get("/raise"));
    await one.until(/HTTP\/1\.1 500 Internal Server Error\r\n[\s\S]*\nid: \S+\n$/);
    one.send(get("/b"));
    await one.until(/<\/b>$/);
    one.send("POST /c HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
    await one.until(/<\/c>$/);
    one.send(get("/d", "Connection: close"));
    assert.match(await one.end(), /Connection: close\r\n\r\n<\/d>$/);
  });

  it("have small bodies, which may come behind their heads", async () => {
    const one = raw(post("POST", "abc"));
    await one.until(/\[3\] POST 3 abc\.$/);
    one.send(post("PUT", ""));
    await one.until(/\[0\] PUT 0 \.$/);
    const large = "x".repeat(65_000);
    one.send(post("PATCH", `${large}yz`));
    await one.until(/\[65002\] PATCH 65002 xyz\.$/);
    const [head, body] = post("POST", "body").split(/(?<=\r\n\r\n)/) as [string, string];
    one.send(head);
    await new Promise((resolve) => setTimeout(resolve, 20));
    one.send(body.slice(0, 2));
    await new Promise((resolve) => setTimeout(resolve, 20));
    one.send(body.slice(2));
    await one.until(/\[4\] POST 4 ody\.$/);
    // One behind the other, and one that is not plain.
    one.send(post("POST", "first") + post("POST", "second"));
    await one.until(/POST 5 rst\.[\s\S]*POST 6 ond\.$/);
    one.send("POST /take HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nxyz\r\n0\r\n\r\n");
    await one.until(/\[\] POST 3 xyz\.$/);
    one.close();
  });

  it("are Node's to read where their bodies come late, or never", async () => {
    const [head, body] = post("POST", "late").split(/(?<=\r\n\r\n)/) as [string, string];
    const late = raw(head + body.slice(0, 1));
    const gone = raw(head);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    gone.close();
    late.send(body.slice(1));
    await late.until(/\[4\] POST 4 ate\.$/);
    late.send(post("POST", "next", "Connection: close"));
    assert.match(await late.end(), /\[4\] POST 4 ext\.$/);
  });

  it("wait for the one before", async () => {
    const one = raw(get("/slow") + get("/a") + get("/b"));
    await one.until(/<\/slow>[\s\S]*<\/a>[\s\S]*<\/b>$/);
    one.close();
    const two = raw(get("/slow"));
    await server.logged(/^slow /, 1);
    two.send(get("/a")).send("HEAD /b HTTP/1.1\r\nHost: h\r\n\r\n");
    await two.until(/<\/slow>[\s\S]*<\/a>HTTP\/1\.1 200 OK\r\n[^<]*\r\n\r\n$/);
    two.close();
  });

  it("may come in parts", async () => {
    const one = raw("GET /a HT");
    await new Promise((resolve) => setTimeout(resolve, 20));
    one.send("TP/1.1\r\nHost: h\r\n\r\n");
    await one.until(/<\/a>$/);
    one.close();
  });

  it("are given up when their client goes", async () => {
    const one = raw(get("/wait"));
    await server.logged(/^waiting /);
    one.close();
    await server.logged(/^http\.disconnect /);
    await server.logged(/^GET \/wait was given up after/);
  });

  it("have their answer cut where its application fails", async () => {
    const one = raw(get("/cut"));
    const text = await one.end();
    assert.match(text, /\r\nTransfer-Encoding: chunked\r\n/);
    assert.doesNotMatch(text, /\r\n0\r\n\r\n$/);
  });

  it("are answered by a server that stops", async () => {
    const other = await ServeProcess.start(folder.path);
    await other.logged(/^ready after /);
    const idle = new Raw(other.url).send(get("/a"));
    await idle.until(/<\/a>$/);
    const busy = new Raw(other.url).send(get("/slow"));
    await other.logged(/^slow /);
    const stopped = other.stop();
    assert.match(await busy.end(), /Connection: close\r\n\r\n<\/slow>$/i);
    await idle.end();
    assert.equal(await stopped, 0);
  });
});

describe("the head of a plain request", () => {
  const plain = [
    get("/"),
    get("/a/b?c=d&e=%20%41;f#"),
    get("/a?x='"),
    get("/./a"),
    get("/a/../b"),
    get("/.a/b./c..d"),
    get("/%2e%2E/a"),
    get("//a"),
    get("/a b"),
    get("/ä"),
    get("/a\\b"),
    get("/[]|^{}"),
    get("*"),
    get("http://x/"),
    get("/", "A: b", "a: c", "B:\t d \t", "C:"),
    get("/", "A: \xe4\xff"),
    get("/", "A: \x7f"),
    get("/", "A: b\nC: d"),
    get("/", "A: b\rC: d"),
    get("/", "A: b\0"),
    get("/", "A: b", " c"),
    get("/", "A : b"),
    get("/", ": b"),
    get("/", "A"),
    get("/", "A,b: c"),
    get("/", "Host: other"),
    get("/", "Content-Length: 0"),
    get("/", "Content-Length: 1"),
    get("/", "Transfer-Encoding: chunked"),
    get("/", "Connection: close"),
    get("/", "Connection: upgrade", "Upgrade: websocket"),
    get("/", "Expect: 100-continue"),
    get("/", "TE: trailers"),
    "GET / HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost:\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: u@h\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: EXAMPLE.com:80\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: [::1]:8000\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: 127.1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: 300.0.0.1\r\n\r\n",
    "GET / HTTP/1.0\r\nHost: h\r\n\r\n",
    "GET / HTTP/1.1 \r\nHost: h\r\n\r\n",
    "GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
    "get / HTTP/1.1\r\nHost: h\r\n\r\n",
    "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET / HTTP/1.1\nHost: h\n\n",
    `${get("/")}x`,
    get("/") + get("/a"),
    post("POST", "abc"),
    post("PUT", "", "A: b"),
    post("PATCH", "abc", "Content-Length: 3"),
    post("DELETE", "abc"),
    post("post", "abc"),
    post("POST", "abc", "Transfer-Encoding: chunked"),
    post("POST", "abc", "Expect: 100-continue"),
    "POST / HTTP/1.1\r\nHost: h\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +3\r\n\r\nabc",
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3, 3\r\n\r\nabc",
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 03\r\n\r\nabc",
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\n",
  ];
  let server: http.Server;
  const asked: { url: string; headers: [string, string][] }[] = [];
  before(async () => {
    server = http.createServer(({ url = "", rawHeaders, headers }, response) => {
      const pairs = rawHeaders.flatMap((name, i) =>
        i % 2 === 0 ? [[name.toLowerCase(), rawHeaders[i + 1] as string] as [string, string]] : [],
      );
      asked.push({ url: new URL(`http://${headers.host}${url}`).href, headers: pairs });
      response.end();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  after(() => {
    server.close();
  });

  for (const text of plain) {
    it(`is what Node reads: ${JSON.stringify(text)}`, async () => {
      const head = new PlainHeads(nobody, undefined).read(text);
      if (head === null || head.size + head.bodySize !== text.length) return;
      const { port } = server.address() as AddressInfo;
      const raw = new Raw(`http://127.0.0.1:${port}`).send(text);
      await raw.until(/^HTTP\/1\.1 200 OK\r\n/);
      raw.close();
      assert.deepEqual([{ url: head.url, headers: headerPairs(head.headers) }], asked.splice(0));
    });
  }

  it("is plain where it has nothing unusual", () => {
    const heads = new PlainHeads(nobody, undefined);
    for (const [path, url] of [
      ["/", "http://h/"],
      ["/a.b/c-d?e=f&g=%20", "http://h/a.b/c-d?e=f&g=%20"],
    ] as const)
      assert.equal(heads.read(get(path, "Accept: */*", "Cookie: a=b; c=d"))?.url, url);
    assert.deepEqual(new PlainHeads(nobody, undefined).read(post("POST", "abc")), {
      method: "POST",
      url: "http://h/take",
      target: "/take",
      headers: "host\nh\ncontent-length\n3",
      client: nobody,
      size: post("POST", "").length,
      bodySize: 3,
    });
    const odd = plain.filter((text) => new PlainHeads(nobody, undefined).read(text) === null);
    assert.ok(odd.length >= 42, `${odd.length} of ${plain.length} are left to Node`);
  });

  it("has its own headers, whatever came before", () => {
    const heads = new PlainHeads(nobody, undefined);
    assert.equal(heads.read(get("/", "A: b"))?.headers, "host\nh:80\na\nb");
    assert.equal(heads.read(get("/c", "A: b"))?.headers, "host\nh:80\na\nb");
    assert.equal(heads.read(get("/", "A: c"))?.headers, "host\nh:80\na\nc");
    assert.equal(heads.read(get("/", "Expect: 100-continue")), null);
    assert.equal(heads.read(post("POST", "abc"))?.bodySize, 3);
    assert.equal(heads.read(post("POST", "abcd"))?.bodySize, 4);
    assert.equal(heads.read(get("/", "A: b"))?.headers, "host\nh:80\na\nb");
  });
});
