// loadPyodide({ fetch }): bodies that stream both ways, and ends that come early, with each HTTP client.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { before, beforeEach, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import type { PyodideAPI } from "pyodide";
import { loadPyodide } from "../../runtime/index.ts";
import { packageFolder } from "../../runtime/packages/python_packages.ts";

const clients = ["http.client", "urllib.request", "urllib3", "requests", "httpx", "httpx, asynchronous", "aiohttp"];
const url = "http://server.example/path";
const program = readFileSync(path.join(import.meta.dirname, "lib/fetch_clients.py"), "utf8");

type Ask = (client: string, url: string, parts?: unknown, most?: number) => Promise<string>;
type Fetch = (url: string, init: RequestInit) => Response | PromiseLike<Response>;

/** Turns of the event loop in which whoever can go on does. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
}

async function textOf(body: RequestInit["body"]): Promise<string> {
  return new Response(body ?? null).text();
}

async function answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  let size = 0;
  for await (const part of request) size += (part as Buffer).length;
  if (request.url === "/plain") response.setHeader("content-length", 6000).end("plain ".repeat(1000));
  else if (request.url === "/packed") {
    const packed = gzipSync("packed ".repeat(1000));
    response.writeHead(200, { "content-encoding": "gzip", "content-length": packed.length }).end(packed);
  } else if (request.url === "/cut") {
    response.writeHead(200, { "content-length": 100 }).write("short");
    setImmediate(() => request.socket.destroy());
  } else response.end(`${size} bytes`);
}

/** Parts of a body, which Python takes one after another; the second when `gate` is open. */
class Parts {
  taken = 0;
  readonly #parts: string[];
  readonly gate: Promise<unknown>;

  constructor(parts: string[], gate: Promise<unknown> = Promise.resolve()) {
    this.#parts = parts;
    this.gate = gate;
  }

  next(): string | null {
    return this.#parts[this.taken++] ?? null;
  }
}

