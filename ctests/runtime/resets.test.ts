// isolation = "request" with reset_instances: after each request an interpreter is what it was when the Worker's module was loaded, or it ends.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createServed } from "../../runtime/cli/create_worker.ts";
import { readWorkerConfig } from "../../runtime/config/wrangler.ts";
import type { Packages } from "../../runtime/packages/guest_files.ts";
import { packageFolder } from "../../runtime/packages/python_packages.ts";
import { FreshWorkers } from "../../runtime/pool/fresh_workers.ts";
import { ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const settings = (most: number): string =>
  `[vars]\nOWN = "own"\n[blockon]\nisolation = "request"\nreset_instances = true\nready_instances = 1\nmax_instances = ${most}\n`;

const requests = `
import reset_requests

def on_fetch(request, env):
    return reset_requests.answer(request, env)
`;

function makeFolder(entry: string, most: number, date?: string): WorkerFolder {
  const folder = workerFolder(entry, [], settings(most));
  if (date !== undefined) {
    const toml = readFileSync(path.join(folder.path, "wrangler.toml"), "utf8");
    folder.write("wrangler.toml", toml.replace(/(?<=^compatibility_date = ").*(?=")/m, date));
  }
  for (const name of ["dirty_request.py", "reset_changes.py", "reset_losses.py", "reset_requests.py"]) {
    folder.write(name, readFileSync(path.join(import.meta.dirname, "lib", name), "utf8"));
  }
  folder.write("kept.txt", "kept");
  return folder;
}

class Served {
  readonly logs: string[] = [];
  output = "";
  readonly #folder: WorkerFolder;
  readonly workers: FreshWorkers;

  constructor(entry: string, most = 1, date?: string, packages?: Packages) {
    this.#folder = makeFolder(entry, most, date);
    const workers = createServed(readWorkerConfig(this.#folder.path), {
      packages,
      onLog: (_, text) => this.logs.push(text),
      onOutput: (_, text) => {
        this.output += text;
      },
    });
    assert.ok(workers instanceof FreshWorkers);
    this.workers = workers;
  }

  async ask(what: string): Promise<unknown> {
    const request = { method: "GET", url: `http://a/${what}`, headers: [], body: null };
    const { status, body } = await this.workers.open(request).response;
    assert.equal(status, 200);
    assert.ok(body instanceof Uint8Array);
    return JSON.parse(Buffer.from(body).toString());
  }

  /** Resolves when its one interpreter is ready, and so all resets are counted. */
  async settled(): Promise<FreshWorkers> {
    const ready = /: 1 ready, 0 taken, 0 starting, 0 resetting, 0 ending;/;
    while (!ready.test((await this.workers.report(false)).detail ?? "")) await sleep(5);
    return this.workers;
  }

  async stop(): Promise<void> {
    await this.workers.stop();
    this.#folder.remove();
  }
}

describe("an interpreter that is reset after each request", () => {
  let served: Served;
  let clean: unknown;
  let reset: string[];
  let replaced: string[];
  before(async () => {
    served = new Served(requests);
    clean = await served.ask("facts");
    [reset, replaced] = (await served.ask("names")) as [string[], string[]];
  });
  after(() => served.stop());

  it("is what it was before, whatever was done to it", async () => {
    for (const what of reset) {
      await served.ask(what);
      assert.deepEqual(await served.ask("facts"), clean, what);
      assert.equal(served.workers.resets.refused, 0, `${what}: ${served.logs.at(-1)}`);
    }
    assert.equal(served.workers.starts, 1);
    assert.equal(served.workers.resets.done, 2 * reset.length + 1);
  });

  it("is that after many requests in any order", async () => {
    let number = 20261130;
    for (let i = 0; i < 150; i++) {
      number = (number * 1103515245 + 12345) % 2 ** 31;
      await served.ask(reset[number % reset.length] as string);
      if (i % 10 === 9) assert.deepEqual(await served.ask("facts"), clean);
    }
    assert.equal(served.workers.starts, 1, served.logs.at(-1) ?? "");
  });

  it("gives no two requests the same random numbers, ids, secrets or names of files", async () => {
    const all: unknown[] = [];
    for (let i = 0; i < 10; i++) all.push(...((await served.ask("numbers")) as unknown[]));
    assert.equal(new Set(all).size, all.length, `${all}`);
    assert.equal(served.workers.starts, 1, served.logs.at(-1) ?? "");
  });

  it("has no byte of a request before", async () => {
    for (let round = 0; round < 3; round++) {
      const halves = [randomBytes(12).toString("hex"), randomBytes(12).toString("hex")];
      const { done } = (await served.settled()).resets;
      await served.ask(`keep-${halves.join(".")}`);
      const [size, count] = (await served.ask(`count-${halves.join(".")}`)) as [number, number];
      assert.ok(size > 16 << 20, `${size}`);
      assert.equal(count, 0);
      // It was the same interpreter, which is replaced for the way in which it has looked.
      assert.equal(served.workers.resets.done, done + 1);
    }
  });

  it("refers to no object of JavaScript of a request before, however many those had", async () => {
    const look = async (counts: readonly number[]): Promise<unknown> => {
      for (const count of counts) await served.ask(`refer-${count}`);
      const found = await served.ask("references");
      // What it has looked into costs the interpreter.
      await served.settled();
      return found;
    };
    // The first of all has begun otherwise.
    await look([]);
    const found = await look([0]);
    assert.ok(Number(found) > 0);
    for (const counts of [[1], [2], [3], [1, 1, 2, 3], [2000, 1, 2000, 2001]]) {
      assert.equal(await look(counts), found, `${counts}`);
    }
  });

  it("is replaced where it cannot be what it was", async () => {
    for (const what of replaced) {
      const { starts } = await served.settled();
      await served.ask(what);
      assert.deepEqual(await served.ask("facts"), clean, what);
      assert.equal((await served.settled()).starts, starts + 1, `${what}: ${served.logs.at(-1)}`);
    }
  });
});

it("an interpreter's memory is the same byte by byte after each reset", async () => {
  const folder = makeFolder(requests, 1);
  const server = await ServeProcess.start(folder.path, undefined, { ...process.env, BLOCKON_TRACE: "resets" });
  try {
    const ask = async (what: string): Promise<unknown> => await (await server.get(`/${what}`)).json();
    const [reset] = (await ask("names")) as [string[]];
    for (let i = 0; i < 3; i++) for (const what of reset) await ask(what);
    const lines = server.log.map(({ msg }) => msg).filter((line) => line.startsWith("blockon: "));
    const images = lines.map(
      (line) => /^blockon: (?:checkpoint|reset): (\d+ bytes [0-9a-f]{8}, )\d+ more; /.exec(line)?.[1],
    );
    // The last is under way still.
    assert.ok(images.length >= 3 * reset.length, lines.join("\n"));
    assert.equal(new Set(images).size, 1, lines.join("\n"));
    assert.match(images[0] ?? "", /bytes/);
  } finally {
    assert.equal(await server.stop(), 0);
    folder.remove();
  }
});

const handler = "import js\ndef on_fetch(request):\n    return js.Response.new('1')\n";
for (const [what, module, why] of [
  [
    "a Map of JavaScript's",
    "import js\nCACHE = js.Map.new()\n",
    /keeps \[object Map\], whose state cannot be put back: an object that Python holds$/,
  ],
  ["a Headers", "import js\nKEPT = js.Headers.new()\n", /keeps \[object Headers\]/],
  ["a promise", "import js\nKEPT = js.Promise.new(lambda *_: None)\n", /keeps \[object Promise\]/],
  [
    "a proxy for JavaScript",
    "import js\nfrom pyodide.ffi import create_proxy\njs.left = create_proxy(print)\n",
    /keeps a proxy of Python's, .*: left$/,
  ],
  ["random numbers", "import random\nID = random.random()\n", /took random numbers while it was loaded \(random\)$/],
  ["random bytes of TLS", "import ssl\nKEY = ssl.RAND_bytes(8)\n", /took random numbers while it was loaded$/],
  ["random bytes", "import secrets\nKEY = secrets.token_hex()\n", /took random numbers while it was loaded$/],
  [
    "random numbers of JavaScript",
    "import js\nID = js.Math.random()\n",
    /took random numbers while it was loaded \(Math.random\)$/,
  ],
  [
    "a thread",
    "import threading, time\nthreading.Thread(target=time.sleep, args=(3600,), name='idle').start()\n",
    /started threads: \['idle'\]/,
  ],
] as const) {
  it(`an interpreter whose module has ${what} answers one request`, async () => {
    const served = new Served(module + handler);
    try {
      for (let i = 0; i < 2; i++) assert.equal(await served.ask(""), 1);
      assert.equal(served.workers.starts, 2);
      assert.equal(served.logs.length, 1, served.logs.join("\n"));
      assert.match(served.logs[0] ?? "", /^an interpreter was not reset but ended: its module /);
      assert.match(served.logs[0] ?? "", why);
    } finally {
      await served.stop();
    }
  });
}

it("an interpreter whose module imports pydantic answers one request: its tables' seeds could be anything's", async () => {
  const packages = await packageFolder(path.join(import.meta.dirname, "../../examples/fastapi"), () => undefined);
  const served = new Served(`import pydantic\n${handler}`, 1, undefined, packages);
  try {
    for (let i = 0; i < 2; i++) assert.equal(await served.ask(""), 1);
    assert.equal(served.workers.starts, 2);
    assert.deepEqual(served.logs, [
      "an interpreter was not reset but ended: its module took random numbers while it was loaded",
    ]);
  } finally {
    await served.stop();
  }
});

it("objects of JavaScript that are plain are put back by whoever changes none of them", async () => {
  const served = new Served(`
import js, json
from pyodide.ffi import to_js
KEPT = to_js({"a": [1, {"b": 2}]}, dict_converter=js.Object.fromEntries)
js.KEPT = KEPT

def on_fetch(request):
    told = js.JSON.stringify(KEPT)
    if request.url.endswith("change"):
        KEPT.a[1].b = 3
    return js.Response.new(told)
`);
  try {
    for (const what of ["", "", "change", "", ""]) assert.deepEqual(await served.ask(what), { a: [1, { b: 2 }] });
    assert.equal(served.workers.starts, 2);
    assert.deepEqual(served.logs, ["an interpreter was not reset but ended: it changed KEPT.a.1"]);
  } finally {
    await served.stop();
  }
});

it("what a module defines lives for ever, and what it has made of that is finalized when a request deletes it", async () => {
  const served = new Served(`
import json, sys
import js

class Kept:
    RATES = (1.5, "two")

    def __del__(self):
        GONE.append(1)

GONE = []
KEPT = Kept()

def on_fetch(request):
    global KEPT
    defined = [Kept, Kept.__del__, Kept.RATES, on_fetch, on_fetch.__code__, sys.modules[__name__]]
    lives = [*map(sys._is_immortal, defined), sys._is_immortal(KEPT)]
    KEPT = None
    return js.Response.new(json.dumps([lives, GONE]))
`);
  try {
    for (let i = 0; i < 3; i++) assert.deepEqual(await served.ask(""), [[...Array(6).fill(true), false], [1]]);
    assert.equal(served.workers.starts, 1, served.logs.at(-1) ?? "");
  } finally {
    await served.stop();
  }
});

for (const [what, module, lines] of [
  ["sys.stdout", "", "write(sys.stdout)"],
  ["sys.stderr", "", "write(sys.stderr)"],
  ["a stream's buffer", "", "sys.stdout.buffer.write(b'left')"],
  [
    "a stream that it has put in place of another",
    "",
    "sys.stdout = io.TextIOWrapper(sys.stdout.buffer); write(sys.stdout)",
  ],
  [
    "a stream of the module's",
    "sys.stderr = io.TextIOWrapper(io.BufferedWriter(sys.stderr.buffer.raw))",
    "write(sys.stderr)",
  ],
] as const) {
  it(`text that a request leaves in ${what} is written out before the next`, async () => {
    const served = new Served(`
import io, sys
import js

def write(stream):
    stream.reconfigure(line_buffering=False, write_through=False)
    stream.write("left")

${module}

def on_fetch(request):
    if request.url.endswith("leave"):
        ${lines}
    return js.Response.new("1")
`);
    try {
      for (const path of ["", "leave", "", "leave", "leave", ""]) await served.ask(path);
      const { resets, starts } = await served.settled();
      assert.deepEqual([resets, starts], [{ done: 6, refused: 0 }, 1], served.logs.at(-1) ?? "");
    } finally {
      await served.stop();
    }
    assert.equal(served.output.replaceAll("\n", ""), "left".repeat(3));
  });
}

for (const [form, module] of [
  ["the Python API", "from blockon import Response\ndef fetch(request, env):\n    return Response(told())\n"],
  [
    "Cloudflare's SDK",
    "from workers import Response, WorkerEntrypoint\nclass Default(WorkerEntrypoint):\n    async def fetch(self, request):\n        return Response(told())\n",
  ],
] as const) {
  it(`handlers of ${form} are warmed up by no request of the Worker's`, async () => {
    const counting = "calls = 0\ndef told():\n    global calls\n    calls += 1\n    return str(calls)\n";
    const served = new Served(counting + module, 1, form === "the Python API" ? "2026-11-01" : undefined);
    try {
      for (let i = 0; i < 5; i++) assert.equal(await served.ask(""), 1);
      assert.equal(served.workers.starts, 1, served.logs.at(-1) ?? "");
    } finally {
      await served.stop();
    }
  });
}

it("applications of ASGI have a lifespan for each request", async () => {
  const served = new Served(`
from workers import asgi
calls = 0

async def app(scope, receive, send):
    global calls
    if scope["type"] == "lifespan":
        assert (await receive())["type"] == "lifespan.startup"
        print("begins")
        await send({"type": "lifespan.startup.complete"})
        assert (await receive())["type"] == "lifespan.shutdown"
        print("ends")
        await send({"type": "lifespan.shutdown.complete"})
        return
    calls += 1
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"%d" % calls})

Default = asgi.entrypoint(app)
`);
  try {
    for (let i = 0; i < 4; i++) assert.equal(await served.ask(""), 1);
    assert.equal(served.workers.starts, 1, served.logs.at(-1) ?? "");
  } finally {
    await served.stop();
  }
  assert.equal(served.output, "begins\nends\n".repeat(4));
});

it("what waitUntil was given ends before its interpreter is reset", async () => {
  const served = new Served(`
import asyncio
from js import Response
ended = 0

async def later():
    global ended
    await asyncio.sleep(0.02)
    ended += 1
    print("ended", ended)

def on_fetch(request, env, ctx):
    ctx.waitUntil(later())
    return Response.new(f"{ended}")
`);
  try {
    for (let i = 0; i < 4; i++) assert.equal(await served.ask(""), 0);
    assert.deepEqual((await served.settled()).resets, { done: 4, refused: 0 }, served.logs.at(-1) ?? "");
  } finally {
    await served.stop();
  }
  assert.equal(served.output, "ended 1\n".repeat(4));
});

it("requests at the same time have an interpreter each", async () => {
  const served = new Served(
    `
import time
import js
calls = 0

def on_fetch(request):
    global calls
    calls += 1
    time.sleep(0.02)
    return js.Response.new(f"{calls}")
`,
    3,
  );
  try {
    const answers = await Promise.all(Array.from({ length: 30 }, () => served.ask("")));
    assert.deepEqual(new Set(answers), new Set([1]));
    assert.ok(served.workers.starts <= 3);
    assert.ok(served.workers.resets.done >= 27);
    assert.match((await served.workers.report(false)).detail ?? "", /; \d+ resets, 0 not possible$/);
  } finally {
    await served.stop();
  }
});
