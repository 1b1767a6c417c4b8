// A program of memory_faults.test.ts: runs each scenario with its first allocation failing, its second, and so on until one ends
// before it comes to the failing one. The arguments are the extension module and, to look at one, names of scenarios.
//
// A run has to end with the right value or a MemoryError, and with all of the runtime as it was. One that never ends leaves Node
// with nothing to do: the exit code is 13 then, and the last line names the run.
import { readFileSync } from "node:fs";
import path from "node:path";
import { loadPyodide } from "../../../runtime/index.ts";

const WATCHED = ["fibers_live", "regions_in_use", "ready_handles", "pending_timers", "parked_fibers", "stack_pointer"];
const TURNS = 100;

const [extension, ...wanted] = process.argv.slice(2);
const pyodide = await loadPyodide({ stdout: () => {}, stderr: () => {} });
const site = pyodide.runPython("import site; site.getsitepackages()[0]");
const scenariosFile = path.join(import.meta.dirname, "wait_scenarios.py");
pyodide.FS.writeFile(`${site}/wait_scenarios.py`, readFileSync(scenariosFile));
pyodide.FS.writeFile(`${site}/memory_faults.so`, readFileSync(extension));

globalThis.later = (value) => new Promise((resolve) => setImmediate(resolve, value));
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
const module = pyodide.pyimport("wait_scenarios");
pyodide.runPython("import memory_faults");
module.install();
const { memory_faults_arm: arm, memory_faults_disarm: disarm } = Object.values(
  pyodide._module.LDSO.loadedLibsByName,
).find((library) => library.exports?.memory_faults_arm).exports;
const stats = pyodide.pyimport("_blockon").stats;

function watched() {
  const proxy = stats();
  const all = proxy.toJs();
  proxy.destroy();
  return JSON.stringify(Object.fromEntries(WATCHED.map((name) => [name, all[name]])));
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 1));

async function run(scenario, failing) {
  module.prepare();
  arm(failing);
  let outcome;
  let message = "";
  try {
    outcome = String(await scenario.callPromising());
  } catch (error) {
    outcome = error.type ?? String(error);
    message = error.message;
  }
  return { outcome, message, reached: disarm() };
}

const results = {};
const failures = [];
let unfinished = "";
process.on("exit", () => {
  if (unfinished) process.stdout.write(`never ends: ${unfinished}\n`);
});

for (const [name, scenario] of Object.entries(module.scenarios().toJs())) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const counts = { true: 0, MemoryError: 0 };
  for (const _ of [1, 2, 3]) {
    const { outcome } = await run(scenario, 0);
    if (outcome !== "true") failures.push(`${name}: ${outcome} without a fault`);
  }
  for (let number = 1; ; number++) {
    await turn();
    const before = watched();
    unfinished = `${name}, allocation ${number}`;
    const { outcome, message, reached } = await run(scenario, number);
    counts[outcome] = (counts[outcome] ?? 0) + 1;
    if (!(outcome === "true" || outcome === "MemoryError")) failures.push(`${unfinished}: ${outcome} ${message}`);
    for (let turns = 0; watched() !== before && turns < TURNS; turns++) await turn();
    if (watched() !== before) failures.push(`${unfinished}: left ${watched()} instead of ${before}`);
    unfinished = "";
    if (reached < number) break;
  }
  results[name] = counts;
}
process.stdout.write(JSON.stringify({ results, failures }), () => process.exit(0));
