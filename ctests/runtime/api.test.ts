// The Pythonic API: one Worker in the runtime and on CPython under uvicorn, asked the same; what they answer is compared.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, request as httpRequest, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { CPythonProcess } from "./lib/cpython_process.ts";
import { ServeProcess } from "./lib/serve_process.ts";

const lib = path.join(import.meta.dirname, "lib");
const worker = path.join(lib, "api_worker");
const service = path.join(lib, "api_service");

interface Asked {
  readonly method?: string;
  readonly headers?: readonly string[];
  readonly body?: string | Buffer;
}

interface Answered {
  readonly status: number;
  readonly headers: string[];
  readonly body: Buffer;
}

/** What is the server's own, or how it sends. */
const ofTheServer = new Set(["connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"]);

function ask(url: string, target: string, { method = "GET", headers = [], body }: Asked = {}): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const { host } = new URL(url);
    const length = body === undefined ? [] : ["content-length", String(Buffer.byteLength(body))];
    const request = httpRequest(url + target, { method, headers: ["host", host, ...length, ...headers], agent: false });
    request.on("error", reject);
    request.on("response", (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => pieces.push(piece));
      response.on("error", reject);
      response.on("end", () => {
        const { "set-cookie": cookies = [], ...others } = response.headers;
        // Node has several fields of a name in one, as the runtime sends them.
        const headers = Object.entries(others).filter(([name]) => !ofTheServer.has(name));
        const lines = [...headers, ...cookies.map((value) => ["set-cookie", value])].map((pair) => pair.join(": "));
        resolve({ status: response.statusCode as number, headers: lines.sort(), body: Buffer.concat(pieces) });
      });
    });
    request.end(body);
  });
}

const text = (answered: Answered): unknown => {
  const content = answered.body.toString();
  return content.startsWith("{") || content.startsWith("[") ? JSON.parse(content) : content;
};

const multipart = (...parts: string[]): Asked => ({
  method: "POST",
  headers: ["content-type", 'multipart/form-data; boundary="b-1"'],
  body: Buffer.from(`preamble\r\n${parts.map((part) => `--b-1\r\n${part}\r\n`).join("")}--b-1--\r\nepilogue`, "latin1"),
});
const post = (body: string | Buffer, type?: string): Asked => ({
  method: "POST",
  body,
  headers: type === undefined ? [] : ["content-type", type],
});
const large = Buffer.alloc(3_000_000, "0123456789");

