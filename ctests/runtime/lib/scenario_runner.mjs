// Runs the programs of wait_scenarios.py while something is made to fail: what memory_faults.mjs and wait_faults.mjs share.
//
// A run that never ends leaves Node with nothing to do: the exit code is 13 then, and the last line names the run.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { loadPyodide } from "../../../runtime/index.ts";

const WATCHED = ["fibers_live", "regions_in_use", "ready_handles", "pending_timers", "parked_fibers", "stack_pointer"];
const TURNS = 100;

export const pyodide = await loadPyodide({ stdout: () => {}, stderr: () => {} });
const site = pyodide.runPython("import site; site.getsitepackages()[0]");

/** Has Python find a file under its own name. */
export function offer(file) {
  pyodide.FS.writeFile(`${site}/${path.basename(file)}`, readFileSync(file));
}

/** What is asked by each call of later(). */
export const hooks = { promise: (value) => new Promise((resolve) => setImmediate(resolve, value)) };
globalThis.later = (value) => hooks.promise(value);
globalThis.failing = (text) => {
  const promise = new Promise((_, reject) => setImmediate(reject, new Error(text)));
  promise.catch(() => {}); // Python may fail before it waits for it.
  return promise;
};
globalThis.call = async (pyFunction) => {
  const ended = pyFunction.copy();
  try {
    return await ended.callPromising();
  } finally {
    ended.destroy();
  }
};

for (const file of readdirSync(import.meta.dirname)) {
  if (/_scenarios\.py$|^scenario_helpers\.py$/.test(file)) offer(path.join(import.meta.dirname, file));
}
const scenarios = pyodide.pyimport("wait_scenarios");
scenarios.install();
const stats = pyodide.pyimport("_blockon").stats;

function watched() {
  const proxy = stats();
  const all = proxy.toJs();
  proxy.destroy();
  return JSON.stringify(Object.fromEntries(WATCHED.map((name) => [name, all[name]])));
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 1));

let unfinished = "";
process.on("exit", () => {
  if (unfinished) process.stdout.write(`never ends: ${unfinished}\n`);
});

/**
 * What a fiber gives that calls the function: "true", or the name of the exception. One that has come through JavaScript from
 * another fiber is a JsException whose text ends with the name.
 */
async function outcomeOf(pyFunction) {
  try {
    return { outcome: String(await pyFunction.callPromising()), message: "" };
  } catch ({ type, message }) {
    const original = type === "JsException" ? /\.(?<name>\w+Error)\s*$/.exec(message)?.groups.name : undefined;
    return { outcome: original ?? type ?? message, message };
  }
}

/**
 * Runs each scenario without a fault, then with fault 1, 2, 3, ... until a run ends before it comes to its fault. `fault` has
 * arm(number) and disarm(), which tells how many places for a fault the run has come to; a run ends with True or with one of
 * `exceptions`, and with all of the runtime as it was.
 */
export async function runScenarios({ arm, disarm, exceptions }, report, title, wanted = []) {
  for (const [name, scenario] of Object.entries(scenarios.scenarios().toJs())) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const counts = {};
    for (let number = -2; ; number++) {
      await turn();
      const before = watched();
      unfinished = `${title} of ${name}, number ${number}`;
      scenarios.prepare();
      arm(number);
      const { outcome, message } = await outcomeOf(scenario);
      const reached = disarm();
      const wrong = outcome !== "true" && (number < 1 || !exceptions.includes(outcome));
      if (wrong) report.failures.push(`${unfinished}: ${outcome} ${message}`);
      for (let turns = 0; watched() !== before && turns < TURNS; turns++) await turn();
      if (watched() !== before) report.failures.push(`${unfinished}: left ${watched()} instead of ${before}`);
      unfinished = "";
      counts[outcome] = (counts[outcome] ?? 0) + 1;
      if (number > 0 && reached < number) break;
    }
    report.results[`${title} of ${name}`] = counts;
  }
}

export function finish(report) {
  process.stdout.write(JSON.stringify(report), () => process.exit(0));
}
