// run_sync beside stock Pyodide (`stock`) and plain JavaScript (`js`), all in one run.
//
//   ./dev bench run_sync [--json FILE] [--rounds N] [--runs N]
//
// Microseconds a call are measured in one process with both interpreters in it, the rounds alternating. Tasks
// under pressure get a process each (run_sync_tasks.mjs), since stock crashes in some of its runs.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { LOADERS } from "./lib/pyodides.mjs";
import { median, report } from "./lib/report.mjs";

const option = (name, otherwise) => {
  const index = process.argv.indexOf(name);
  if (index < 0) return otherwise;
  const text = process.argv[index + 1] ?? "";
  if (/^\d+$/.test(text)) return Number(text);
  process.stderr.write(`run_sync: ${name} needs a number, not "${text}"\n`);
  process.exit(2);
};
const ROUNDS = option("--rounds", 7);
const RUNS = option("--runs", 20);

const PYTHON = `
import js
from pyodide.ffi import run_sync

async def nothing():
    return 1

def settled(n):
    p = js.benchSettled
    for _ in range(n):
        run_sync(p)

def microtask(n):
    source = js.benchSource
    for _ in range(n):
        run_sync(source.microtask)

def immediate(n):
    source = js.benchSource
    for _ in range(n):
        run_sync(source.immediate)

def coroutine(n):
    for _ in range(n):
        run_sync(nothing())

def timed(name, n):
    now = js.performance.now
    case = globals()[name]
    start = now()
    case(n)
    return (now() - start) * 1000 / n
`;

globalThis.benchSettled = Promise.resolve(1);
globalThis.benchSource = {
  get microtask() {
    return new Promise((resolve) => queueMicrotask(() => resolve(1)));
  },
  get immediate() {
    return new Promise((resolve) => setImmediate(resolve, 1));
  },
};

const JS = {
  async settled(n) {
    for (let i = 0; i < n; i++) await globalThis.benchSettled;
  },
  async microtask(n) {
    for (let i = 0; i < n; i++) await globalThis.benchSource.microtask;
  },
  async immediate(n) {
    for (let i = 0; i < n; i++) await globalThis.benchSource.immediate;
  },
  async coroutine(n) {
    for (let i = 0; i < n; i++) await (async () => 1)();
  },
};

async function timeJs(name, n) {
  const start = performance.now();
  await JS[name](n);
  return ((performance.now() - start) * 1000) / n;
}

async function perCall() {
  const timed = {};
  for (const [name, load] of Object.entries(LOADERS)) {
    const pyodide = await load();
    pyodide.runPython(PYTHON);
    const callable = pyodide.globals.get("timed");
    timed[name] = (which, n) => callable.callPromising(which, n);
  }
  timed.js = timeJs;
  const counts = { settled: { ours: 200_000, stock: 1000, js: 200_000 } };
  const usual = { ours: 20_000, stock: 1000, js: 20_000 };
  const rows = [];
  for (const which of ["settled", "microtask", "immediate", "coroutine"]) {
    const samples = { ours: [], stock: [], js: [] };
    for (const side of Object.keys(samples)) await timed[side](which, 500);
    for (let round = 0; round < ROUNDS; round++) {
      for (const side of Object.keys(samples)) {
        samples[side].push(await timed[side](which, (counts[which] ?? usual)[side]));
      }
    }
    const peers = { stock: median(samples.stock), js: median(samples.js) };
    rows.push({ case: which, unit: "us", ours: median(samples.ours), peers });
  }
  return rows;
}

const run = promisify(execFile);

/** One process with 1,000 tasks of 10 waits; null when it crashed. */
async function tasks(side) {
  const script = fileURLToPath(new URL("run_sync_tasks.mjs", import.meta.url));
  try {
    const { stdout } = await run(process.execPath, [...process.execArgv, script, side], { timeout: 120_000 });
    return JSON.parse(stdout.trim().split("\n").at(-1));
  } catch (error) {
    process.stderr.write(`run_sync_tasks ${side}: ${String(error.stderr ?? error).split("\n")[0]}\n`);
    return null;
  }
}

async function underPressure() {
  const results = { ours: [], stock: [], js: [] };
  for (let i = 0; i < RUNS; i++) {
    process.stderr.write(`\rtasks under pressure: run ${i + 1} of ${RUNS} `);
    results.ours.push(await tasks("ours"));
    if (i < ROUNDS) for (const side of ["stock", "js"]) results[side].push(await tasks(side));
  }
  process.stderr.write("\n");
  const value = (side, key) => {
    const whole = results[side].filter((result) => result !== null);
    return whole.length === 0 ? null : median(whole.map((result) => result[key]));
  };
  const crashed = (side) => results[side].filter((result) => result === null).length;
  const note = ["ours", "stock"].map((side) => `${side} crashed in ${crashed(side)} of ${results[side].length} runs`);
  const row = (name, unit, key) => ({
    case: name,
    unit,
    ours: value("ours", key) ?? Number.NaN,
    peers: { stock: value("stock", key), js: value("js", key) },
    note: note.join(", "),
  });
  return [row("tasks_1k_x10_ms", "ms", "ms"), row("task_rss_kib", "KiB", "rssKib")];
}

report("run_sync", [...(await perCall()), ...(RUNS > 0 ? await underPressure() : [])]);
process.exit(0);
