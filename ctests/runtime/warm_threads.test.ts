// Threads that are made ready before they are a Worker's: what a Worker finds in one is what it finds in one of its own.
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createServed, kindOf } from "../../runtime/cli/create_worker.ts";
import { Stores } from "../../runtime/cli/stores.ts";
import { readWorkerConfig, type WorkerConfig } from "../../runtime/config/wrangler.ts";
import { createLog } from "../../runtime/log.ts";
import { bareWorker } from "../../runtime/pool/bare_worker.ts";
import type { GuestRequest } from "../../runtime/pool/exchange.ts";
import { coldPart, share, type WarmKind } from "../../runtime/pool/warm_kind.ts";
import { WarmThreads } from "../../runtime/pool/warm_threads.ts";
import { WorkerHost } from "../../runtime/pool/worker_host.ts";
import { ready, textOf as text } from "./lib/warm.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = `
import gc, json, logging, os, random, secrets, socket, sys, tempfile, threading, uuid
import js
import blockon
import _cloudflare_compat_flags as flags
from js import Response
from pyodide.ffi import run_sync
import beside

print("loaded", __name__)
drawn = [random.random(), uuid.uuid4().hex, secrets.token_hex(), tempfile.NamedTemporaryFile().name]
marks = getattr(js.globalThis, "marks", None), getattr(sys, "marks", None)
js.globalThis.marks = sys.marks = "somebody's"

def on_fetch(request, env):
    url = js.URL.new(request.url)
    if url.pathname == "/drawn":
        return Response.new(json.dumps(drawn))
    if url.pathname == "/marks":
        return Response.new(json.dumps(marks))
    if url.pathname == "/burn":
        while True:
            pass
    if url.pathname == "/grow":
        kept = []
        try:
            while True:
                kept.append(bytearray(1 << 22))
        except MemoryError:
            return Response.new(f"{len(kept) * 4}")
    if url.pathname == "/connect":
        try:
            socket.create_connection(("127.0.0.1", 1))
        except OSError as error:
            return Response.new(f"{type(error).__name__}: {error}")
    if url.pathname == "/fail":
        raise ValueError(env.SECRET)
    run_sync(env.KV.put("key", "value"))
    return Response.new(json.dumps({
        "path": sys.path,
        "cwd": os.getcwd(),
        "environ": dict(os.environ),
        "env": sorted(js.Object.keys(env)),
        "vars": [env.VAR, env.SECRET, env.TABLE.key],
        "kv": run_sync(env.KV.get("key")),
        "flags": sorted(name for name in vars(flags) if not name.startswith("__")),
        "file": __file__,
        "beside": [beside.__file__, beside.value],
        "data": open("src/data.txt").read(),
        "shadowed": sys.modules["sched"].__file__ if "sched" in sys.modules else None,
        "workers": __import__("workers").__file__,
        "modules": sorted(sys.modules),
        "entrypoints": [each.__module__ for each in __import__("workers").WorkerEntrypoint.__subclasses__()],
        "runtime's files": os.listdir("/blockon"),
        "garbage": [type(each).__name__ for each in gc.get_objects() if getattr(each, "__module__", "") == "_rehearsal_worker"],
        "argv": sys.argv,
        "recursion": sys.getrecursionlimit(),
        "threads": threading.active_count(),
        "handlers": len(logging.getLogger().handlers),
        "fetch": str(js.fetch),
        "exports": str(getattr(request, "exports", None)),
    }))
`;

const toml = `
[vars]
VAR = "of the configuration"
TABLE = { key = 1 }

[secrets]
required = ["SECRET"]

[[kv_namespaces]]
binding = "KV"

[blockon.outbound]
deny = ["*"]

[limits]
cpu_ms = 300

[blockon.limits]
memory_mb = 96

[blockon]
max_fibers = 100
`;

const get = (what: string): GuestRequest => ({ method: "GET", url: `http://a/${what}`, headers: [], body: null });

