// Interpreters that wait for their memory: a Worker with a snapshot of its own is given one with that, and has what it would have in a thread
// of its own.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { SnapshotPlace } from "../../runtime/addon.ts";
import { createServed, kindOf, workerOptions } from "../../runtime/cli/create_worker.ts";
import { readWorkerConfig, type WorkerConfig } from "../../runtime/config/wrangler.ts";
import { packageFolder } from "../../runtime/packages/python_packages.ts";
import type { WarmKind } from "../../runtime/pool/warm_kind.ts";
import { WarmThreads } from "../../runtime/pool/warm_threads.ts";
import { WorkerHost } from "../../runtime/pool/worker_host.ts";
import { baselineSnapshot } from "../../runtime/snapshots/baseline.ts";
import { isUsable, makeWorkerSnapshot, workerPlace } from "../../runtime/snapshots/worker_snapshot.ts";
import type { FromWorker } from "../../runtime/worker/protocol.ts";
import { unresumable } from "./lib/unresumable.ts";
import { ready, textOf } from "./lib/warm.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = `
import json, logging, os, random, sys, tempfile, threading, uuid
import _cloudflare_compat_flags as flags
import js
from js import Response
import beside

print("loaded", __name__)
count = 0

def on_fetch(request, env):
    global count
    count += 1
    marks = getattr(js.globalThis, "marks", None), getattr(sys, "marks", None), os.environ.get("MARKS")
    js.globalThis.marks = sys.marks = os.environ["MARKS"] = "somebody's"
    with tempfile.NamedTemporaryFile() as file:
        name = file.name
    return Response.new(json.dumps({
        "restored": "blockon._snapshot_worker" in sys.modules,
        "own": {
            "count": count,
            "path": sys.path,
            "cwd": os.getcwd(),
            "environ": {key: value for key, value in os.environ.items() if key != "MARKS"},
            "env": [*sorted(js.Object.keys(env)), env.VAR],
            "flags": sorted(name for name in vars(flags) if not name.startswith("__")),
            "beside": [__file__, beside.__file__, beside.value],
            "data": open("src/data.txt").read(),
            "shadowed": sys.modules["sched"].__file__ if "sched" in sys.modules else None,
            "argv": sys.argv,
            "recursion": sys.getrecursionlimit(),
            "threads": threading.active_count(),
            "handlers": len(logging.getLogger().handlers),
            "fetch": str(js.fetch),
        },
        "marks": marks,
        "drawn": [random.random(), uuid.uuid4().hex, name],
    }))
`;

const toml = `
[vars]
VAR = "of the configuration"

