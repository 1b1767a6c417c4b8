// A process that serves Workers: node pool.mjs RUNTIME FOLDER PACKAGES COUNT STAGE prints what each further one takes until its first
// answer, in ms of time and of the process's processor time, and what each that is kept takes of memory, in MiB, as JSON: in an isolate of
// its own (mib), and in one that all of them share (sharedMib). RUNTIME is the
// folder of the runtime's JavaScript (emitted.mjs). Each finds a thread that was made ready before (runtime/pool/warm_threads.ts): with an
// interpreter that has `begun`, and goes on with the Worker's own snapshot, or has `imported` what Workers do.
import { readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";

const [runtime, folder, packages, count, stage = "imported"] = process.argv.slice(2);
const hasOwn = stage === "begun";
const from = (name, folder = "pool") => import(pathToFileURL(path.join(runtime, folder, name)).href);
const { defaultWorkerLimits } = await from("limits.js", "config");
const { compilePackages } = await from("compile_packages.js", "cli");
const { pyodideVersion } = await from("layout.js", "");
const { imagePackages } = await from("cached_image.js", "packages");
const { bareWorker } = await from("bare_worker.js");
const { warmKind } = await from("warm_kind.js");
const { WarmThreads } = await from("warm_threads.js");
const { SharedThreads } = await from("shared_threads.js");
const { baselineSnapshot } = await from("baseline.js", "snapshots");
const { makeWorkerSnapshot, workerPlace } = await from("worker_snapshot.js", "snapshots");
const { WorkerHost } = await from("worker_host.js");
const { shareArenas } = await from("process_memory.js", "");
shareArenas();
const KEPT_FIRST = 2;
const KEPT = 8;
/** Until they have given back what they can (runtime/worker/idle_collection.ts). */
const IDLE_MS = 5000;

const POLL_MS = 5;

const describe = () =>
  bareWorker(
    "start",
    folder,
    { features: ["python_workers", "python_run_sync"] },
    packages === "" ? undefined : packages,
  );
/** @param {string} _level @param {string} text */
const onLog = (_level, text) => process.stderr.write(`${text}\n`);

function newWorker(warm, shared) {
  return new WorkerHost({
    name: "start",
    warm,
    shared,
    snapshots: hasOwn,
    describe,
    onLog,
    onOutput: (_stream, text) => process.stderr.write(text),
  });
}

/** The one that is asked. */
let asked;

/** Of which one is ready at a time; made so when nothing is under way, as in a server. */
function newWarm() {
  const warm = new WarmThreads({
    size: 1,
    onLog,
    isBusy: () => asked !== undefined && (asked.underWay > 0 || asked.isStarting),
  });
  const kind = warmKind(describe(), { heapMb: defaultWorkerLimits.heapMb, permissions: true }, stage);
  if (kind === undefined) throw new Error("no thread can be made ready for this Worker");
  warm.expect({ kind, isRunning: false });
  return warm;
}

/** @param {WorkerHost} worker */
async function ask(worker) {
  const response = await worker.fetch({ method: "GET", url: "http://worker/", headers: [], body: null, client: "" });
  if (response.status !== 200) throw new Error(`the Worker answered ${response.status}`);
}

/** The proportional set size: what is shared counts in parts. */
const pssMib = () => Number(/^Pss:\s*(\d+)/m.exec(readFileSync("/proc/self/smaps_rollup", "latin1"))?.[1]) / 1024;

/** The memory when all of them have been idle for a while. */
async function keep(workers, number, shared) {
  while (workers.length < number) {
    const worker = newWorker(undefined, shared);
    await ask(worker);
    workers.push(worker);
  }
  await sleep(IDLE_MS);
  return pssMib();
}

if (packages !== "") {
  const log = { info: () => {}, warn: (text) => onLog("warn", text) };
  await compilePackages(packages, { version: pyodideVersion }, log);
  imagePackages(packages, log);
}
if (hasOwn) {
  const place = workerPlace(describe(), await baselineSnapshot(true, {}, onLog));
  const { refusals } = await makeWorkerSnapshot(place, describe());
  if (refusals.length > 0) throw new Error(`there is no snapshot of the Worker: ${refusals.join("; ")}`);
}

// The process serves another all the time, as one does whose pool is asked for more.
const workers = [];
const first = await keep(workers, KEPT_FIRST);
const mib = ((await keep(workers, KEPT_FIRST + KEPT)) - first) / KEPT;
const guests = [];
const shared = new SharedThreads(KEPT_FIRST + KEPT);
const firstGuests = await keep(guests, KEPT_FIRST, shared);
const sharedMib = ((await keep(guests, KEPT_FIRST + KEPT, shared)) - firstGuests) / KEPT;
for (const guest of guests) await guest.stop();
const ms = [];
const cpuMs = [];
const warm = newWarm();
for (let i = 0; i < Number(count); i++) {
  while (warm.counts.ready === 0) await sleep(POLL_MS);
  const before = process.cpuUsage();
  const begin = performance.now();
  const worker = newWorker(warm);
  asked = worker;
  await ask(worker);
  ms.push(performance.now() - begin);
  const { user, system } = process.cpuUsage(before);
  cpuMs.push((user + system) / 1000);
  await worker.stop();
}
process.stdout.write(`${JSON.stringify({ ms, cpuMs, mib, sharedMib })}\n`, () => process.exit(0));
