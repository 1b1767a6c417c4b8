// Where the time of the cases of run_sync goes, and the memory of its tasks, and where that of threads and http: the same loops, recorded
// by Linux perf.
//
// Times are the main thread's, or the Worker's where a case runs in one, of the processor, an operation; what the benchmark subtracts is subtracted here too. Peers are those of
// the benchmark, but for tasks of stock Pyodide, which crash; of a Worker's cases there are none.
import { writeFileSync } from "node:fs";
import path from "node:path";
import { CASES as HTTP } from "./http/cases.mjs";
import { parseOptions } from "./lib/options.mjs";
import { benchPackages } from "./lib/packages.mjs";
import { startServer } from "./lib/peer.mjs";
import { progress } from "./lib/progress.mjs";
import { memoryOfTasks } from "./profile/memory.mjs";
import { ProfileError, record, requirePerf } from "./profile/perf.mjs";
import { print } from "./profile/print.mjs";
import { tally } from "./profile/tally.mjs";
import { wasmOwners } from "./profile/wasm_owners.mjs";
import { CASES } from "./run_sync/cases.mjs";
import * as tasks from "./run_sync/tasks.mjs";
import { CASES as THREADS } from "./threads/cases.mjs";

const TASK_SIDES = ["ours", "js", "jspi"];
const OF_RUN_SYNC = [...CASES.map((each) => each.name), ...tasks.CASES];
const inPython = (name) => path.join(import.meta.dirname, name);
const WORKERS = [
  { program: inPython("threads/python/thread_cases.py"), cases: THREADS },
  { program: inPython("http/python/http_clients.py"), cases: HTTP.filter((each) => each.name !== "bridge") },
];
const OF_WORKERS = WORKERS.flatMap(({ cases }) => cases.map((each) => each.name));
const NAMES = [...OF_RUN_SYNC, ...OF_WORKERS];
const ROUNDS = 40;
const QUICK_TASKS = 200;
const LOOPS = path.join(import.meta.dirname, "profile", "loops_process.mjs");
const IN_WORKER = path.join(import.meta.dirname, "profile", "worker_process.mjs");

const HELP = `./dev bench profile [--json FILE] [--rounds N] [--only CASE ...] [--quick]

  --json FILE      write the profiles as JSON, too
  --rounds N       rounds over all sides of a case (${ROUNDS})
  --only CASE ...  of run_sync: ${OF_RUN_SYNC.join(", ")} (these, if none is named);
                   of threads and http: ${OF_WORKERS.join(", ")}
  --quick          few rounds, few tasks, little warming up: to see that it runs

us: microseconds of the thread a call, a wait of a task, or an iteration; KiB: resident memory a task. Needs Linux perf.
`;

/**
 * `parts` are ours by group or kind, `peers` those of the others; `symbols` are ours, the dearest first.
 * @typedef {{case: string, unit: "us" | "KiB", parts: Record<string, number>, peers: Record<string, Record<string, number>>,
 *   symbols: import("./profile/tally.mjs").SymbolShare[]}} Profile
 */

const options = parseOptions("profile", HELP, NAMES);

function ofTimes(name, tallies) {
  const { ours, ...others } = tallies;
  const peers = Object.fromEntries(Object.entries(others).map(([side, { groups }]) => [side, groups]));
  return { case: name, unit: "us", parts: ours.groups, peers, symbols: ours.symbols };
}

const rounds = () => options.rounds ?? (options.quick ? 2 : ROUNDS);

async function profileLoops(name, owners) {
  const { printed, samples } = await record([LOOPS, name, String(rounds()), ...(options.quick ? ["quick"] : [])]);
  return ofTimes(name, tally(samples, printed.windows, owners));
}

async function profileWorker({ program, cases }, name, owners) {
  const { first } = cases.find((each) => each.name === name);
  const packages = await benchPackages("http");
  const server = await startServer();
  try {
    const words = [server.url, program, packages, name, String(first), String(rounds())];
    const { printed, samples } = await record([IN_WORKER, ...words, ...(options.quick ? ["quick"] : [])], true);
    return ofTimes(name, tally(samples, printed.windows, owners));
  } finally {
    server.close();
  }
}

async function profileTasks(name, { tasks: count, words }, owners) {
  const tallies = {};
  for (const side of TASK_SIDES) {
    const { printed, samples } = await record([tasks.SCRIPT, side, String(count), String(tasks.WAITS), ...words]);
    Object.assign(tallies, tally(samples, printed.windows, owners));
  }
  return ofTimes(name, tallies);
}

async function profileMemory(name, { tasks: count }) {
  const kinds = {};
  for (const side of TASK_SIDES) kinds[side] = await memoryOfTasks(side, count, tasks.WAITS);
  const { ours, ...peers } = kinds;
  return { case: name, unit: "KiB", parts: ours, peers, symbols: [] };
}

/** @returns {Promise<Profile>} */
function profile(name, owners) {
  const worker = WORKERS.find(({ cases }) => cases.some((each) => each.name === name));
  if (worker !== undefined) return profileWorker(worker, name, owners);
  const group = tasks.GROUPS.find((each) => each.cases.some((of) => of.name === name));
  if (group === undefined) return profileLoops(name, owners);
  const { unit } = group.cases.find((each) => each.name === name);
  const scaled = options.quick ? { ...group, tasks: QUICK_TASKS } : group;
  return unit === "KiB" ? profileMemory(name, scaled) : profileTasks(name, scaled, owners);
}

try {
  await requirePerf();
  const owners = wasmOwners();
  const profiles = [];
  for (const name of options.only ?? OF_RUN_SYNC) {
    progress(name);
    profiles.push(await profile(name, owners));
    progress("");
    print(profiles.at(-1));
  }
  if (options.json !== undefined) {
    writeFileSync(options.json, `${JSON.stringify(profiles, null, 2)}\n`);
    console.log(`written: ${options.json}`);
  }
} catch (error) {
  if (!(error instanceof ProfileError)) throw error;
  process.stderr.write(`profile: ${error.message}\n`);
  process.exit(1);
}
