// blockon serve, from the outside: what a client gets, what the log says, and what goes on after a failure.
import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import net from "node:net";
import { after, before, describe, it } from "node:test";
import { ServeProcess, serveUntilExit } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/;

/** A client's 500, and the line of the log that its id leads to. */
async function failure(server: ServeProcess, response: Response): Promise<string> {
  assert.equal(response.status, 500);
  const text = await response.text();
  assert.match(text, /^Internal Server Error\nid: /);
  assert.doesNotMatch(text, /Traceback|Error:|entry\.py/);
  const id = uuid.exec(text)?.[0];
  assert.ok(id, text);
  await server.logged(new RegExp(id));
  const line = server.log.find((entry) => entry.id === id);
  assert.ok(line);
  return line.msg;
}

function suite(title: string, entry: string, flags: readonly string[], tests: (at: () => ServeProcess) => void): void {
  describe(title, () => {
    let folder: WorkerFolder;
    let server: ServeProcess;
    before(async () => {
      folder = workerFolder(entry, flags);
      server = await ServeProcess.start(folder.path);
    });
    after(async () => {
      assert.equal(await server.stop(), 0);
      folder.remove();
    });
    tests(() => server);
  });
}

const functionWorker = `
import asyncio, os, sys
import js
from js import Response, Headers
from pyodide.ffi import run_sync, can_run_sync

gate = js.Promise.withResolvers()

same = Response.new("the same")

async def finish_later():
    await asyncio.sleep(0.01)
    print("finished in the background")

def on_fetch(request, env, ctx):
    path = js.URL.new(request.url).pathname
    if path == "/wait":
        print("waiting", end="")
        return Response.new("the other said " + run_sync(gate.promise))
    if path == "/release":
        gate.resolve("go")
        return Response.new("released")
    if path == "/coroutine":
        return answer_later()
    if path == "/echo":
        text = run_sync(request.text())
        headers = Headers.new([["set-cookie", "a=1"], ["set-cookie", "b=2"], ["x-method", request.method]])
        return Response.new(text, status=201, headers=headers)
    if path == "/none":
        return None
    if path == "/dict":
        return {"a": 1}
    if path == "/raise":
        raise ValueError("the secret of the handler")
    if path == "/exit":
        sys.exit(3)
    if path == "/hard-exit":
        os._exit(3)
    if path == "/abort":
        os.abort()
    if path == "/memory":
        # Buffers that are allocated and never touched: no memory of this machine is taken.
        files = [open(__file__, "rb", buffering=2_147_000_000) for _ in range(2)]
    if path == "/heap":
        kept = []
        while True:
            kept.append(js.Array.new(1_000_000).fill(1.5))
    if path == "/unreachable":
        return Response.new(run_sync(js.fetch("http://127.0.0.1:40001/")).status)
    if path == "/unhandled":
        resolvers = js.Promise.withResolvers()
        resolvers.reject(js.RangeError.new("too far"))
        return Response.new("left behind")
    if path == "/same":
        return same
    if path == "/background":
        ctx.waitUntil(finish_later())
        ctx.waitUntil(js.Promise.reject(js.Error.new("a background failure")))
        return Response.new("at once")
    if path == "/empty":
        return Response.new(None, status=204)
    print("a line of", end=" ")
    print("output")
    return Response.new(f"hello {can_run_sync()}")

async def answer_later():
    await asyncio.sleep(0.01)
    return Response.new("later")
`;