/** Workers of one configuration, from a pool or not, and what they log. */
class Workers {
  readonly log: string[] = [];
  readonly output: string[] = [];
  readonly #stores = new Stores(createLog("json"));
  readonly #hosts: WorkerHost[] = [];
  readonly config: WorkerConfig;
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
    this.config = readWorkerConfig(folder);
  }

  async make(warm: WarmThreads | undefined): Promise<WorkerHost> {
    const host = createServed(this.config, {
      warm,
      kv: await this.#stores.kv.open(path.join(this.folder, "state")),
      onLog: (_level, text) => this.log.push(text),
      onOutput: (_stream, text) => this.output.push(text),
    });
    assert.ok(host instanceof WorkerHost);
    this.#hosts.push(host);
    return host;
  }

  kind(): WarmKind {
    const kind = kindOf(this.config, undefined);
    assert.ok(kind !== undefined);
    return kind;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.stop()));
    await this.#stores.close();
  }
}

describe("a thread that was made ready", () => {
  let folder: WorkerFolder;
  let workers: Workers;
  let warm: WarmThreads;
  const said: string[] = [];
  before(async () => {
    folder = workerFolder(entry, ["python_run_sync"], toml);
    folder.write("beside.py", "value = 1\n");
    // One that the snapshot has imported.
    folder.write("sched.py", "own = True\n");
    folder.write("src/data.txt", "of a file\n");
    folder.write(".dev.vars", 'SECRET = "never to be told"\n');
    workers = new Workers(folder.path);
    warm = new WarmThreads({ size: 2, onLog: (_level, line) => said.push(line) });
    const kind = workers.kind();
    for (let i = 0; i < 20; i++) warm.expect({ kind, isRunning: false });
    await ready(warm, 2);
  });
  after(async () => {
    await workers.stop();
    await warm.stop();
    folder.remove();
    assert.deepEqual(said, []);
  });

  it("has all that one has that was started for the Worker", async () => {
    const own = JSON.parse(await text(await workers.make(undefined), "")) as object;
    const { hits } = warm.counts;
    const found = JSON.parse(await text(await workers.make(warm), "")) as object;
    assert.equal(warm.counts.hits, hits + 1);
    assert.deepEqual(found, own);
    assert.deepEqual(workers.output, ["loaded entry\n", "loaded entry\n"]);
  });

  it("draws nothing that another draws, and has nothing of another's", async () => {
    const hosts = await Promise.all([1, 2, 3].map(() => workers.make(warm)));
    const drawn = await Promise.all(hosts.map(async (host) => JSON.parse(await text(host, "drawn")) as string[]));
    assert.equal(new Set(drawn.flat()).size, drawn.flat().length);
    for (const host of hosts) assert.deepEqual(JSON.parse(await text(host, "marks")), [null, null]);
  });

  it("keeps the Worker's limits", async () => {
    await ready(warm, 1);
    const host = await workers.make(warm);
    const mib = Number(await text(host, "grow"));
    assert.ok(mib > 0 && mib < 96, `${mib} MiB`);
    await assert.rejects(host.fetch(get("burn")), /the limit of 300 ms of processor time/);
    assert.equal(host.usage.cpuMs, 300);
  });

  it("keeps the Worker's outbound policy", async () => {
    await ready(warm, 1);
    const [own, found] = await Promise.all([workers.make(undefined), workers.make(warm)]);
    const refusal = await text(found, "connect");
    assert.match(refusal, /^PermissionError: .*outbound/);
    assert.equal(refusal, await text(own, "connect"));
  });

  it("tells no secret of the Worker's", async () => {
    const host = await workers.make(warm);
    await assert.rejects(host.fetch(get("fail")), ({ message }: Error) => {
      assert.match(message, /ValueError: \[secret\]/);
      return true;
    });
  });

  it("that ends before its Worker is loaded fails the request alone", async () => {
    await ready(warm, 1);
    const host = await workers.make(warm);
    const response = host.fetch(get("marks"));
    await host.terminate();
    await assert.rejects(response, { name: "WorkerLostError" });
    assert.equal(await text(await workers.make(warm), "marks"), "[null, null]");
  });

  it("that is taken while it starts loads the Worker all the same", async () => {
    const hosts = await Promise.all(Array.from({ length: 4 }, () => workers.make(warm)));
    for (const marks of await Promise.all(hosts.map((host) => text(host, "marks")))) {
      assert.equal(marks, "[null, null]");
    }
  });

  it("is of one kind, and Workers of another are not given it", async () => {
    await ready(warm, 1);
    const { hits, misses } = warm.counts;
    const flagless = workerFolder("from js import Response\ndef on_fetch(request):\n    return Response.new('own')\n");
    const others = new Workers(flagless.path);
    assert.notEqual(others.kind().key, workers.kind().key);
    assert.equal(await text(await others.make(warm), ""), "own");
    assert.deepEqual({ hits: warm.counts.hits, misses: warm.counts.misses }, { hits, misses: misses + 1 });
    await others.stop();
    flagless.remove();
  });

  it("ends when nobody asks for it any more", async () => {
    const some = new WarmThreads({ size: 1, onLog: (_level, line) => said.push(line) });
    const forget = some.expect({ kind: workers.kind(), isRunning: false });
    await ready(some, 1);
    forget();
    assert.deepEqual(some.counts, { ready: 0, starting: 0, hits: 0, misses: 0 });
    await some.stop();
  });
});

