// Workers that an old compatibility date pins to an older Pyodide: each version serves one, and names what it has not.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createWorker } from "../../runtime/cli/create_worker.ts";
import { compatibilityTable } from "../../runtime/config/compatibility_table.ts";
import { readWorkerConfig } from "../../runtime/config/wrangler.ts";
import { distributionFolder } from "../../runtime/distributions.ts";
import { layout } from "../../runtime/layout.ts";
import type { WorkerHost } from "../../runtime/pool/worker_host.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const today = "2026-11-01";

interface Served {
  readonly log: string[];
  get(path: string): Promise<{ readonly status: number; readonly text: string }>;
  stop(): Promise<void>;
}

function serve(folder: WorkerFolder, date: string, flags: readonly string[] = [], settings = ""): Served {
  folder.write(
    "wrangler.toml",
    `name = "test"\nmain = "src/entry.py"\ncompatibility_date = "${date}"\n` +
      `compatibility_flags = ${JSON.stringify(["python_workers", ...flags])}\n[vars]\nGREETING = "Hello"\n[blockon]\n${settings}`,
  );
  const log: string[] = [];
  const worker: WorkerHost = createWorker(readWorkerConfig(folder.path, { today }), {
    onLog: (_level, text) => log.push(text),
    onOutput: (_stream, text) => log.push(text),
  });
  return {
    log,
    async get(path) {
      const { status, body } = await worker.fetch({
        method: "GET",
        url: `http://worker.test${path}`,
        headers: [],
        body: null,
      });
      const bytes = body instanceof Uint8Array ? body : Buffer.concat(await body.toArray());
      return { status, text: new TextDecoder().decode(bytes) };
    },
    stop: () => worker.stop(),
  };
}

/** The Worker of the announcement of March 2024. */
const announced = `from js import Response

async def on_fetch(request):
    return Response.new("Hello world!")
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
  const folder = workerFolder(announced);
  let served: Served;
  before(() => {
    served = serve(folder, "2024-03-18");
  });
  after(async () => {
    await served.stop();
    folder.remove();
  });

  it("serves the announced hello as it stands", async () => {
    assert.deepEqual(await served.get("/"), { status: 200, text: "Hello world!" });
  });
});

describe("Python 3.12 with the SDK", () => {
  const folder = workerFolder(tried);
  let served: Served;
  before(() => {
    served = serve(folder, "2025-02-01", [], "[blockon.limits]\ntmp_mb = 4\n");
  });
  after(async () => {
    await served.stop();
    folder.remove();
  });

  it("runs", async () => {
    assert.deepEqual(await served.get("/version"), { status: 200, text: "3.12" });
    assert.deepEqual(await served.get("/env"), { status: 200, text: "Hello" });
  });

  it("serves an ASGI application", async () => {
    assert.deepEqual(await served.get("/app"), { status: 201, text: "/app" });
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
      const { status, text } = await served.get(`/${name}`);
      assert.equal(status, 500);
      assert.match(text, what);
      assert.match(
        text,
        /Python 3\.12 \(Pyodide 0\.26\.4\): choose Python 3\.1[34] by compatibility_date = "20.*by the flag/,
      );
    });
  }

  it("writes files anew, up to its limit", async () => {
    assert.deepEqual(await served.get("/files"), { status: 200, text: "ddd No space left on device" });
  });

  it("evaluates no text as a script", async () => {
    assert.deepEqual(await served.get("/script"), { status: 200, text: "0" });
    assert.match(served.log.join("\n"), /emscripten_run_script is refused/);
  });
});

describe("Python 3.12 with the Python API", () => {
  const folder = workerFolder(`import sys
from blockon import JSONResponse, StreamingResponse, env

async def fetch(request):
    if request.path == "/pieces":
        return StreamingResponse(str(number) for number in range(3))
    return JSONResponse([env.GREETING, sys.version_info[1], request.query_params["a"], await request.aio.text()], 201)
`);
  let served: Served;
  before(() => {
    served = serve(folder, "2025-02-01", ["blockon_api_2026_11_01"]);
  });
  after(async () => {
    await served.stop();
    folder.remove();
  });

  it("serves", async () => {
    assert.deepEqual(await served.get("/?a=1"), { status: 201, text: '["Hello",12,"1",""]' });
    assert.deepEqual(await served.get("/pieces"), { status: 200, text: "012" });
  });
});

/** Answers /NAME/NUMBER by the function of that name. */
const blocking = `import asyncio
import contextvars
import ctypes
import sys
import threading

import js
from js import Response
from pyodide.ffi import can_run_sync, create_proxy, run_sync

variable = contextvars.ContextVar("variable")
variable.set("of the module")
local = threading.local()
local.name = "of the module"
run_sync(asyncio.sleep(0))  # the module may block, too


def version(number):
    return "%d.%d" % sys.version_info[:2]


def deep(depth, number):
    return deep(depth - 1, number) if depth else run_sync(asyncio.sleep(0.001 * (number % 7), number))


def wait(number):
    seen = [variable.get(), local.name]
    variable.set(number)
    for depth in range(0, 60, 20):
        seen.append(deep(depth, number) == variable.get() == number)
    return seen


def hold(number):
    return run_sync(asyncio.sleep(0.5))


def sort(number):
    return sorted([3, 1, 2], key=lambda each: run_sync(asyncio.sleep(0.001, each)))


