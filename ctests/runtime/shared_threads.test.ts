// Workers that share a thread: none finds anything of another's, and the end of one leaves the others.
import assert from "node:assert/strict";
import path from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createServed } from "../../runtime/cli/create_worker.ts";
import { Stores } from "../../runtime/cli/stores.ts";
import { readWorkerConfig } from "../../runtime/config/wrangler.ts";
import { createLog } from "../../runtime/log.ts";
import { SharedThreads } from "../../runtime/pool/shared_threads.ts";
import { WorkerHost } from "../../runtime/pool/worker_host.ts";
import { textOf as text } from "./lib/warm.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = `
import asyncio, builtins, itertools, json, os, random, secrets, sys, threading, time
import js
from js import Response
from pyodide.ffi import run_sync

asked = 0
kept = []
drawn = [random.random(), secrets.token_hex(), js.Math.random()]

def marks():
    return [
        getattr(js.globalThis, "mark", None), getattr(js.Array.prototype, "mark", None), getattr(builtins, "mark", None),
        os.environ.get("MARK"), os.path.exists("/tmp/mark"), run_sync(env.KV.get("mark")), env.VAR, env.SECRET,
        open("src/data.txt").read(), os.path.exists(f"src/only_{'two' if env.VAR == 'one' else 'one'}.txt"),
    ]

def mark():
    js.globalThis.mark = js.Array.prototype.mark = builtins.mark = os.environ["MARK"] = env.VAR
    open("/tmp/mark", "w").write(env.VAR)
    run_sync(env.KV.put("mark", env.VAR))

def compute():
    while True:
        pass

def in_c():
    all(itertools.repeat(True))

def in_javascript():
    js.RegExp.new("(a+)+$").test("a" * 60 + "b")

def memory():
    try:
        while True:
            kept.append(bytearray(8 * 1024 * 1024))
    except MemoryError:
        kept.clear()
        return "MemoryError"

def heap():
    while True:
        kept.append(js.Array.new(1_000_000).fill("text"))

def buffers():
    kept.extend(js.Uint8Array.new(10_000_000).fill(1) for _ in range(9))
    while True:
        sum(range(10_000))
        time.sleep(0.01)

def some_buffers():
    kept.extend(js.Uint8Array.new(1_000_000).fill(1) for _ in range(75))

def trap():
    import ctypes
    ctypes.string_at(4_000_000_000)

def leave():
    os._exit(3)

def wait():
    time.sleep(1)
    return "waited"

def waits_for_ever():
    threading.Thread(target=threading.Event().wait).start()
    js.setInterval(js.Function.prototype, 1)
    asyncio.get_event_loop().create_task(asyncio.sleep(1000))

def on_fetch(request, bindings):
    global asked, env
    env = bindings
    asked += 1
    name = js.URL.new(request.url).pathname[1:]
    if name == "drawn":
        return Response.new(json.dumps(drawn))
    if name == "asked":
        return Response.new(str(asked))
    return Response.new(json.dumps(globals()[name]()))
`;

const toml = (name: string) => `
[vars]
VAR = "${name}"

[secrets]
required = ["SECRET"]

[[kv_namespaces]]
binding = "KV"
id = "${name}"

[limits]
cpu_ms = 300

[blockon]
snapshot = false

