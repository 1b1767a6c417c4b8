// Cold starts: blockon serve (`ours`) beside Cloudflare's workerd from a dedicated snapshot, and CPython with its own http.server, all
// in one run. And resets, beside processes that CPython forks.
import { execFile } from "node:child_process";
import { appendFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { packageFolder } from "../runtime/packages/python_packages.ts";
import { v8Arguments } from "../runtime/v8_flags.mjs";
import { end } from "./lib/ending.mjs";
import { parseOptions } from "./lib/options.mjs";
import { requirementsFor, workerdPackages } from "./lib/packages.mjs";
import { commonEnv, pinnedServer, pinning } from "./lib/peer.mjs";
import { progress } from "./lib/progress.mjs";
import { judgeAmong } from "./lib/reaches.mjs";
import { quantileOf } from "./lib/report.mjs";
import { columns, format, judgedLines } from "./lib/table.mjs";
import { helloPython } from "./lib/workerd.mjs";
import { provideWorkerd } from "./lib/workerd_packages.mjs";
import { takeSnapshots } from "./lib/workerd_snapshots.mjs";
import { CASES, MANY_MIB } from "./start/cases.mjs";
import { emitRuntime } from "./start/emitted.mjs";
import { callMany } from "./start/many.mjs";
import { cpythonProcess, oursProcess, takeOwnSnapshot, workerdProcess } from "./start/processes.mjs";
import { reloads } from "./start/reload.mjs";

const run = promisify(execFile);
const NAMES = CASES.map((each) => each.name);
const PEERS = ["workerd", "cpython"];
const ROUNDS = 11;
const POOL_SAMPLES = 200;
const RESETS = 2000;
const RELOADS = 20;
const MANY = { workers: 1000, calls: 3000 };
const QUICK_MANY = { workers: 8, calls: 12 };

const HELP = `./dev bench start [--json FILE] [--rounds N] [--only CASE ...] [--peers PEER ...] [--quick]

  --json FILE      write the rows as JSON, too
  --rounds N       new processes of each side, which alternate (${ROUNDS})
  --only CASE ...  of: ${NAMES.join(", ")}
  --peers PEER ... beside ours, of: ${PEERS.join(", ")} (all)
  --quick          one process, and a few Workers: to see that it runs

process_*: from the start of a process to the first byte of its first answer, the files being in the system's cache, on all processors, and the processor
time of that; it is the third start of ours at least. pool_*: a request
that meets a Worker which is not started, in a process that serves ten others; the median, or the 99th percentile, of ${POOL_SAMPLES}.
hello imports Cloudflare's SDK; app also requests, httpx, FastAPI and pydantic. Processes of ours begin with the Worker's own snapshot,
as workerd's do, and so does app in pool_app. reset_*: a request, and the reset of its interpreter to what it was before, in a Worker that answers with a constant (noop) or
reads and writes JSON; from the server's thread to the Worker's and back. CPython has a process answer that it forks, until that is gone. isolate_pss: what one more idle Worker takes of
memory, where what is shared counts in parts; instance_pss: the same of one that shares an isolate. many_*: ${MANY.calls} calls of ${MANY.workers} deployed Workers at random, in a
server that may have ${MANY_MIB} MiB: those that met a Worker without an isolate, with HTTP, and the most memory that the server had; each has to be answered. dev_reload: from the save of a Worker's file until
blockon dev answers with what it says; the median of ${RELOADS}. The exit code is 1 when ours misses a reach.
`;

const options = parseOptions("start", HELP, NAMES, PEERS);
const rounds = options.quick ? 1 : (options.rounds ?? ROUNDS);
const cases = CASES.filter((each) => options.only === undefined || options.only.includes(each.name));
const peers = options.peers ?? PEERS;
const wants = (how, worker) =>
  cases.some((each) => each.how === how && (worker === undefined || each.worker === worker));

const folder = mkdtempSync(path.join(tmpdir(), "blockon-bench-"));
const folderOf = (worker) => path.join(folder, worker);
const source = {
  hello: "serve/workers/hello",
  app: "start/workers/app",
  noop: "start/workers/noop",
  json: "start/workers/json",
};
for (const [worker, from] of Object.entries(source)) {
  cpSync(path.join(import.meta.dirname, from), folderOf(worker), { recursive: true });
}
const appRequirements = `${requirementsFor("http")}${requirementsFor("serve")}`;
writeFileSync(path.join(folderOf("app"), "requirements.txt"), appRequirements);

const python = process.env.BLOCKON_BENCH_PYTHON || "python3";
/** @type {Record<string, Record<string, () => Promise<import("./start/processes.mjs").Start>>>} by worker and side */
const processes = { hello: {}, app: {} };
progress("emitting the runtime's JavaScript");
const emitted = await emitRuntime();
progress("compiling what later processes find compiled");
await run(process.execPath, [emitted.compiler]);
if (wants("process")) {
  for (const worker of ["hello", "app"]) {
    if (!wants("process", worker)) continue;
    progress(`taking the snapshot of ${worker}`);
    appendFileSync(path.join(folderOf(worker), "wrangler.toml"), "\n[blockon]\nsnapshot = true\n");
    await takeOwnSnapshot(emitted.launcher, folderOf(worker));
    processes[worker].ours = oursProcess(emitted.launcher, folderOf(worker));
    processes[worker].cpython = cpythonProcess(python, worker);
  }
  if (peers.includes("workerd") && wants("process", "hello")) {
    try {
      const workerd = await provideWorkerd();
      const packages = await workerdPackages();
      const { dedicated } = await takeSnapshots(workerd, (flags) => helloPython(packages, flags), folder);
      processes.hello.workerd = workerdProcess(workerd, dedicated);
    } catch (error) {
      process.stderr.write(`start: GOING ON WITHOUT workerd: ${error.message}. --peers says which to measure.\n`);
      processes.hello.workerd = () => Promise.reject(error);
    }
  }
}

/** What pool.mjs printed, by worker. @type {Record<string, Promise<{ms: number[], mib: number, sharedMib: number}>>} */
const pools = {};
function poolOf(worker) {
  pools[worker] ??= (async () => {
    const packages =
      worker === "app" ? await packageFolder(folderOf("app"), () => progress("installing the packages of app")) : "";
    const program = path.join(import.meta.dirname, "start", "pool.mjs");
    const [command, ...words] = [...pinnedServer, process.execPath, ...v8Arguments, program];
    const count = String(options.quick ? 3 : POOL_SAMPLES);
    const stage = worker === "app" ? "begun" : "imported";
    const { stdout } = await run(command, [...words, emitted.runtime, folderOf(worker), packages, count, stage], {
      env: commonEnv,
    });
    return JSON.parse(stdout);
  })();
  return pools[worker];
}

/** @type {Promise<import("./start/many.mjs").Called> | undefined} */
let manyCalled;
function many() {
  manyCalled ??= (async () => {
    const { workers, calls } = options.quick ? QUICK_MANY : MANY;
    const words = ["--max-memory", String(MANY_MIB)];
    const tell = (call) => call % 100 === 0 && progress(`calling ${workers} Workers (${call} of ${calls})`);
    const called = await callMany([...pinnedServer, emitted.launcher], workers, calls, words, commonEnv, tell);
    const [first] = called.failed;
    if (first !== undefined) throw new Error(`${called.failed.length} calls were not answered, the first: ${first}`);
    return called;
  })();
  return manyCalled;
}

/** What reset.mjs printed, or fork.py. @param {string} worker @param {string} side @returns {Promise<number[]>} us */
async function resetsOf(worker, side) {
  const program = (name) => path.join(import.meta.dirname, "start", name);
  const ours = [process.execPath, ...v8Arguments, program("reset.mjs"), emitted.runtime, folderOf(worker)];
  const asked = side === "ours" ? ours : [python, program("fork.py"), worker];
  const [command, ...words] = [...pinnedServer, ...asked, String(options.quick ? 20 : RESETS)];
  const { stdout } = await run(command, words, { env: commonEnv });
  return JSON.parse(stdout);
}

/** @returns {Promise<{samples: Record<string, number[]>, cpuMs: Record<string, number[]>}>} by side */
async function samplesOf(each, names, attempt) {
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  const cpuMs = Object.fromEntries(names.map((name) => [name, []]));
  if (each.how === "process") {
    // The first one makes what later ones find.
    for (const name of names) await attempt(name, processes[each.worker][name]);
    for (let round = 0; round < rounds; round++) {
      for (const name of names) {
        await attempt(name, async () => {
          const start = await processes[each.worker][name]();
          samples[name].push(start.ms);
          cpuMs[name].push(start.cpuMs);
        });
      }
    }
  } else if (each.how === "reset") {
    for (const name of names) {
      await attempt(name, async () => {
        samples[name].push(...(await resetsOf(each.worker, name)));
      });
    }
  } else if (each.how === "many" || each.how === "manyMemory") {
    await attempt("ours", async () => {
      const { coldMs, mostMib } = await many();
      samples.ours.push(...(each.how === "many" ? coldMs : [mostMib]));
    });
  } else if (each.how === "reload") {
    await attempt("ours", async () => {
      samples.ours.push(...(await reloads(emitted.launcher, folderOf(each.worker), options.quick ? 2 : RELOADS)));
    });
  } else {
    await attempt("ours", async () => {
      const { ms, mib, sharedMib } = await poolOf(each.worker);
      samples.ours.push(...(each.how === "pool" ? ms : [each.how === "memory" ? mib : sharedMib]));
    });
  }
  return { samples, cpuMs };
}

async function measure(each) {
  const errors = {};
  const attempt = async (name, action) => {
    if (name in errors) return;
    try {
      await action();
    } catch (error) {
      errors[name] = error.message;
    }
  };
  const names = ["ours", ...each.peers.filter((name) => peers.includes(name))];
  const { samples, cpuMs } = await samplesOf(each, names, attempt);
  const quantiles = (of) =>
    Object.fromEntries(names.map((name) => [name, name in errors ? null : quantileOf(of[name], each.quantile)]));
  return { values: quantiles(samples), cpu: each.how === "process" ? quantiles(cpuMs) : undefined, errors };
}

const rows = [];
try {
  for (const [index, each] of cases.entries()) {
    progress(`${each.name} (${index + 1} of ${cases.length})`);
    const { values, cpu, errors } = await measure(each);
    const { ours, ...others } = values;
    const reaches = each.reaches.map((reach) => judgeAmong(reach, ours, others));
    rows.push({ case: each.name, unit: each.unit, ours, peers: others, cpu, errors, reaches });
  }
} finally {
  progress("");
  emitted.remove();
  rmSync(folder, { recursive: true });
}

console.log(
  `start (process_* and dev_reload on all processors, the others on processor ${pinning.server}); less is better`,
);
const lines = rows.flatMap(({ case: name, unit, ours, peers: others, cpu }) => [
  [name, unit, format(ours), ...PEERS.map((peer) => format(others[peer]))],
  ...(cpu === undefined ? [] : [["  processor time", unit, ...["ours", ...PEERS].map((side) => format(cpu[side]))]]),
]);
console.log(columns([["case", "unit", "ours", ...PEERS], ...lines]).join("\n"));
console.log();
console.log(judgedLines(rows).join("\n"));
end(
  rows,
  options.json,
  rows.every(({ reaches }) => reaches.every(({ met }) => met !== false)),
);