[blockon]
snapshot = true
`;

interface Answer {
  readonly restored: boolean;
  readonly own: unknown;
  readonly marks: unknown;
  readonly drawn: readonly string[];
}

const log: string[] = [];
const onLog = (_level: string, text: string): number => log.push(text);
const output: string[] = [];
const hosts: WorkerHost[] = [];

function make(config: WorkerConfig, warm: WarmThreads | undefined, packages?: string): WorkerHost {
  const host = createServed(config, { warm, packages, onLog, onOutput: (_stream, text) => output.push(text) });
  assert.ok(host instanceof WorkerHost);
  hosts.push(host);
  return host;
}

function kindFor(config: WorkerConfig): WarmKind {
  const kind = kindOf(config, undefined);
  assert.ok(kind !== undefined);
  return kind;
}

function newWarm(config: WorkerConfig): WarmThreads {
  const warm = new WarmThreads({ size: 2, onLog });
  for (let i = 0; i < 4; i++) warm.expect({ kind: kindFor(config), isRunning: false });
  return warm;
}

/** What createServed() describes, whose snapshot it is. */
function described(config: WorkerConfig, packages?: string): Parameters<typeof makeWorkerSnapshot>[1] {
  return { ...workerOptions(config, { packages }), tellsLasting: true };
}

async function placeOf(config: WorkerConfig, packages?: string): Promise<SnapshotPlace> {
  const baseline = await baselineSnapshot(true, {}, onLog);
  const place = baseline && workerPlace(described(config, packages), baseline);
  assert.ok(place !== undefined, log.join());
  return place;
}

/** The server makes it when the Worker has run for a second. */
async function made(place: SnapshotPlace): Promise<void> {
  for (let waits = 0; !isUsable(place, onLog); waits++) {
    assert.ok(waits < 600, `no snapshot is made within a minute: ${log.join("\n")}`);
    await sleep(100);
  }
}

const answerOf = async (host: WorkerHost): Promise<Answer> => JSON.parse(await textOf(host)) as Answer;

describe("an interpreter that waits for its memory", () => {
  let folder: WorkerFolder;
  let config: WorkerConfig;
  let warm: WarmThreads;
  let place: SnapshotPlace;
  before(async () => {
    folder = workerFolder(entry, ["python_run_sync"], toml);
    folder.write("beside.py", "value = 1\n");
    // One that the baseline has imported.
    folder.write("sched.py", "own = True\n");
    folder.write("src/data.txt", "of a file\n");
    config = readWorkerConfig(folder.path);
    place = await placeOf(config);
    warm = newWarm(config);
    await ready(warm, 2);
  });
  beforeEach(() => {
    log.length = output.length = 0;
  });
  after(async () => {
    await Promise.all(hosts.map((host) => host.stop()));
    await warm.stop();
    fs.rmSync(place.file, { force: true });
    folder.remove();
  });

  it("loads the Worker, where that has no snapshot yet", async () => {
    const { hits } = warm.counts;
    const [own, found] = [await answerOf(make(config, undefined)), await answerOf(make(config, warm))];
    assert.equal(warm.counts.hits, hits + 1);
    assert.deepEqual([found.restored, found.own, found.marks], [false, own.own, [null, null, null]]);
    assert.deepEqual([log, output], [[], ["loaded entry\n", "loaded entry\n"]]);
  });

  it("begins with the Worker's snapshot, and two share no randomness and nothing of each other's", async () => {
    await made(place);
    const own = await answerOf(make(config, undefined));
    await ready(warm, 2);
    const { hits } = warm.counts;
    const found = await Promise.all([1, 2].map(() => answerOf(make(config, warm))));
    assert.equal(warm.counts.hits, hits + 2);
    for (const answer of found) {
      assert.deepEqual([answer.restored, answer.own, answer.marks], [true, own.own, [null, null, null]]);
    }
    const drawn = [own, ...found].flatMap((answer) => answer.drawn);
    assert.equal(new Set(drawn).size, drawn.length, drawn.join());
    // The top level ran when the snapshot was made.
    assert.deepEqual([log, output], [[], []]);
  });

  it("goes on with the snapshot that is open, whatever becomes of its file", async () => {
    const whole = fs.readFileSync(place.file);
    await ready(warm, 1);
    fs.truncateSync(place.file, 5000);
    assert.equal((await answerOf(make(config, warm))).restored, true);
    fs.writeFileSync(place.file, whole);
    assert.deepEqual(log, []);
  });

  it("that cannot have its memory says so, and nobody has it", async () => {
    await ready(warm, 1);
    const damaged = { ...place, file: `${place.file}.damaged`, key: "0".repeat(64) };
    fs.writeFileSync(damaged.file, fs.readFileSync(place.file).subarray(0, 9000));
    const { limits } = kindFor(config);
    const thread = warm.take(described(config), limits, damaged);
    assert.ok(thread !== undefined);
    const { promise, resolve } = Promise.withResolvers<FromWorker>();
    thread.listen({ message: (message) => message.type !== "meter" && resolve(message), ended: () => {} });
    const said = await promise;
    assert.deepEqual([said.type, thread.snapshot], ["refused", damaged]);
    assert.match(said.type === "refused" ? said.text : "", /the snapshot .*damaged cannot be used: /);
    await thread.terminate();
    fs.rmSync(damaged.file);
  });

  it("is not given a snapshot that lies over another baseline", async () => {
    await ready(warm, 1);
    const { misses } = warm.counts;
    const other = { ...place, base: { file: `${place.file}.other`, key: "0".repeat(64) } };
    assert.equal(warm.take(described(config), kindFor(config).limits, other), undefined);
    assert.equal(warm.counts.misses, misses + 1);
  });

  it("that is lost while it is taken fails the request alone", async () => {
    await ready(warm, 1);
    const host = make(config, warm);
    const response = host.fetch({ method: "GET", url: "http://a/", headers: [], body: null });
    while (!host.isStarting) await new Promise(setImmediate);
    assert.equal(host.evict("there is too little memory"), false);
    await host.terminate();
    await assert.rejects(response, { name: "WorkerLostError" });
    assert.equal((await answerOf(make(config, warm))).restored, true, log.join());
  });

  it("is not given to Workers without a snapshot, and those that have none get no such one", async () => {
    const flagless = workerFolder("from js import Response\ndef on_fetch(request):\n    return Response.new('own')\n", [
      "python_run_sync",
    ]);
    const others = readWorkerConfig(flagless.path);
    assert.notEqual(kindFor(others).key, kindFor(config).key);
    const { hits, misses } = warm.counts;
    assert.equal(await textOf(make(others, warm)), "own");
    assert.deepEqual({ hits: warm.counts.hits, misses: warm.counts.misses }, { hits, misses: misses + 1 });
    flagless.remove();
  });
});

it("a snapshot that cannot be gone on from is given up, and the baseline is not", async () => {
  const loaded = "from js import Response\ndef on_fetch(request):\n    return Response.new('loaded')\n";
  log.length = 0;
  const folder = workerFolder(`${unresumable}${loaded}`, ["python_run_sync"], toml);
  const config = readWorkerConfig(folder.path);
  const place = await placeOf(config);
  assert.deepEqual((await makeWorkerSnapshot(place, described(config))).refusals, []);
  const warm = newWarm(config);
  await ready(warm, 2);
  assert.equal(await textOf(make(config, warm)), "loaded");
  assert.match(log.join("\n"), /^starting without the Worker's snapshot .*: [\s\S]*a seed is missing/);
  assert.deepEqual([fs.existsSync(place.file), fs.existsSync(place.base?.file ?? "")], [false, true]);
  assert.equal(warm.counts.hits, 2);
  await Promise.all(hosts.map((host) => host.stop()));
  await warm.stop();
  folder.remove();
});

it("finds the side modules of the Worker's packages: pydantic-core", async () => {
  const packages = await packageFolder(path.join(import.meta.dirname, "../../examples/fastapi"), () => undefined);
  assert.ok(packages !== undefined);
  log.length = 0;
  const validating = `
import sys
from js import Response
from pydantic import BaseModel

class Note(BaseModel):
    text: str

def on_fetch(request):
    restored = "blockon._snapshot_worker" in sys.modules
    return Response.new(f"{restored} {Note.model_validate_json('{\\"text\\": \\"abc\\"}').text}")
`;
  const folder = workerFolder(validating, ["python_run_sync"], toml);
  const config = readWorkerConfig(folder.path);
  const place = await placeOf(config, packages);
  const warm = newWarm(config);
  await ready(warm, 2);
  assert.equal(await textOf(make(config, warm, packages)), "False abc");
  await made(place);
  await ready(warm, 1);
  assert.equal(await textOf(make(config, warm, packages)), "True abc", log.join());
  assert.deepEqual([log, warm.counts.hits], [[], 2]);
  await Promise.all(hosts.map((host) => host.stop()));
  await warm.stop();
  fs.rmSync(place.file, { force: true });
  folder.remove();
});