[blockon.limits]
memory_mb = 96
heap_mb = 64
tmp_mb = 8
`;

const names = ["one", "two"];

describe("Workers that share a thread", () => {
  let folders: WorkerFolder[];
  let stores: Stores;
  let shared: SharedThreads;
  let hosts: WorkerHost[];
  let log: string[];
  let one: WorkerHost;
  let two: WorkerHost;

  async function make(folder: WorkerFolder): Promise<WorkerHost> {
    const host = createServed(readWorkerConfig(folder.path), {
      shared,
      kv: await stores.kv.open(path.join(folders[0]?.path as string, "state")),
      onLog: (_level, line) => log.push(line),
      onOutput: () => {},
    });
    assert.ok(host instanceof WorkerHost);
    hosts.push(host);
    await host.start();
    return host;
  }

  beforeEach(async () => {
    folders = names.map((name) => {
      const folder = workerFolder(entry, ["python_run_sync"], toml(name));
      folder.write("src/data.txt", `of ${name}`);
      folder.write(`src/only_${name}.txt`, "");
      folder.write(".dev.vars", `SECRET = "secret of ${name}"\n`);
      return folder;
    });
    stores = new Stores(createLog("json"));
    shared = new SharedThreads(3);
    hosts = [];
    log = [];
    [one, two] = [await make(folders[0] as WorkerFolder), await make(folders[1] as WorkerFolder)];
    assert.deepEqual(shared.counts, { threads: 1, seats: 2 });
  });
  afterEach(async () => {
    await Promise.all(hosts.map((host) => host.stop()));
    await stores.close();
    for (const folder of folders) folder.remove();
    assert.deepEqual(shared.counts, { threads: 0, seats: 0 });
  });

  it("find nothing of another's", async () => {
    const marksOf = (name: string, mark: string | null) => [
      ...[mark, mark, mark, mark, mark !== null, mark],
      ...[name, `secret of ${name}`, `of ${name}`, false],
    ];
    assert.deepEqual(JSON.parse(await text(two, "marks")), marksOf("two", null));
    await text(one, "mark");
    assert.deepEqual(JSON.parse(await text(one, "marks")), marksOf("one", "one"));
    assert.deepEqual(JSON.parse(await text(two, "marks")), marksOf("two", null));
    await text(two, "mark");
    assert.deepEqual(JSON.parse(await text(one, "marks")), marksOf("one", "one"));
  });

  it("draw nothing that another draws", async () => {
    const drawn = await Promise.all(
      [one, two, await make(folders[0] as WorkerFolder)].map((each) => text(each, "drawn")),
    );
    const all = drawn.flatMap((each) => JSON.parse(each) as unknown[]);
    assert.equal(new Set(all).size, all.length);
  });

  it("are as many in a thread as it may have", async () => {
    await make(folders[0] as WorkerFolder);
    assert.deepEqual(shared.counts, { threads: 1, seats: 3 });
    await make(folders[0] as WorkerFolder);
    assert.deepEqual(shared.counts, { threads: 2, seats: 4 });
  });

  /** It goes on with what it had. */
  async function goesOn(host: WorkerHost, asked: number): Promise<void> {
    assert.equal(await text(host, "asked"), String(asked));
    assert.equal(host.starts, 1);
  }

  for (const [name, ending] of [
    ["trap", /the Worker was lost: .*memory access out of bounds/],
    ["leave", /the Worker was lost/],
  ] as const) {
    it(`go on when one ends by ${name}`, async () => {
      await goesOn(two, 1);
      const waits = text(two, "wait");
      await assert.rejects(text(one, name), ending);
      assert.equal(await waits, '"waited"');
      await goesOn(two, 3);
      // And the other starts again, beside it.
      assert.equal(await text(one, "asked"), "1");
      assert.deepEqual(shared.counts, { threads: 1, seats: 2 });
    });
  }

  it("have each its own limits", async () => {
    await goesOn(two, 1);
    const waits = text(two, "wait");
    await assert.rejects(text(one, "compute"));
    assert.match(log.join("\n"), /is over the limit of 300 ms of processor time/);
    assert.equal(await waits, '"waited"');
    assert.equal(await text(one, "memory"), '"MemoryError"');
    await goesOn(one, 3);
    await goesOn(two, 3);
    const [used, bystander] = [one.usage, two.usage];
    assert.ok(used.cpu > 0.2 + bystander.cpu, `${used.cpu} and ${bystander.cpu}`);
    assert.ok((bystander.resident as number) < 32 * 2 ** 20);
  });

  it("go on when one is evicted, whatever it has going on", async () => {
    await goesOn(two, 1);
    await text(one, "waits_for_ever");
    assert.ok(one.evict("for the test"));
    for (let waits = 0; shared.counts.seats > 1; waits++) {
      assert.ok(waits < 6000, "it has not left within a minute");
      await sleep(10);
    }
    await goesOn(two, 2);
    assert.equal(await text(one, "asked"), "1");
    assert.deepEqual(shared.counts, { threads: 1, seats: 2 });
  });

  for (const name of ["in_c", "in_javascript"]) {
    it(`go on when one computes on ${name}, which cannot be interrupted`, async () => {
      await goesOn(two, 1);
      const waits = text(two, "wait");
      await assert.rejects(text(one, name), /in code that cannot be interrupted/);
      assert.equal(await waits, '"waited"');
      await goesOn(two, 3);
      assert.equal(await text(one, "asked"), "1");
      assert.deepEqual(shared.counts, { threads: 1, seats: 2 });
    });
  }

  it("end together where JavaScript's heap is full", async () => {
    const waits = assert.rejects(text(one, "wait"), /JavaScript's heap is full \(heap_mb is 64\)/);
    await assert.rejects(text(two, "heap"), /JavaScript's heap is full \(heap_mb is 64\)/);
    await waits;
    assert.equal(await text(one, "asked"), "1");
    assert.equal(await text(two, "asked"), "1");
  });

  it("end together where JavaScript's ArrayBuffers hold too much, with room for the files of each", async () => {
    await text(one, "some_buffers");
    await goesOn(two, 1);
    const waits = assert.rejects(
      text(one, "wait"),
      /JavaScript's ArrayBuffers hold too much \(heap_mb is 64, tmp_mb is 8\)/,
    );
    await assert.rejects(
      text(two, "buffers"),
      /JavaScript's ArrayBuffers hold too much \(heap_mb is 64, tmp_mb is 8\)/,
    );
    await waits;
    assert.equal(await text(one, "asked"), "1");
    assert.equal(await text(two, "asked"), "1");
  });
});