it("a thread that cannot be made ready is told of, and Workers start without", async () => {
  const folder = workerFolder(`from js import Response\ndef on_fetch(request):\n    return Response.new("here")\n`);
  const workers = new Workers(folder.path);
  const said: string[] = [];
  const warm = new WarmThreads({ size: 1, onLog: (_level, line) => said.push(line) });
  const kind = workers.kind();
  warm.expect({ kind: { ...kind, options: { ...kind.options, distribution: folder.path } }, isRunning: false });
  while (said.length === 0) await sleep(10);
  assert.match(
    said[0] ?? "",
    /^no thread can be made ready for Workers: .*realm\.asm\.js cannot be read: .*No such file/,
  );
  const host = createServed(workers.config, { warm, onLog: () => {}, onOutput: () => {} });
  const { body } = await host.open(get("")).response;
  assert.equal(new TextDecoder().decode(body as Uint8Array), "here");
  await host.stop();
  await workers.stop();
  await warm.stop();
  folder.remove();
});

it("a Worker's thread that was made ready is told of nothing that it has", () => {
  const folder = workerFolder(entry);
  const described = bareWorker("own", folder.path);
  const { files, folders, images = [] } = coldPart(described);
  const own = files.map(({ target }) => target);
  assert.deepEqual(own.toSorted(), ["/session/metadata/src/entry.py", "/session/metadata/wrangler.toml"]);
  assert.deepEqual(folders, [folder.path]);
  assert.deepEqual(images, []);
  assert.ok(described.files.length > files.length && described.folders.length > 1);
  folder.remove();
});

it("a Worker of an artifact takes one, unless its snapshot is in the artifact", () => {
  const folder = workerFolder(entry, ["python_run_sync"]);
  const config = readWorkerConfig(folder.path);
  const artifact = { folder: folder.path, packages: undefined, snapshot: undefined };
  const place = { file: path.join(folder.path, "worker.snapshot"), key: "0".repeat(64), packed: true } as const;
  assert.equal(kindOf({ ...config, artifact }, undefined)?.stage, "imported");
  assert.equal(kindOf({ ...config, snapshot: true, artifact }, undefined)?.stage, "begun");
  assert.equal(kindOf({ ...config, snapshot: true, artifact: { ...artifact, snapshot: place } }, undefined), undefined);
  folder.remove();
});

describe("threads are divided among kinds", () => {
  const shares = (threads: number, workers: readonly number[]): number[] =>
    share(
      threads,
      workers.map((count) => ({ workers: count })),
    ).map((each) => each.threads);

  it("each has one, as far as they go, and no more than Workers", () => {
    assert.deepEqual(shares(2, [1]), [1]);
    assert.deepEqual(shares(2, [5]), [2]);
    assert.deepEqual(shares(2, [1, 9]), [1, 1]);
    assert.deepEqual(shares(1, [1, 9]), [1, 0]);
    assert.deepEqual(shares(4, [2, 9, 1]), [2, 1, 1]);
    assert.deepEqual(shares(0, [2]), [0]);
  });
});
