// Workers that an old compatibility date pins to an older Pyodide: the oldest version serves one, and names what it has not.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { compatibilityTable } from "../../runtime/config/compatibility_table.ts";
import { readWorkerConfig } from "../../runtime/config/wrangler.ts";
import { distributionFolder } from "../../runtime/distributions.ts";
import { layout } from "../../runtime/layout.ts";
import { DatedWorker } from "./lib/dated_worker.ts";
import { workerFolder } from "./lib/worker_folder.ts";

const greeting = '[vars]\nGREETING = "Hello"\n';

/** The Worker of the announcement of March 2024. */
const announced = `from js import Response

async def on_fetch(request):
    return Response.new("Hello world!")
`;

/** What documents of that year called it. */
const oldName = `from cloudflare.workers import Response

async def on_fetch(request):
    return Response("of old")
`;

/** Answers /NAME by the function of that name. */
const tried = `import asyncio
import sys
from urllib.parse import urlsplit

from js import Response as JsResponse
from workers import Response, WorkerEntrypoint, asgi


def version():
    return "%d.%d" % sys.version_info[:2]


def block():
    from pyodide.ffi import run_sync

    waiting = asyncio.sleep(0.001, "blocked")
    try:
        return run_sync(waiting)
    finally:
        waiting.close()


def thread():
    import threading

    threading.Thread(target=print).start()


def connect():
    import socket

    socket.create_connection(("127.0.0.1", 9))


def import_timeout():
    from blockon import timeout


def wsgi():
    from workers import wsgi

    wsgi.entrypoint(None)


def files():
    import os

    for text in ("a" * 10_000, "b", "", "c"):
        with open("/tmp/file", "w") as file:
            file.write(text)
    os.truncate("/tmp/file", 0)
    with open("/tmp/file", "a") as file:
        file.write("d" * 3)
    try:
        with open("/tmp/large", "wb") as file:
            file.write(bytes(8 * 1024 * 1024))
    except OSError as error:
        return open("/tmp/file").read() + " " + os.strerror(error.errno)


def script():
    import ctypes

    return ctypes.CDLL(None).emscripten_run_script_int(b"6 * 7")


async def app(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("no lifespan")
    await asyncio.sleep(0)
    await send({"type": "http.response.start", "status": 201, "headers": [(b"x-app", b"1")]})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        name = urlsplit(request.url).path[1:]
        if name == "app":
            return await asgi.fetch(app, request, self.env, self.ctx)
        if name == "env":
            return Response(self.env.GREETING)
        try:
            return Response(str(globals()[name]()))
        except Exception as error:
            return JsResponse.new(f"{type(error).__name__}: {error}", status=500)
`;

describe("Python 3.12", () => {
  let served: DatedWorker;
  before(() => {
    served = new DatedWorker(announced, { date: "2024-03-18" });
  });
  after(() => served.stop());

  it("serves the announced hello as it stands", async () => {
    assert.deepEqual(await served.get(""), { status: 200, text: "Hello world!" });
  });

  it("has the SDK under its old name", async () => {
    const old = new DatedWorker(oldName, { date: "2024-11-01" });
    try {
      assert.deepEqual(await old.get(""), { status: 200, text: "of old" });
    } finally {
      await old.stop();
    }
  });
});

describe("Python 3.12 with the SDK", () => {
  let served: DatedWorker;
  before(() => {
    served = new DatedWorker(tried, { date: "2025-02-01", toml: `${greeting}[blockon.limits]\ntmp_mb = 4\n` });
  });
  after(() => served.stop());

  it("runs", async () => {
    assert.deepEqual(await served.get("version"), { status: 200, text: "3.12" });
    assert.deepEqual(await served.get("env"), { status: 200, text: "Hello" });
  });

  it("serves an ASGI application", async () => {
    assert.deepEqual(await served.get("app"), { status: 201, text: "/app" });
  });

  const missing: [name: string, what: RegExp][] = [
    ["block", /^RuntimeError: run_sync cannot block on/],
    ["thread", /^RuntimeError: can't start new thread: a thread is not there on/],
    ["connect", /^OSError: a connection by a socket is not there on/],
    ["import_timeout", /^ImportError: blockon\.timeout is not there on/],
    ["wsgi", /^RuntimeError: workers\.wsgi is not there on/],
  ];
  for (const [name, what] of missing) {
    it(`says of ${name} that it is not there, and how to choose a Python that has it`, async () => {
      const { status, text } = await served.get(`${name}`);
      assert.equal(status, 500);
      assert.match(text, what);
      assert.match(
        text,
        /Python 3\.12 \(Pyodide 0\.26\.4\): choose Python 3\.1[34] by compatibility_date = "20.*by the flag/,
      );
    });
  }

  it("writes files anew, up to its limit", async () => {
    assert.deepEqual(await served.get("files"), { status: 200, text: "ddd No space left on device" });
  });

  it("evaluates no text as a script", async () => {
    assert.deepEqual(await served.get("script"), { status: 200, text: "0" });
    assert.match(served.log.join("\n"), /emscripten_run_script is refused/);
  });
});

describe("Python 3.12 with the Python API", () => {
  let served: DatedWorker;
  before(() => {
    served = new DatedWorker(
      `import sys
from blockon import JSONResponse, StreamingResponse, env

async def fetch(request):
    if request.path == "/pieces":
        return StreamingResponse(str(number) for number in range(3))
    return JSONResponse([env.GREETING, sys.version_info[1], request.query_params["a"], await request.aio.text()], 201)
`,
      { date: "2025-02-01", flags: ["blockon_api_2026_11_01"], toml: greeting },
    );
  });
  after(() => served.stop());

  it("serves", async () => {
    assert.deepEqual(await served.get("?a=1"), { status: 201, text: '["Hello",12,"1",""]' });
    assert.deepEqual(await served.get("pieces"), { status: 200, text: "012" });
  });
});

describe("a Python", () => {
  it("that is not installed is an error that says how to get it", () => {
    const [oldest] = compatibilityTable.pyodides;
    assert.ok(oldest !== undefined);
    assert.throws(
      () => distributionFolder({ ...oldest, version: "0.26.0" }),
      /^UserError: Python 3\.12 \(Pyodide 0\.26\.0\) is not installed\. Run `\.\/dev build`\.$/,
    );
  });

  it("has a folder of its own, the newest that of this package", () => {
    const folders = compatibilityTable.pyodides.filter(({ available }) => available).map(distributionFolder);
    assert.equal(folders.at(-1), layout.distribution);
    assert.equal(new Set(folders).size, folders.length);
  });

  it("whose support has ended gives its Workers to the next one, and the log is told", () => {
    const folder = workerFolder(announced);
    try {
      folder.write(
        "wrangler.toml",
        'name = "a"\nmain = "src/entry.py"\ncompatibility_date = "2024-03-18"\ncompatibility_flags = ["python_workers"]\n',
      );
      const last = readWorkerConfig(folder.path, { today: "2028-10-31" });
      assert.equal(last.python.runs.python.version, "3.12");
      const moved = readWorkerConfig(folder.path, { today: "2028-11-01" });
      assert.notEqual(moved.python.runs.python.version, "3.12");
      assert.match(
        moved.warnings.join("\n"),
        /the support of Python 3\.12 ended on 2028-10-31: .* run on Python 3\.13/,
      );
    } finally {
      folder.remove();
    }
  });
});