def tasks(number):
    async def one(name):
        task = asyncio.current_task()
        def inside():
            before = asyncio.current_task() is task
            run_sync(asyncio.sleep(0.001))
            return before and asyncio.current_task() is task
        return inside() and inside()

    async def all_of_them():
        return await asyncio.gather(*[one(name) for name in range(5)])

    return run_sync(all_of_them())


def reject(number):
    reason = js.Error.new(f"reason {number}") if number % 2 else f"reason {number}"
    async def later():
        await asyncio.sleep(0.001 * (number % 3))
        await js.Promise.reject(reason)
    try:
        run_sync(later())
    except Exception as error:
        return str(error)


def synchronous(number):
    proxy = create_proxy(lambda *_: (can_run_sync(), run_sync(asyncio.sleep(0))))
    try:
        js.Array.of(1).map(proxy)
    finally:
        proxy.destroy()


def foreign(number):
    found = []
    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)
    def callback(value):
        found.append(can_run_sync())
        try:
            run_sync(asyncio.sleep(0))
        except RuntimeError as error:
            found.append("RuntimeError")
        return value
    callback(number)
    return [*found, run_sync(asyncio.sleep(0, "again"))]


def recursion(number):
    nested = []
    for _ in range(100_000):
        nested = [nested]

    def key(item):
        return sorted([item, item], key=key)

    class Endless:
        def __getattr__(self, name):
            return getattr(self, name + "x")

    ended = []
    for recurse in (lambda: repr(nested), lambda: key(1), lambda: Endless().field, lambda: nested == [nested]):
        try:
            recurse()
        except RecursionError:
            ended.append("RecursionError")
    return ended


def on_fetch(request):
    name, number = request.url.split("/")[-2:]
    try:
        return Response.new(str(globals()[name](int(number))))
    except Exception as error:
        return Response.new(f"{type(error).__name__}: {error}", status=500)
`;

const switched: [pyodide: string, date: string, flags: string[]][] = [
  ["0.28.3", "2025-10-01", []],
  ["0.29.5", "2026-10-01", ["python_3.13_packages_2025_12_01"]],
];
for (const [pyodide, date, flags] of switched) {
  describe(`Python 3.13 (Pyodide ${pyodide})`, () => {
    const folder = workerFolder(blocking);
    let served: Served;
    before(() => {
      served = serve(folder, date, flags, "max_fibers = 100\n");
    });
    after(async () => {
      await served.stop();
      folder.remove();
    });

    it("is the one that the Worker chooses", async () => {
      assert.equal(readWorkerConfig(folder.path, { today }).python.runs.version, pyodide);
      assert.deepEqual(await served.get("/version/0"), { status: 200, text: "3.13" });
    });

    it("keeps what a call has while others run: its stack, its context, its results", async () => {
      const numbers = Array.from({ length: 80 }, (_, index) => index);
      const answers = await Promise.all(numbers.map((number) => served.get(`/wait/${number}`)));
      const right = "['of the module', 'of the module', True, True, True]";
      assert.deepEqual(new Set(answers.map(({ text }) => text)), new Set([right]));
    });

    it("waits below C code, and in several tasks of one request", async () => {
      assert.equal((await served.get("/sort/0")).text, "[1, 2, 3]");
      assert.equal((await served.get("/tasks/0")).text, "[True, True, True, True, True]");
    });

    it("gives each call the error of its own promise", async () => {
      const numbers = Array.from({ length: 20 }, (_, index) => index);
      const answers = await Promise.all(numbers.map((number) => served.get(`/reject/${number}`)));
      const expected = numbers.map((number) =>
        number % 2 === 1 ? `Error: reason ${number}` : `a promise was rejected with 'reason ${number}'`,
      );
      assert.deepEqual(
        answers.map(({ text }) => text),
        expected,
      );
    });

    it("says where it cannot block, and goes on", async () => {
      const { status, text } = await served.get("/synchronous/0");
      assert.equal(status, 500);
      assert.match(text, /^RuntimeError: Cannot stack switch because the Python entrypoint was a synchronous function/);
      assert.equal((await served.get("/foreign/7")).text, "[False, 'RuntimeError', 'again']");
    });

    it("ends deep recursion by an exception", async () => {
      assert.equal(
        (await served.get("/recursion/0")).text,
        "['RecursionError', 'RecursionError', 'RecursionError', 'RecursionError']",
      );
    });

    it("refuses more calls than its limit, and answers later ones", async () => {
      const answers = await Promise.allSettled(Array.from({ length: 130 }, () => served.get("/hold/0")));
      const refused = answers.filter(({ status }) => status === "rejected") as PromiseRejectedResult[];
      assert.ok(refused.length > 0);
      assert.match(String(refused[0]?.reason), /too many fibers: 100 calls are alive, which is the limit \(max_fibers/);
      assert.equal((await served.get("/version/0")).text, "3.13");
    });
  });
}

describe("Python 3.13 with run_sync turned off", () => {
  const folder = workerFolder(blocking.replace(/^run_sync.*$/m, ""));
  let served: Served;
  before(() => {
    served = serve(folder, "2025-10-01", ["no_python_run_sync"]);
  });
  after(async () => {
    await served.stop();
    folder.remove();
  });

  it("names the flag", async () => {
    const { status, text } = await served.get("/sort/0");
    assert.equal(status, 500);
    assert.match(text, /^RuntimeError: run_sync cannot block: the compatibility flag python_run_sync is not set/);
  });

  it("ends deep recursion by an exception", async () => {
    assert.equal(
      (await served.get("/recursion/0")).text,
      "['RecursionError', 'RecursionError', 'RecursionError', 'RecursionError']",
    );
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
