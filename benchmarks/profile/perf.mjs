// Linux perf: records a Node process, and gives the samples of its main thread, or of its Worker's, with the names of machine code, of V8's builtins,
// and of what V8 compiled, which Node lists in /tmp/perf-PID.map (--perf-basic-prof).
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Of the processor's time, which every machine has, virtual ones too; not so many that recording slows what is recorded. */
const EVENT = ["--event", "cpu-clock", "--freq", "4000", "--clockid", "CLOCK_MONOTONIC"];
const FIELDS = "pid,tid,time,period,ip,sym,dso";
const MOST_OUTPUT = 2 ** 29;
const MOST_LINES = 5;

const NOT_INSTALLED =
  "perf is not installed. Debian has it in the package linux-perf, Ubuntu in linux-tools-generic; or put a perf into the PATH.";
const NOT_PERMITTED =
  "perf cannot measure here. Unprivileged users need `sysctl kernel.perf_event_paranoid=2` or lower, a container CAP_PERFMON.";

/** What keeps a profile from being made, in words for who asked for it. */
export class ProfileError extends Error {}

/**
 * @param {string[]} words @param {string} failure what to say when perf fails, above what it said itself
 * @param {string} [cwd] where V8 leaves a log of each isolate, too
 */
async function perf(words, failure, cwd) {
  try {
    const { stdout } = await run("perf", words, { maxBuffer: MOST_OUTPUT, cwd });
    return stdout;
  } catch (error) {
    if (error.code === "ENOENT") throw new ProfileError(NOT_INSTALLED);
    const said = String(error.stderr).trim().split("\n").slice(-MOST_LINES);
    throw new ProfileError([failure, ...said].join("\n"));
  }
}

/** Throws a ProfileError where perf is missing or may not measure. */
export async function requirePerf() {
  await perf(["record", ...EVENT, "--output", "/dev/null", "true"], NOT_PERMITTED);
}

/**
 * `us` of the processor's time, which ended at `time`.
 * @typedef {{time: number, us: number, symbol: string, library: string}} Sample
 */

/**
 * @param {string} script what `perf script` printed @param {boolean} [ofWorker] of the busiest of the other threads, not of main threads
 * @returns {Sample[]}
 */
export function parseSamples(script, ofWorker = false) {
  /** @type {Map<string, Sample[]>} */
  const byThread = new Map();
  for (const line of script.split("\n")) {
    const [, pid, tid, time, ns, symbol, library] =
      /^\s*(\d+)\/(\d+)\s+([\d.]+):\s+(\d+)\s+[0-9a-f]+ (.*) \(([^()]*)\)$/.exec(line) ?? [];
    if (pid === undefined || (pid === tid) === ofWorker) continue;
    const thread = ofWorker ? tid : "main";
    if (!byThread.has(thread)) byThread.set(thread, []);
    byThread.get(thread)?.push({ time: Number(time), us: Number(ns) / 1000, symbol, library });
  }
  return [...byThread.values()].toSorted((one, other) => other.length - one.length)[0] ?? [];
}

/**
 * Runs a script in Node with this process's flags.
 * @param {string[]} script its file and its words @param {boolean} [ofWorker] as above
 * @returns {Promise<{printed: any, samples: Sample[]}>} the JSON in its last line of output, and the samples
 */
export async function record(script, ofWorker = false) {
  const folder = mkdtempSync(path.join(tmpdir(), "blockon-profile-"));
  const data = path.join(folder, "perf.data");
  const node = [process.execPath, ...process.execArgv, "--perf-basic-prof", ...script];
  try {
    const stdout = await perf(["record", ...EVENT, "--output", data, "--", ...node], "perf could not record:", folder);
    const printed = JSON.parse(stdout.trim().split("\n").at(-1));
    const samples = await perf(["script", "--input", data, "--ns", "--fields", FIELDS], "perf could not read:");
    rmSync(`/tmp/perf-${printed.pid}.map`, { force: true });
    return { printed, samples: parseSamples(samples, ofWorker) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