/** Each with what its answer has to contain, so that two that are wrong alike are found. */
const table: [target: string, asked: Asked, expected: RegExp | number][] = [
  [
    "/request?a=1&a=%C3%BC&b=",
    { method: "DELETE", headers: ["X-Many", "1", "x-many", "2", "Cookie", 'a=1; b="q\\"\\101"; c; a=2'] },
    /"method":"DELETE".*"query":\[\["a","1"\],\["a","ü"\],\["b",""\]\],"last":"ü".*"first":"1","all":\["1","2"\],"cookies":{"a":"2","b":"q\\"A","":"c"}/,
  ],
  ["/request?x=1", { headers: ["x-a", "caf\u00e9"] }, /"first":null/],
  ["/body", post("bödy"), /^\["bÃ¶dy",{"returned":"'bödy'"},{"JSONDecodeError"/],
  ["/body", post('{"a": [1]}', "application/json"), /{'a': \[1\]}/],
  ["/body", post(Buffer.from([0xff, 0xe4]), "text/plain; charset=latin-1"), /'ÿä'/],
  ["/body", post("a", "text/plain; charset=none"), /unknown charset/],
  ["/body", {}, /Expecting value/],
  ["/async-body", post(large), /^\[3000000,/],
  ["/form", post("a=1&a=%C3%BC&b=", "application/x-www-form-urlencoded"), /\[\["a","1"\],\["a","ü"\],\["b",""\]\]/],
  ["/form", post("a=%FF", "application/x-www-form-urlencoded"), 400],
  ["/form", post("a=1", "text/plain"), /Content-Type is text\/plain/],
  ["/form", post("a=1"), /no Content-Type/],
  ["/form", { method: "POST" }, /^\[\]$/],
  [
    "/form",
    multipart(
      'Content-Disposition: form-data; name="text"\r\n\r\ngr\u00c3\u00bcn',
      'content-disposition: form-data; name="file"; filename="a %22b\\".bin"\r\nContent-Type: image/png\r\n\r\n\x00\r\n--b\xff',
      'Content-Disposition: form-data; name="empty"; filename=""\r\n\r\n',
    ),
    /\[\["text","grün"\],\["file",\["a \\"b\\".bin","image\/png",7,"000d0a2d2d62ff"\]\],\["empty",\["",null,0,""\]\]\]/,
  ],
  ["/form", multipart("Content-Disposition: form-data\r\n\r\na"), /no name/],
  ["/form", multipart("Content-Disposition\r\n\r\na"), /no field/],
  ["/form", multipart("Content-Disposition: form-data; name=a"), /no empty line/],
  ["/form", multipart('Content-Disposition: form-data; name="a"\r\n\r\n\xff'), /no text of utf-8/],
  ["/form", post("--b\r\n", "multipart/form-data; boundary=b"), /last boundary is missing/],
  ["/form", post("a", "multipart/form-data; boundary=b"), /nowhere/],
  ["/form", post("a", "multipart/form-data"), /no boundary/],
  ["/upload", post(large), /"size":3000000/],
  ["/echo", post(large), /^0123456789/],
  ["/async-echo", post(large), /^0123456789/],
  ["/echo", post(""), /^$/],
  ["/text", {}, /^grün$/],
  ["/text", { method: "HEAD" }, /^$/],
  ["/bytes", {}, /^\0/],
  ["/dict", {}, /{"a":null,"ü":\[1.5\]}/],
  ["/html", {}, 404],
  ["/json", {}, 201],
  ["/redirect", {}, 303],
  ["/cookies", {}, 204],
  ["/pieces", {}, /^0,1,2,3,4,$/],
  ["/async-pieces", {}, /^0,1,2,3,4,$/],
  ["/starlette", {}, /of":"starlette/],
  ["/starlette-stream", {}, /^012$/],
  ["/werkzeug", {}, /^of werkzeug$/],
  ["/werkzeug-stream", {}, /^012$/],
  ["/httpx", {}, /^of httpx$/],
  ["/httpx-upstream?url=UPSTREAM", {}, /^of the upstream/],
  ["/httpx-stream?url=UPSTREAM", {}, 203],
  ["/requests?url=UPSTREAM", {}, /^of the upstream/],
  ["/requests-stream?url=UPSTREAM", {}, 203],
  ["/kv", {}, /"bytes":"ff00".*"deleted":\[null,null\],"again":"{/],
  ["/kv-async", {}, /\[\["async\/0","async\/1","async\/2"\],\["0","1","2"\],false,/],
  ["/kv-wrong", {}, /KV PUT failed: 413/],
  ["/env", {}, /no binding NONE; those of its configuration: ADMIN, CACHE, COUNT, NAME, OTHER, SETTINGS/],
  ["/service", {}, /"pieces":"0\\n1\\n2\\n".*"fail":{"ServiceError":"no such thing"},"type":"LookupError"/],
  [
    "/exports",
    {},
    /"names":\[\["default","Helper"\],true,false\].*from me.*"default":"grün".*"props":\[\{\},\{\},\{"role":"reader","rights":\["read"\]\}\]/,
  ],
  ["/exports-async", {}, /^\[\["hello, a, from nobody",.*\],"GET \/a by \{\}"\]$/],
  ["/service-async", {}, /^\[\[1,2,3,4,5\],203\]$/],
  [
    "/passed-on",
    { ...post("bödy"), headers: ["x-type", "passed"] },
    /"path":"\/passed-on","body":"bödy","type":"passed"/,
  ],
  [
    "/rpc-messages",
    { ...post("bödy"), headers: ["x-type", "passed"] },
    /\["POST","\/rpc-messages","passed","bödy","bödy"\],\[201,"1","grün"\],\["PUT","http:\/\/any\/path\?a=1","ü",\[1\]\],\[204,true\],\["TypeError"\]/,
  ],
  ["/thread", post("in a thread"), /^\["text","in a thread"\]$/],
  ["/mistakes", {}, /a response with the status 204 has no body/],
  ["/wait-until", {}, /wait_until takes an awaitable or a function, not int/],
];

/** What the log has of an answer that is a 500. */
const refused: [kind: string, told: RegExp][] = [
  ["none", /the handler fetch \(worker_entry\.py:\d+\) returned None; return a Response or text/],
  ["class", /returned the class Response; make one: `Response\(\.\.\.\)`/],
  ["tuple", /returned tuple; status and headers are arguments: `Response\(body, status_code=404/],
  ["generator", /returned generator; return `StreamingResponse\(\.\.\.\)` of it/],
  ["function", /returned function generator; call it/],
  ["number", /returned int; return a Response, str, bytes, dict or list/],
  ["nan", /returned dict that has no JSON: /],
];

describe("the Pythonic API, in the runtime and on CPython", () => {
  let here: ServeProcess;
  let cpython: CPythonProcess;
  let upstream: Server;
  let upstreamUrl: string;

  const state = mkdtempSync(path.join(os.tmpdir(), "blockon-state-"));

  before(async () => {
    upstream = createServer((_request, response) => {
      response.writeHead(203, [
        ["content-encoding", "gzip"],
        ["content-type", "text/plain"],
        ["set-cookie", "a=1"],
        ["set-cookie", "b=2"],
      ] as unknown as IncomingHttpHeaders);
      response.end(gzipSync(`of the upstream ${"and more ".repeat(1000)}`));
    }).listen(0, "127.0.0.1");
    upstreamUrl = await new Promise((resolve) => {
      upstream.on("listening", () => resolve(`http://127.0.0.1:${(upstream.address() as AddressInfo).port}/`));
    });
    [here, cpython] = await Promise.all([
      ServeProcess.start(worker, undefined, undefined, service, "--state", state, "--test-scheduled"),
      CPythonProcess.start([worker, service]),
    ]);
  });
  after(async () => {
    upstream.close();
    await Promise.all([here.stop(), cpython.stop()]);
    rmSync(state, { recursive: true });
  });

  /** Both answers, the runtime's first. */
  const askBoth = (target: string, asked?: Asked) =>
    Promise.all([ask(here.url, target, asked), ask(cpython.url, target, asked)]);

  for (const [target, asked, expected] of table) {
    const what = `${asked.method ?? "GET"} ${target}${asked.body === undefined ? "" : ` ${String(asked.body).slice(0, 60)}`}`;
    it(JSON.stringify(what).slice(1, -1), async () => {
      const full = target.replace("UPSTREAM", encodeURIComponent(upstreamUrl));
      const [ours, theirs] = await askBoth(full, asked);
      assert.deepEqual(text(ours), text(theirs));
      assert.deepEqual(ours.headers, theirs.headers);
      assert.equal(ours.status, theirs.status);
      if (typeof expected === "number") assert.equal(ours.status, expected);
      else assert.match(ours.body.toString(), expected);
    });
  }

  it("goes on with what it was given to wait for", async () => {
    await askBoth("/wait-until");
    for (const { url } of [here, cpython]) {
      while (
        text(await ask(url, "/seen")) === "[]" ||
        String(text(await ask(url, "/seen"))) !== "coroutine,function,module"
      );
    }
  });

  for (const [kind, told] of refused) {
    it(`says what is wrong about an answer: ${kind}`, async () => {
      const [ours, theirs] = await askBoth(`/wrong?kind=${kind}`);
      assert.deepEqual([ours.status, theirs.status], [500, 500]);
      await here.logged(told);
      assert.match(cpython.log, told);
    });
  }

  it("logs what a handler raises, and tells the client nothing of it", async () => {
    for (const answered of await askBoth("/raises")) {
      assert.equal(answered.status, 500);
      assert.match(answered.body.toString(), /^Internal Server Error\n/);
    }
    await here.logged(/in raises[\s\S]*ValueError: on purpose/);
    assert.match(cpython.log, /in raises[\s\S]*ValueError: on purpose/);
  });

  it("cuts off a stream that fails, and closes its iterator", async () => {
    for (const target of ["/failing", "/async-failing"]) {
      await Promise.all([here, cpython].map(({ url }) => assert.rejects(ask(url, target))));
      assert.deepEqual((await askBoth("/seen")).map(text), [["closed"], ["closed"]]);
    }
    await here.logged(/a StreamingResponse failed after its beginning/, 1);
  });

  it("closes the iterator of a client that has gone", async () => {
    for (const target of ["/endless", "/async-endless"]) {
      await Promise.all([here, cpython].map(({ url }) => leave(url, target)));
      for (const { url } of [here, cpython]) while (String(text(await ask(url, "/seen"))) !== "closed");
    }
  });

  it("has scheduled triggers", async () => {
    await here.get("/__scheduled?cron=1+2+*+*+*");
    assert.match((await ask(here.url, "/seen")).body.toString(), /1 2 \* \* \*', '\d{4}-\d\d-\d\dT[\d:.]+\+00:00'/);
  });
});

/** Asks, and goes when a piece has come. */
const leave = (url: string, target: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const request = httpRequest(url + target, { agent: false });
    request.on("error", reject);
    request.on("response", (response) => {
      response.on("error", () => {});
      response.once("data", () => {
        request.destroy();
        resolve();
      });
    });
    request.end();
  });