suite("a Worker with on_fetch", functionWorker, [], (at) => {
  it("answers", async () => {
    const response = await at().get("/");
    assert.equal(response.status, 200);
    assert.equal(await response.text(), "hello True");
    await at().logged(/^a line of output $/);
  });

  it("answers by a coroutine", async () => {
    assert.equal(await (await at().get("/coroutine")).text(), "later");
  });

  it("passes method, body, status and each header", async () => {
    const response = await at().get("/echo", { method: "PUT", body: "Grüße" });
    assert.equal(response.status, 201);
    assert.equal(response.headers.get("x-method"), "PUT");
    assert.deepEqual(response.headers.getSetCookie(), ["a=1", "b=2"]);
    assert.equal(await response.text(), "Grüße");
  });

  it("answers HEAD and a status without a body", async () => {
    const head = await at().get("/", { method: "HEAD" });
    assert.equal(head.headers.get("content-length"), "10");
    assert.equal(await head.text(), "");
    assert.equal((await at().get("/empty")).status, 204);
  });

  it("logs a rejection that nobody handles", async () => {
    assert.equal(await (await at().get("/unhandled")).text(), "left behind");
    await at().logged(/a promise was rejected and nobody handled it: RangeError: too far/);
  });

  it("sends a Response once", async () => {
    assert.equal(await (await at().get("/same")).text(), "the same");
    assert.match(await failure(at(), await at().get("/same")), /was sent or read before: make a new Response/);
  });

  it("finishes what is left to waitUntil, and logs its failure", async () => {
    assert.equal(await (await at().get("/background")).text(), "at once");
    await at().logged(/^finished in the background $/);
    await at().logged(/waitUntil: .*a background failure/);
  });

  it("goes on with other requests while one blocks", async () => {
    const waiting = at().get("/wait");
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(await (await at().get("/release")).text(), "released");
    assert.equal(await (await waiting).text(), "the other said go");
  });

  const failures: [path: string, message: RegExp][] = [
    ["/raise", /Traceback[\s\S]*entry\.py[\s\S]*ValueError: the secret of the handler/],
    [
      "/none",
      /the handler on_fetch \(entry\.py:\d+\) returned None; return a Response \(`from workers import Response`/,
    ],
    ["/dict", /the handler on_fetch \(entry\.py:\d+\) returned dict; return a Response: `Response\.json/],
    ["/memory", /MemoryError/],
    ["/unreachable", /fetch failed/],
    ["/exit", /SystemExit: 3/],
  ];
  for (const [path, message] of failures) {
    it(`${path} is a 500 with an id that the log explains, and the Worker goes on`, async () => {
      assert.match(await failure(at(), await at().get(path)), message);
      assert.equal((await at().get("/")).status, 200);
    });
  }

  const losses: [path: string, message: RegExp][] = [
    ["/hard-exit", /the Worker was lost/],
    ["/abort", /the Worker was lost/],
    ["/heap", /the Worker was lost: JavaScript's heap is full \(heap_mb is 512\)/],
  ];
  for (const [path, message] of losses) {
    it(`${path} loses the interpreter, and the next request gets a new one`, async () => {
      assert.match(await failure(at(), await at().get(path)), message);
      assert.equal(await (await at().get("/")).text(), "hello True");
    });
  }

  it("refuses what is too large or malformed", async () => {
    const socket = net.connect(Number(new URL(at().url).port), "127.0.0.1");
    socket.end("GET / HTTP/1.1\r\nHost: [\r\nConnection: close\r\n\r\n");
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    assert.match(Buffer.concat(chunks).toString(), /^HTTP\/1\.1 400 /);
    assert.equal((await at().get("/")).status, 200);
  });
});

const classWorker = `
import asyncio
from workers import Response, WorkerEntrypoint, env

async def finish_later():
    await asyncio.sleep(0.01)
    print("finished after the answer")

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        self.ctx.waitUntil(finish_later())
        return Response(f"{request.method} {self.env.NAME} {env.NAME}", headers={"x-kind": "class"})
`;

describe("a Worker with the class Default", () => {
  it("gets env from [vars], and the SDK's Request and Response", async () => {
    const folder = workerFolder(classWorker, [], '[vars]\nNAME = "variable"\n');
    const server = await ServeProcess.start(folder.path);
    const response = await server.get("/");
    assert.equal(await response.text(), "GET variable variable");
    await server.logged(/^finished after the answer $/);
    assert.equal(response.headers.get("x-kind"), "class");
    assert.equal(await server.stop(), 0);
    folder.remove();
  });
});

const gateWorker = `
import js
from js import Response
from pyodide.ffi import run_sync, can_run_sync

async def on_fetch(request, env):
    if "block" in request.url:
        return Response.new(run_sync(js.Promise.resolve("blocked")))
    if "realm" in request.url:
        return Response.new(f"{hasattr(js.WebAssembly, 'Suspending')} {hasattr(js.WebAssembly, 'promising')}")
    return Response.new(f"{can_run_sync()} {await js.Promise.resolve('awaited')}")
`;

suite("a Worker without the flag", gateWorker, ["no_python_run_sync"], (at) => {
  it("awaits, and knows that it cannot block", async () => {
    assert.equal(await (await at().get("/")).text(), "False awaited");
  });

  it("has no WebAssembly.Suspending and promising", async () => {
    assert.equal(await (await at().get("/realm")).text(), "False False");
  });

  it("is told which flag is missing", async () => {
    assert.match(
      await failure(at(), await at().get("/block")),
      /RuntimeError: run_sync is not enabled.*python_run_sync/,
    );
    assert.equal((await at().get("/")).status, 200);
  });
});

describe("a Worker that does not load", () => {
  const cases: [title: string, entry: string, message: RegExp][] = [
    ["a syntax error", "def on_fetch(request:\n    pass\n", /SyntaxError/],
    ["an import that fails", "import no_such_module\n", /ModuleNotFoundError: No module named 'no_such_module'/],
    ["no handler", "x = 1\n", /defines no handler: write `def on_fetch\(request, env\)`/],
    [
      "a class without methods",
      "from workers import *\nclass Default(WorkerEntrypoint):\n    pass\n",
      /class Default \(entry\.py:2\) has no methods: write `async def fetch/,
    ],
  ];
  for (const [title, entry, message] of cases) {
    it(`${title}: the log says it, the client gets an id, and a mended file is served`, async () => {
      const folder = workerFolder(entry);
      const server = await ServeProcess.start(folder.path);
      await server.logged(/the Worker could not be loaded; mend it/);
      assert.match(await failure(server, await server.get("/")), message);
      folder.write(
        "src/entry.py",
        "from js import Response\ndef on_fetch(request):\n    return Response.new('mended')\n",
      );
      assert.equal(await (await server.get("/")).text(), "mended");
      assert.equal(await server.stop(), 0);
      folder.remove();
    });
  }
});

describe("blockon serve refuses to start", () => {
  const refused = async (folder: string, message: RegExp, args: string[] = []): Promise<void> => {
    const { code, stderr } = await serveUntilExit(folder, ...args);
    assert.equal(code, 1, stderr);
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /\n {4}at /);
  };

  it("a folder that is not there", () =>
    refused("/no/such/folder", /there is no such folder. Give the folder of a Worker/));

  it("a folder without wrangler.toml", async () => {
    const folder = workerFolder("");
    await refused(`${folder.path}/src`, /no wrangler\.toml, .* in this folder/);
    folder.remove();
  });

  it("a main file that does not exist", async () => {
    const folder = workerFolder("");
    folder.write(
      "wrangler.toml",
      'name = "a"\nmain = "src/other.py"\ncompatibility_date = "2026-10-01"\ncompatibility_flags = ["python_workers"]\n',
    );
    await refused(
      folder.path,
      /"main" names src\/other\.py, which does not exist in .* Make the file or change the key/,
    );
    folder.remove();
  });

  it("an unknown flag", async () => {
    const folder = workerFolder("", ["python_run_sinc"]);
    await refused(folder.path, /python_run_sinc[\s\S]*python_run_sync/);
    folder.remove();
  });

  it("a port in use", async () => {
    const folder = workerFolder("");
    const holder = net.createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    const { port } = holder.address() as AddressInfo;
    await refused(folder.path, new RegExp(`port ${port} on 127\\.0\\.0\\.1 is in use`), ["--port", String(port)]);
    holder.close();
    folder.remove();
  });

  it("an address that is another machine's", async () => {
    const folder = workerFolder("");
    for (const host of ["192.0.2.1", "2001:db8::1"]) {
      await refused(folder.path, new RegExp(`${host} is no address of this machine`), ["--host", host]);
    }
    folder.remove();
  });

  it("an upstream that cannot be started", async () => {
    const folder = workerFolder("", [], '[blockon]\ndev_upstream = "upstream.mjs"\n');
    folder.write("upstream.mjs", "export const other = 1;\n");
    await refused(folder.path, /upstream\.mjs: the upstream cannot be started: it does not export a function start/);
    folder.remove();
  });

  it("packages that do not exist", async () => {
    const folder = workerFolder("");
    folder.write("requirements.txt", "blockon-no-such-package==0\n");
    await refused(folder.path, /requirements\.txt: pip finds no such packages for Pyodide/);
    folder.remove();
  });

  it("a port that is none", async () => {
    const { code, stderr } = await serveUntilExit(".", "--port", "http");
    assert.equal(code, 2);
    assert.match(stderr, /Expected a number from 0 to 65535/);
  });
});