describe("loadPyodide({ fetch })", () => {
  let pyodide: PyodideAPI;
  let fetch: Fetch;
  let ask: Ask;
  let bodyOf: (parts: Parts) => unknown;
  let server: string;
  let packages: string;

  before(async () => {
    const listening = http.createServer(answer).listen(0, "127.0.0.1");
    await once(listening, "listening");
    listening.unref();
    server = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
    const tests = path.join(import.meta.dirname, "../../pytests");
    packages = (await packageFolder(tests, () => {})) as string;
    pyodide = await loadPyodide({ fetch: (...request) => fetch(...request) });
    pyodide.mountNodeFS("/packages", packages);
    pyodide.runPython("import sys; sys.path.insert(0, '/packages')");
    await pyodide.runPythonAsync(program);
    bodyOf = pyodide.globals.get("body_of");
    const python = pyodide.globals.get("ask");
    ask = (...values) => python.callPromising(...values) as Promise<string>;
  });

  beforeEach(() => {
    pyodide.globals.set("limit", undefined);
  });

  for (const client of clients) {
    describe(client, () => {
      it("sends a body while it is made", async () => {
        const { promise, resolve } = Promise.withResolvers<void>();
        fetch = async (_, { body }) => {
          const reader = (body as ReadableStream<Uint8Array>).getReader();
          let text = "";
          for (let part = await reader.read(); !part.done; part = await reader.read()) {
            text += new TextDecoder().decode(part.value);
            resolve();
          }
          return new Response(text);
        };
        const parts = new Parts(["first ", "second ", "third"], promise);
        assert.equal(await ask(client, url, bodyOf(parts)), "first second third");
      });

      it("makes no more of a body than the fetch takes", async () => {
        const { promise, resolve } = Promise.withResolvers<void>();
        fetch = async (_, { body }) => {
          await promise;
          return new Response(String((await textOf(body)).length));
        };
        const parts = new Parts(Array(100).fill("x".repeat(50_000)));
        const answer = ask(client, url, bodyOf(parts));
        await turns();
        assert.ok(parts.taken >= 1 && parts.taken <= 6, `${parts.taken} parts`);
        resolve();
        assert.equal(await answer, "5000000");
        assert.equal(parts.taken, 101);
      });

      it("gets an answer that comes before the body's end", async () => {
        fetch = () => new Response("enough", { status: 413 });
        const parts = new Parts(Array(100).fill("x".repeat(10_000)));
        const answer = await ask(client, url, bodyOf(parts));
        assert.match(answer, client === "urllib.request" ? /^HTTPError .* 413/ : /^enough$/);
      });

      it("reads a body while it comes, and no more of it than is read", async () => {
        let pulled = 0;
        let cancelled = 0;
        const pull = (controller: ReadableStreamDefaultController) => {
          pulled++;
          controller.enqueue(new TextEncoder().encode("y".repeat(50_000)));
        };
        const cancel = () => {
          cancelled++;
        };
        fetch = () => new Response(new ReadableStream({ pull, cancel }, { highWaterMark: 0 }));
        const answer = await ask(client, url, undefined, 1000);
        assert.match(answer, /^y{1000,}$/);
        await turns();
        assert.ok(pulled >= 1 && pulled <= 8, `${pulled} parts`);
        assert.equal(cancelled, 1);
      });

      it("has a body that fails as an error of its own", async () => {
        const body = new ReadableStream({
          pull(controller) {
            controller.error(new TypeError("terminated", { cause: new Error("the cause of it") }));
          },
        });
        fetch = () => new Response(body);
        assert.match(
          await ask(client, url),
          /(OSError|RequestException|TransportError|HTTPError|ClientError).*: .*the cause of it/,
        );
      });

      it("ends the fetch when its time is up, in a body that it sends and before the answer", async () => {
        pyodide.globals.set("limit", 0.05);
        for (const parts of [undefined, new Parts(Array(100).fill("x".repeat(100_000)))]) {
          let signal: AbortSignal | null | undefined;
          fetch = (_, init) => {
            signal = init.signal;
            return new Promise(() => {});
          };
          const answer = await ask(client, url, parts && bodyOf(parts));
          assert.match(answer, /Timeout|timed out/);
          assert.equal(signal?.aborted, true);
        }
      });

      it("has the fetch's rejection as an error of its own", async () => {
        fetch = () => Promise.reject(new TypeError("not today"));
        assert.match(await ask(client, url), /(OSError|RequestException|TransportError|HTTPError).*: .*not today/);
      });

      it("is told the length of what a server packed not, and of nothing else, by Node's fetch", async () => {
        fetch = globalThis.fetch;
        assert.equal(await ask(client, `${server}/plain`), "plain ".repeat(1000));
        assert.equal(await ask(client, `${server}/packed`), "packed ".repeat(1000));
        const parts = new Parts(Array(10).fill("x".repeat(50_000)));
        assert.equal(await ask(client, `${server}/count`, bodyOf(parts)), "500000 bytes");
        assert.match(
          await ask(client, `${server}/cut`),
          /(OSError|RequestException|TransportError|HTTPError|ClientError)/,
        );
      });

      it("asks the fetch for each redirect that it follows", async () => {
        const asked: string[] = [];
        fetch = (to, { redirect }) => {
          asked.push(`${redirect} ${to}`);
          if (asked.length > 1) return new Response("there");
          return new Response(null, { status: 302, headers: { location: "http://other.example/" } });
        };
        const follows = ["urllib.request", "requests", "aiohttp"].includes(client);
        assert.equal(await ask(client, url), follows ? "there" : "");
        assert.deepEqual(asked, [`manual ${url}`, ...(follows ? ["manual http://other.example/"] : [])]);
      });
    });
  }

  it("leaves nothing behind, of exchanges that end well, early or in an error", async () => {
    fetch = (to) => {
      if (to.endsWith("fail")) return Promise.reject(new TypeError("not today"));
      return new Response(new ReadableStream({ pull: (to) => to.enqueue(new Uint8Array(1000)) }, { highWaterMark: 0 }));
    };
    const code = `
import gc
async def left_by(client):
    def once():
        ask(client, "http://a.example/endless", None, 1)
        ask(client, "http://a.example/endless", iter([b"x" * 70_000] * 3), 1)
        ask(client, "http://a.example/fail")
    once()
    counts = []
    for _ in range(3):
        await asyncio.sleep(0.01)
        gc.collect()
        counts.append(len(gc.get_objects()))
        for _ in range(20):
            once()
    return counts[2] - counts[1]
repr([name for name in clients if await left_by(name) >= 20])`;
    assert.equal(await pyodide.runPythonAsync(code), "[]");
  });

  it("is asked by clients that were imported before there was one, and by none once it is taken away", async () => {
    const late = await loadPyodide();
    late.mountNodeFS("/packages", packages);
    late.runPython("import sys; sys.path.insert(0, '/packages')");
    await late.runPythonAsync(program);
    late.globals.set("server", server);
    late.globals.set("answer", () => new Response("by fetch"));
    const code = `
import blockon
seen = [hasattr(http.client.HTTPConnection.connect, "__wrapped__"), "blockon._client_adapters" in sys.modules]
def ask_all():
    seen.append({ask(client, f"{server}/count") for client in clients})
blockon.set_fetch(answer)
ask_all()
blockon.set_fetch(None)
ask_all()
repr(seen)`;
    assert.equal(await late.runPythonAsync(code), "[False, False, {'by fetch'}, {'0 bytes'}]");
  });

  it("is refused where it is no function, and with shims: false", async () => {
    await assert.rejects(loadPyodide({ fetch: 5 as never }), /the option fetch is the number 5; expected a function/);
    await assert.rejects(loadPyodide({ fetch, shims: false }), /the option fetch is for clients that shims: false/);
    await assert.rejects(
      loadPyodide({ shims: 1 as never }),
      /the option shims is the number 1; expected true or false/,
    );
  });

  it("gives a server's headers as they are, but for those of packing", async () => {
    fetch = globalThis.fetch;
    const code = `
lengths = []
for path in ("plain", "packed", "count"):
    response = urllib3.request("GET", f"{server}/{path}")
    lengths.append((response.headers.get("content-length"), response.headers.get("content-encoding"), response.reason))
repr(lengths)`;
    pyodide.globals.set("server", server);
    const expected = "[('6000', None, 'OK'), (None, None, 'OK'), ('7', None, 'OK')]";
    assert.equal(await pyodide.runPythonAsync(code), expected);
  });

  it("cannot be reached from runPython, which says so", () => {
    assert.throws(
      () => pyodide.runPython("import urllib3; urllib3.request('GET', 'http://a.example/', retries=False)"),
      /NewConnectionError: .*JavaScript called Python synchronously.*runPythonAsync/,
    );
  });

  it("is the one of the program that restores a snapshot", async () => {
    const made = await loadPyodide({ _makeSnapshot: true, fetch: () => new Response("made") });
    made.runPython("import http.client");
    const restored = await loadPyodide({
      _loadSnapshot: made.makeMemorySnapshot(),
      fetch: () => new Response("restored"),
    });
    const code = `
connection = http.client.HTTPConnection("a.example")
connection.request("GET", "/")
connection.getresponse().read().decode()`;
    assert.equal(await restored.runPythonAsync(code), "restored");
  });
});
