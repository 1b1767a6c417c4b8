// Tasks that wait at the same time: each side in a process of its own, since stock crashes in some of its runs and
// memory is compared. The peer `gevent` is greenlets on the host's CPython.
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { progress } from "../lib/progress.mjs";
import { median } from "../lib/report.mjs";

const run = promisify(execFile);

export const WAITS = 10;
export const SCRIPT = path.join(import.meta.dirname, "tasks_process.mjs");
const GEVENT_SCRIPT = path.join(import.meta.dirname, "tasks_gevent.py");
/** Seconds; ten waits take one where waiting costs nothing. A side that takes longer once is not run again. */
const LIMIT = 60;
/** Processes of a peer are not counted for crashes, and a large run takes long. */
const MOST_RUNS = 5;

/** The cases that one set of processes answers, by what they print. */
export const GROUPS = [
  {
    title: "1,000 tasks with garbage",
    tasks: 1000,
    words: ["garbage"],
    peers: ["stock", "js"],
    ours: (runs) => runs,
    cases: [{ name: "tasks_1k_x10_ms", unit: "ms", key: "ms" }],
  },
  {
    title: "10,000 tasks",
    tasks: 10_000,
    words: [],
    peers: ["stock", "js", "jspi", "gevent"],
    ours: (runs) => Math.min(runs, MOST_RUNS),
    cases: [
      { name: "tasks_10k_x10_ms", unit: "ms", key: "ms" },
      { name: "task_rss_kib", unit: "KiB", key: "rssKib" },
    ],
  },
];

export const CASES = GROUPS.flatMap((group) => group.cases.map((each) => each.name));

function command(side, group) {
  const counts = [String(group.tasks), String(WAITS)];
  if (side === "gevent") return [process.env.BLOCKON_BENCH_PYTHON, [GEVENT_SCRIPT, ...counts]];
  return [process.execPath, [...process.execArgv, SCRIPT, side, ...counts, ...group.words]];
}

/** What one process printed, or why it printed nothing. */
async function measure(side, group) {
  const [program, words] = command(side, group);
  try {
    const { stdout } = await run(program, words, { timeout: LIMIT * 1000, killSignal: "SIGKILL" });
    return JSON.parse(stdout.trim().split("\n").at(-1));
  } catch (error) {
    if (error.killed) return { failed: `took more than ${LIMIT} s`, overran: true };
    const line = /^.*(?:Error|Fatal|memory).*$/m.exec(String(error.stderr))?.[0].trim().slice(0, 100);
    return { failed: line ?? error.signal ?? (error.code === undefined ? "no result" : `exit code ${error.code}`) };
  }
}

/** "stock failed in 3 of 7 runs (...)", when it did. */
function failures(side, results) {
  const failed = results.filter((result) => result.failed);
  if (failed.length === 0) return [];
  return [`${side} failed in ${failed.length} of ${results.length} runs (${failed[0].failed})`];
}

/**
 * @param {(name: string) => boolean} isWanted
 * @param {number} runs processes of ours with 1,000 tasks; of the others, and with 10,000, up to five
 * @returns {Promise<import("../lib/report.mjs").Row[]>}
 */
export async function measureTasks(isWanted, runs) {
  const rows = [];
  for (const group of GROUPS) {
    const cases = group.cases.filter((each) => isWanted(each.name));
    if (cases.length === 0) continue;
    const peers = group.peers.filter((side) => side !== "gevent" || process.env.BLOCKON_BENCH_PYTHON);
    const results = Object.fromEntries(["ours", ...peers].map((side) => [side, []]));
    for (let i = 0; i < group.ours(runs); i++) {
      for (const side of i < MOST_RUNS ? Object.keys(results) : ["ours"]) {
        if (results[side].some((result) => result.overran)) continue;
        progress(`${group.title}: run ${i + 1} of ${group.ours(runs)}, ${side}`);
        results[side].push(await measure(side, group));
      }
    }
    const notes = Object.entries(results).flatMap(([side, all]) => failures(side, all));
    if (!results.ours.some((result) => result.failed)) notes.unshift(`ours: ${results.ours.length} runs, none failed`);
    for (const { name, unit, key } of cases) {
      const value = (side) => {
        const whole = results[side].filter((result) => !result.failed);
        return whole.length === 0 ? null : median(whole.map((result) => result[key]));
      };
      const values = Object.fromEntries(peers.map((side) => [side, value(side)]));
      rows.push({ case: name, unit, ours: value("ours"), peers: values, note: notes.join("; ") });
    }
  }
  return rows;
}
