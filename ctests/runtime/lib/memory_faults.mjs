// A program of memory_faults.test.ts: runs each scenario with its first allocation failing, its second, and so on. The arguments are
// the extension module and, to look at one, names of scenarios.
import { finish, offer, pyodide, runScenarios } from "./scenario_runner.mjs";

const [extension, ...wanted] = process.argv.slice(2);
offer(extension);
pyodide.runPython("import memory_faults");
const { memory_faults_arm: arm, memory_faults_disarm: disarm } = Object.values(
  pyodide._module.LDSO.loadedLibsByName,
).find((library) => library.exports?.memory_faults_arm).exports;

const report = { results: {}, failures: [] };
await runScenarios({ arm, disarm, exceptions: ["MemoryError"] }, report, "allocations", wanted);
finish(report);
